"""Models that are broken or mean harm: refused or bounded, never a crash."""

from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core import feel
from quancheng.core.feel import dmn

from . import build as b
from .test_models import LIBRARY, PERSON, SERVED, _importing

EVERYTHING = b.definitions(
    PERSON,
    b.item("tKind", type_ref="string", allowed='"a", "b"'),
    b.item("tKinds", type_ref="tKind", collection=True),
    b.input_data("age", "number"),
    b.decision(
        "Table",
        b.table(
            [("age", "number"), ("Kind", "tKind")],
            ["fee", "why"],
            [(["< 18", '"a"'], ["1", '"x"']), (["[18..60)", "-"], ["age", '"y"'])],
            policy="PRIORITY",
            output_values=["1, 2", '"x", "y"'],
            defaults=["0", '"z"'],
        ),
        needs=["age"],
        decisions=["Kind"],
        knowledge=["f"],
    ),
    b.decision("Kind", b.literal('"a"'), type_ref="tKind"),
    b.knowledge_model("f", [("n", "number")], b.literal("n + 1")),
    b.decision("For", b.boxed("for", "[1, 2]", "return", "x * 2"), type_ref="tKinds"),
    b.decision("Filter", b.boxed("filter", "[1, 2]", "match", "item > 1")),
    *SERVED,
)


def _try(xml: bytes) -> None:
    """Read, check and ask everything: only the errors that are promised."""
    try:
        model = dmn.read(xml, {"urn:lib": LIBRARY})
    except dmn.DmnError:
        return
    for problem in dmn.check(model):
        assert problem.text.zh and problem.text.en
    for each in (*model.decisions, *model.services):
        try:
            outcome = model.evaluate(each.name, {"age": Decimal(20), "x": Decimal(2)})
            outcome.explanation.lines()
        except (dmn.DmnError, feel.FeelLimitError):
            continue


def test_the_model_itself_is_sound() -> None:
    model = dmn.read(EVERYTHING)

    assert [p for p in dmn.check(model) if p.severity is dmn.Severity.ERROR and p.element != "For"] == []
    assert model.evaluate("Table", {"age": Decimal(3)}).value == {"fee": Decimal(1), "why": "x"}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(EVERYTHING) - 1),
            st.integers(0, 12),
            st.sampled_from(
                [
                    "",
                    " ",
                    "<",
                    "/>",
                    '"',
                    "#",
                    "number",
                    "tKinds",
                    "Table",
                    "[",
                    "function(",
                    "-",
                    "null",
                    "date(",
                    "&lt;",
                ]
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_random_damage_never_crashes(damage: list[tuple[int, int, str]]) -> None:
    text = EVERYTHING.decode()
    for at, cut, new in damage:
        text = text[:at] + new + text[at + cut :]
    _try(text.encode())


@settings(deadline=None)
@given(st.data())
def test_random_swaps_of_references_and_types_never_crash(data: st.DataObject) -> None:
    words = [
        "number",
        "string",
        "tKind",
        "tKinds",
        "tPerson",
        "_Table",
        "_Kind",
        "_f",
        "_age",
        "_One",
        "Any",
        "urn:test",
    ]
    text = EVERYTHING.decode()
    for _ in range(data.draw(st.integers(1, 4))):
        old, new = data.draw(st.sampled_from(words)), data.draw(st.sampled_from(words))
        text = text.replace(old, new, data.draw(st.integers(1, 3)))
    _try(text.encode())


def test_an_import_may_be_damaged_as_well() -> None:
    for at in range(0, len(LIBRARY), 7):
        damaged = LIBRARY[:at] + LIBRARY[at + 5 :]
        try:
            dmn.check(dmn.read(_importing("lib", "lib."), {"urn:lib": damaged}))
        except dmn.DmnError:
            continue


@pytest.mark.parametrize(
    "bomb",
    [
        "for a in 1..1000, b in 1..1000, c in 1..1000 return a",
        "for a in 1..999999999 return a",
        "[" * 500 + "]" * 500,
        "(" * 5000,
        "1" + " + 1" * 30_000,
        "{f: function(n) f(n) + f(n), g: f(1)}.g",
        'for i in 1..60 return string join(for j in 1..20000 return "aaaaaaaaaaaaaaaaaaaa")',
    ],
)
def test_bombs_end_soon(bomb: str) -> None:
    model = dmn.read(b.definitions(b.decision("D", b.literal(bomb))))
    started = time.process_time()

    with suppress(feel.FeelLimitError):
        assert model.evaluate("D", {}).value is None
    dmn.check(model)
    assert time.process_time() - started < 100


def test_bombs_in_cells_do_not_hold_up_the_linter() -> None:
    rules = [
        ([f"< count(for i in 1..90000 return i + {n})"], ["sum(for i in 1..90000 return i)"])
        for n in range(50)
    ]
    table = b.decision("D", b.table([("x", "number")], [""], rules), needs=["x"])
    model = dmn.read(b.definitions(b.input_data("x", "number"), table))
    started = time.process_time()

    assert dmn.check(model) == []
    assert time.process_time() - started < 50


def test_decisions_share_one_budget() -> None:
    work = "count(for i in 1..90000 return i)"
    decisions = [b.decision(f"D{n}", b.literal(work)) for n in range(30)]
    total = b.decision("All", b.literal("1"), decisions=[f"D{n}" for n in range(30)])

    with pytest.raises(feel.FeelLimitError):
        dmn.read(b.definitions(*decisions, total)).evaluate("All", {})


def test_an_explanation_stays_small() -> None:
    model = dmn.read(
        b.definitions(
            b.knowledge_model("f", [("n", "number")], b.literal("n")),
            b.decision("D", b.literal("count(for i in 1..5000 return f(i))"), knowledge=["f"]),
        )
    )

    outcome = model.evaluate("D", {})
    assert outcome.value == Decimal(5000)
    assert len(list(outcome.explanation.all_steps())) <= 2001


def test_a_table_of_a_thousand_rules_is_checked_soon() -> None:
    rules = [([f"[{n}..{n + 1})", '"a", "b"', "> 5"], [str(n)]) for n in range(1000)]
    columns = [("x", "number"), ("s", "string"), ("y", "number")]
    inputs = [b.input_data(*column) for column in columns]
    model = dmn.read(
        b.definitions(*inputs, b.decision("D", b.table(columns, [""], rules), needs=["x", "s", "y"]))
    )
    started = time.process_time()

    problems = dmn.check(model)
    assert [p.kind for p in problems] == [dmn.ProblemKind.GAP]
    assert time.process_time() - started < 100


def test_a_model_of_five_thousand_elements_is_checked_and_answers() -> None:
    chain = [b.decision("D0", b.literal("1"))]
    chain += [
        b.decision(f"D{n}", b.literal(f"D{n - 1} + 1"), decisions=[f"D{n - 1}"]) for n in range(1, 2500)
    ]
    inputs = [b.input_data(f"x{n}", "number") for n in range(2500)]
    started = time.process_time()
    model = dmn.read(b.definitions(*chain, *inputs))

    assert dmn.check(model) == []
    assert model.evaluate("D2499", {}).value == Decimal(2500)
    assert time.process_time() - started < 200


def test_a_circle_through_thousands_of_decisions_is_found() -> None:
    ring = [b.decision(f"D{n}", b.literal("1"), decisions=[f"D{(n + 1) % 3000}"]) for n in range(3000)]
    model = dmn.read(b.definitions(*ring))

    (problem,) = [p for p in dmn.check(model) if p.kind is dmn.ProblemKind.CYCLE]
    assert len(problem.text.zh) < 2_000
    with pytest.raises(dmn.DmnError):
        model.evaluate("D0", {})
