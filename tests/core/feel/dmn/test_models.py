"""Models: what decisions see, types, functions, services, imports, boxed expressions, bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quancheng.core import feel
from quancheng.core.feel import dmn

from . import build as b

PERSON = b.item("tPerson", b.component("name", "string") + b.component("age", "number"))


def _one(expression: str, *more: str, type_ref: str = "", **inputs: Any) -> dmn.Outcome:
    model = dmn.read(b.definitions(*more, b.decision("D", expression, type_ref=type_ref)))
    return model.evaluate("D", inputs)


# --- scopes


def test_a_decision_sees_only_what_it_requires() -> None:
    model = dmn.read(
        b.definitions(
            b.input_data("x"),
            b.decision("Base", b.literal("x + 1"), needs=["x"]),
            b.decision("Sees", b.literal("Base * 2"), decisions=["Base"]),
            b.decision("Blind", b.literal("x"), decisions=["Base"]),
        )
    )

    assert model.evaluate("Sees", {"x": Decimal(4)}).value == Decimal(10)
    assert model.evaluate("Blind", {"x": Decimal(4)}).value is None


def test_a_value_for_a_decision_stands_for_it() -> None:
    model = dmn.read(
        b.definitions(
            b.decision("Base", b.literal("1"), type_ref="number"),
            b.decision("Twice", b.literal("Base * 2"), decisions=["Base"]),
        )
    )

    assert model.evaluate("Twice", {"Base": Decimal(21)}).value == Decimal(42)
    assert model.evaluate("Base", {"Base": Decimal(21)}).value == Decimal(1)


def test_missing_input_is_null_and_told() -> None:
    model = dmn.read(b.definitions(b.input_data("x"), b.decision("D", b.literal("x"), needs=["x"])))

    outcome = model.evaluate("D", {})
    assert outcome.value is None
    assert "没有提供输入" in outcome.warnings[0]


def test_names_with_operators_are_read_as_names() -> None:
    model = dmn.read(
        b.definitions(
            b.item("tRates", b.component("in/out", "number") + b.component("pre-tax total", "number")),
            b.input_data("a+b", "number"),
            b.input_data("Rates", "tRates"),
            b.decision("D", b.literal("a+b + Rates.in/out - Rates.pre-tax total"), needs=["a+b", "Rates"]),
        )
    )
    rates = {"in/out": Decimal(5), "pre-tax total": Decimal(2)}

    assert model.evaluate("D", {"a+b": Decimal(1), "Rates": rates}).value == Decimal(4)


def test_steps_of_the_explanation_follow_the_requirements() -> None:
    model = dmn.read(
        b.definitions(
            b.input_data("x"),
            b.decision("Base", b.literal("x + 1"), needs=["x"]),
            b.decision("Top", b.literal("Base * 2"), decisions=["Base"]),
        )
    )

    steps = model.evaluate("Top", {"x": Decimal(1)}).explanation.steps
    assert [(s.name, dict(s.given), s.value) for s in steps] == [
        ("Base", {"x": Decimal(1)}, Decimal(2)),
        ("Top", {"Base": Decimal(2)}, Decimal(4)),
    ]


# --- types


@pytest.mark.parametrize(
    ("text", "type_ref", "expected"),
    [
        ("1", "number", Decimal(1)),
        ("1", "string", None),
        ("[1]", "number", Decimal(1)),
        ('["a"]', "number", None),
        ("[1, 2]", "number", None),
        ("1", "tNumbers", [Decimal(1)]),
        ('"a"', "tNumbers", None),
        ("null", "tNumbers", None),
        ("[1, 2]", "tNumbers", [Decimal(1), Decimal(2)]),
        ('[1, "a"]', "tNumbers", None),
        ('{name: "a", age: 3, more: 1}', "tPerson", {"name": "a", "age": Decimal(3), "more": Decimal(1)}),
        ('{name: "a"}', "tPerson", None),
        ('"SALARIED"', "tStatus", "SALARIED"),
        ('"OTHER"', "tStatus", None),
        ('["SALARIED"]', "tStatuses", ["SALARIED"]),
        ('["SALARIED", "OTHER"]', "tStatuses", None),
        ("5", "tSmall", Decimal(5)),
        ("50", "tSmall", None),
        ("1", "Any", Decimal(1)),
        ("1", "feel:number", Decimal(1)),
        ('duration("P1Y")', "yearMonthDuration", feel.parse('duration("P1Y")').evaluate({})),
        ('duration("P1D")', "yearMonthDuration", None),
        ("{value: 1, children: [{value: 2, children: []}]}", "tTree", "same"),
        ('{value: 1, children: [{value: "x", children: []}]}', "tTree", None),
    ],
)
def test_values_are_coerced_to_the_type_of_the_variable(text: str, type_ref: str, expected: object) -> None:
    types = (
        PERSON,
        b.item("tNumbers", type_ref="number", collection=True),
        b.item("tStatus", type_ref="string", allowed='"SALARIED", "RETIRED"'),
        b.item("tStatuses", type_ref="tStatus", collection=True),
        b.item("tSmall", type_ref="number", allowed="[0..10]"),
        b.item(
            "tTree",
            b.component("value", "number")
            + '<itemComponent name="children" isCollection="true"><typeRef>tTree</typeRef></itemComponent>',
        ),
    )
    outcome = _one(b.literal(text), *types, type_ref=type_ref)

    if expected == "same":
        assert outcome.value is not None
    else:
        assert outcome.value == expected
    assert (outcome.value is None and text != "null") == bool(outcome.warnings)


def test_a_date_where_a_moment_is_wanted_is_midnight() -> None:
    outcome = _one(b.literal('date("2026-11-22")'), type_ref="dateTime")

    assert str(outcome.value) == "2026-11-22T00:00:00Z"


def test_instance_of_knows_the_types_of_the_model() -> None:
    assert _one(b.literal('{name: "a", age: 1} instance of tPerson'), PERSON).value is True
    assert _one(b.literal('{name: "a"} instance of tPerson'), PERSON).value is False


def test_python_numbers_and_dates_may_be_given() -> None:
    from datetime import date

    model = dmn.read(
        b.definitions(
            b.input_data("n", "number"),
            b.input_data("day", "date"),
            b.decision("D", b.literal("day.year + n"), needs=["n", "day"]),
        )
    )

    assert model.evaluate("D", {"n": 2, "day": date(2026, 1, 1)}).value == Decimal(2028)


def test_json_is_read_by_the_declared_types() -> None:
    model = dmn.read(
        b.definitions(
            b.item("tTrip", b.component("start", "date") + b.component("stays", "tStays")),
            b.item("tStays", type_ref="dayTimeDuration", collection=True),
            b.input_data("trip", "tTrip"),
            b.input_data("note", "string"),
            b.decision(
                "D", b.literal("trip.start + trip.stays[1] + trip.stays[2]"), needs=["trip"], type_ref="date"
            ),
        )
    )
    given = model.from_json(
        {"trip": {"start": "2026-11-22", "stays": ["P1D", "P2D"]}, "note": "2026-11-22", "n": 1}
    )

    assert given["note"] == "2026-11-22"
    assert given["n"] == Decimal(1)
    assert str(model.evaluate("D", given).value) == "2026-11-25"
    wrong = model.from_json({"trip": {"start": "tomorrow", "stays": []}})
    assert model.evaluate("D", wrong).value is None


# --- functions


def test_knowledge_models_are_called_by_position_and_name() -> None:
    model = dmn.read(
        b.definitions(
            b.knowledge_model("fee", [("area", "number"), ("rate", "number")], b.literal("area * rate")),
            b.decision("D", b.literal("fee(2, 3) + fee(rate: 10, area: 4)"), knowledge=["fee"]),
            b.decision("Wrong", b.literal('fee("2", 3)'), knowledge=["fee"]),
            b.decision("Few", b.literal("fee(2)"), knowledge=["fee"]),
        )
    )

    assert model.evaluate("D", {}).value == Decimal(46)
    assert model.evaluate("Wrong", {}).value is None
    assert model.evaluate("Few", {}).value is None
    assert model.invoke("fee", {"area": Decimal(2), "rate": Decimal(5)}).value == Decimal(10)
    assert model.evaluate("D", {}).explanation.steps[0].steps[0].name == "fee"


def test_boxed_invocation_and_function_definition() -> None:
    call = (
        "<invocation><literalExpression><text>f</text></literalExpression>"
        f"<binding><parameter name='n'/>{b.literal('20')}</binding></invocation>"
    )
    body = "if n = 0 then 0 else n + f(n - 1)"
    definition = f"<functionDefinition><formalParameter name='n'/>{b.literal(body)}</functionDefinition>"
    entries = f"<contextEntry>{b.variable('f')}{definition}</contextEntry><contextEntry>{call}</contextEntry>"

    assert _one(f"<context>{entries}</context>").value == Decimal(210)


def test_endless_recursion_is_stopped() -> None:
    model = dmn.read(
        b.definitions(
            b.knowledge_model("f", [("n", "number")], b.literal("f(n + 1)"), knowledge=["f"]),
            b.decision("D", b.literal("f(1)"), knowledge=["f"]),
        )
    )

    with pytest.raises(feel.FeelLimitError):
        model.evaluate("D", {})


def test_circles_are_refused_when_asked() -> None:
    model = dmn.read(
        b.definitions(
            b.decision("A", b.literal("B"), decisions=["B"]), b.decision("B", b.literal("A"), decisions=["A"])
        )
    )

    with pytest.raises(dmn.DmnError, match="require one another"):
        model.evaluate("A", {})


# --- services

SERVED = (
    b.input_data("x", "number"),
    b.decision("Rate", b.literal("0.5"), type_ref="number"),
    b.decision("Half", b.literal("x * Rate"), needs=["x"], decisions=["Rate"]),
    b.decision("Text", b.literal("string(Half)"), decisions=["Half"]),
    b.service("One", ["Half"], decisions=["Rate"], inputs=["x"]),
    b.service("Both", ["Half", "Text"], encapsulated=["Rate"], inputs=["x"]),
    b.decision("Calls", b.literal("One(10, 2)"), knowledge=["One"]),
    b.decision("Named", b.literal("Both(x: 8).Text"), knowledge=["Both"]),
    b.decision("Misnamed", b.literal("Both(y: 8)"), knowledge=["Both"]),
)


def test_services_take_input_data_before_input_decisions() -> None:
    model = dmn.read(b.definitions(*SERVED))

    assert model.evaluate("Calls", {"x": Decimal(99), "Rate": Decimal(99)}).value == Decimal(20)
    assert model.evaluate("Named", {}).value == "4"
    assert model.evaluate("Misnamed", {}).value is None


def test_a_service_asked_directly_answers_one_value_or_a_context() -> None:
    model = dmn.read(b.definitions(*SERVED))

    assert model.invoke("One", {"x": Decimal(3), "Rate": Decimal(2)}).value == Decimal(6)
    assert model.invoke("Both", {"x": Decimal(8)}).value == {"Half": Decimal(4), "Text": "4"}
    wrong = model.invoke("Both", {"x": "eight"})
    assert wrong.value == {"Half": None, "Text": None} or wrong.warnings


# --- imports

LIBRARY = b.definitions(
    PERSON,
    b.input_data("who", "tPerson"),
    b.decision("Greeting", b.literal('"Hello " + who.name'), needs=["who"]),
    b.knowledge_model("say hello", [("p", "tPerson")], b.literal('"Hi " + p.name')),
    namespace="urn:lib",
    name="lib",
)


def _importing(name: str, prefix: str) -> bytes:
    return b.definitions(
        f"<import name='{name}' namespace='urn:lib' importType='{b.NAMESPACE}' locationURI='lib.dmn'/>",
        b.input_data("me", f"{prefix}tPerson"),
        b.decision(
            "Said", b.literal(f"{prefix}say hello(me)"), needs=["me"], knowledge=["urn:lib#_say_hello"]
        ),
        b.decision("Greeted", b.literal(f"{prefix}Greeting"), decisions=["urn:lib#_Greeting"]),
    )


@pytest.mark.parametrize("key", ["urn:lib", "lib.dmn", "anything"])
@pytest.mark.parametrize(("name", "prefix"), [("the lib", "the lib."), ("", "")])
def test_imports_by_namespace_or_location(key: str, name: str, prefix: str) -> None:
    model = dmn.read(_importing(name, prefix), {key: LIBRARY})
    person = {"name": "Li", "age": Decimal(30)}

    assert model.evaluate("Said", {"me": person}).value == "Hi Li"
    assert model.evaluate("Said", {"me": {"name": "Li"}}).value is None
    assert model.evaluate("Greeted", {"who": person}).value == "Hello Li"
    assert model.evaluate("Greeted", {("urn:lib", "who"): person}).value == "Hello Li"
    assert dmn.check(model) == []


def test_inputs_of_an_import_may_stand_in_a_context_of_its_name() -> None:
    model = dmn.read(_importing("the lib", "the lib."), {"urn:lib": LIBRARY})

    outcome = model.evaluate("Greeted", {"the lib": {"who": {"name": "Li", "age": Decimal(3)}}})
    assert outcome.value == "Hello Li"


def test_a_missing_import_is_told() -> None:
    with pytest.raises(dmn.DmnError, match="urn:lib"):
        dmn.read(_importing("lib", "lib."), {})
