"""Decision tables: every hit policy, defaults, output values, and the official why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.feel import dmn

from . import build as b

RULES = [
    ([">= 18", '"low"'], ['"grant"']),
    ([">= 60", "-"], ['"priority"']),
    (["< 18", "-"], ['"refuse"']),
    (["-", '"high"'], ['"inspect"']),
]
ORDER = '"inspect", "refuse", "priority", "grant"'


def _model(policy: str, rules: Any = RULES, **more: Any) -> dmn.Model:
    columns = [("age", "number"), ("risk", "string")]
    table = b.table(columns, [""], rules, policy=policy, **more)
    inputs = (b.input_data("age", "number"), b.input_data("risk", "string"))
    return dmn.read(b.definitions(*inputs, b.decision("D", table, needs=["age", "risk"])))


def _ask(model: dmn.Model, age: int | None, risk: str | None) -> dmn.Outcome:
    return model.evaluate("D", {"age": None if age is None else Decimal(age), "risk": risk})


@pytest.mark.parametrize(
    ("policy", "age", "risk", "expected"),
    [
        ("UNIQUE", 20, "low", "grant"),
        ("UNIQUE", 70, "low", None),  # two rules: an error
        ("UNIQUE", 20, "middle", None),  # no rule
        ("FIRST", 70, "low", "grant"),
        ("PRIORITY", 70, "high", "inspect"),
        ("RULE ORDER", 70, "low", ["grant", "priority"]),
        ("OUTPUT ORDER", 70, "low", ["priority", "grant"]),
        ("OUTPUT ORDER", 10, "high", ["inspect", "refuse"]),
        ("COLLECT", 10, "high", ["refuse", "inspect"]),
        ("ANY", 70, "low", None),  # they disagree
        ("ANY", 20, "low", "grant"),
    ],
)
def test_hit_policies(policy: str, age: int, risk: str, expected: object) -> None:
    assert _ask(_model(policy, output_values=[ORDER]), age, risk).value == expected


def test_any_policy_accepts_rules_that_agree() -> None:
    rules = [(["> 1", "-"], ["1 + 1"]), (["> 2", "-"], ["2.0"])]

    assert _ask(_model("ANY", rules), 5, "x").value == Decimal(2)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("", [5, 7, 7]), ("SUM", 19), ("MIN", 5), ("MAX", 7), ("COUNT", 3)],
)
def test_collect_aggregates(aggregation: str, expected: object) -> None:
    rules = [
        (["> 1", "-"], ["5"]),
        (["> 2", "-"], ["7"]),
        (["> 3", "-"], ["age - 3"]),
        (["> 99", "-"], ["9"]),
    ]
    model = _model("COLLECT", rules, aggregation=aggregation)

    assert _ask(model, 10, "x").value == expected


def test_collect_of_nothing() -> None:
    rules = [(["> 1", "-"], ["5"])]

    assert _ask(_model("COLLECT", rules, aggregation="COUNT"), 0, "x").value == 0
    assert _ask(_model("COLLECT", rules, aggregation="SUM"), 0, "x").value is None


def test_aggregation_of_texts_is_null_and_says_so() -> None:
    outcome = _ask(_model("COLLECT", aggregation="SUM"), 70, "low")

    assert outcome.value is None
    assert outcome.warnings


def test_default_stands_when_no_rule_matches() -> None:
    outcome = _ask(_model("UNIQUE", defaults=['"ask"']), 20, "middle")

    assert outcome.value == "ask"
    assert outcome.explanation.tables()[0].defaulted


def test_several_outputs_make_a_context_and_are_ordered_by_columns() -> None:
    table = b.table(
        [("n", "number")],
        ["level", "fee"],
        [(["> 0"], ['"low"', "1"]), (["> 5"], ['"high"', "2"]), (["> 7"], ['"high"', "3"])],
        policy="OUTPUT ORDER",
        output_values=['"high", "low"', "3, 2, 1"],
    )
    model = dmn.read(b.definitions(b.input_data("n"), b.decision("D", table, needs=["n"])))

    assert model.evaluate("D", {"n": Decimal(9)}).value == [
        {"level": "high", "fee": Decimal(3)},
        {"level": "high", "fee": Decimal(2)},
        {"level": "low", "fee": Decimal(1)},
    ]


def test_an_input_outside_the_allowed_values_makes_the_table_null() -> None:
    model = _model("FIRST", input_values=["", '"low", "high"'])

    assert _ask(model, 70, "high").value == "priority"
    outcome = _ask(model, 70, "green")
    assert outcome.value is None
    assert "not one of those allowed" in outcome.warnings[0]


def test_an_output_that_is_not_listed_is_null_and_told() -> None:
    outcome = _ask(_model("FIRST", output_values=['"refuse"']), 20, "low")

    assert outcome.value is None
    assert "output values" in outcome.warnings[0]


def test_conclusions_are_coerced_to_the_column_type() -> None:
    outcome = _ask(_model("FIRST", [(["-", "-"], ['"text"'])], output_types=["number"]), 20, "low")

    assert outcome.value is None
    assert "number" in outcome.warnings[0]


def test_a_cell_may_ask_with_a_question_mark_and_see_other_inputs() -> None:
    rules = [(["? > string length(risk) * 10", "-"], ["true"]), (["-", "-"], ["false"])]

    assert _ask(_model("FIRST", rules), 31, "low").value is True
    assert _ask(_model("FIRST", rules), 30, "low").value is False


def test_null_matches_only_what_asks_for_it() -> None:
    rules = [(["null", "-"], ['"missing"']), (["-", "-"], ['"there"'])]

    assert _ask(_model("FIRST", rules), None, "low").value == "missing"
    assert _ask(_model("FIRST", rules), 1, "low").value == "there"


def test_explanation_is_the_official_why() -> None:
    outcome = _ask(_model("UNIQUE", annotations=["成年且低风险，见办法第三条"]), 20, "low")

    use = outcome.explanation.tables()[0]
    assert use.inputs == (("age", Decimal(20)), ("risk", "low"))
    assert use.policy is dmn.HitPolicy.UNIQUE
    assert [(hit.rule, hit.conditions, hit.outputs) for hit in use.hits] == [
        (1, (">= 18", '"low"'), ("grant",))
    ]
    zh = "\n".join(line.zh for line in outcome.explanation.lines())
    assert '命中规则 1（>= 18；"low"；成年且低风险，见办法第三条）' in zh
    assert "age = 20" in zh
    assert "matched rule 1" in "\n".join(line.en for line in outcome.explanation.lines())


def test_explanation_of_a_broken_unique_table_shows_all_rules_that_matched() -> None:
    outcome = _ask(_model("UNIQUE"), 70, "low")

    assert [hit.rule for hit in outcome.explanation.tables()[0].hits] == [1, 2]


# --- against a naive reference

CELLS = st.sampled_from(["-", "< 3", ">= 3", "[2..5)", "4", "1, 5", "not(4)", "(1..4]", "> 5"])
NUMBERS = st.integers(0, 6)
POLICIES = ["UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
VALUES = ["a", "b", "c"]
MEANING = {
    "-": lambda n: True,
    "< 3": lambda n: n < 3,
    ">= 3": lambda n: n >= 3,
    "[2..5)": lambda n: 2 <= n < 5,
    "4": lambda n: n == 4,
    "1, 5": lambda n: n in (1, 5),
    "not(4)": lambda n: n != 4,
    "(1..4]": lambda n: 1 < n <= 4,
    "> 5": lambda n: n > 5,
}


def naive(policy: str, rules: list[tuple[list[str], str]], values: list[int]) -> object:
    """What a table answers, written as the specification says it."""
    hits = [out for cells, out in rules if all(MEANING[c](v) for c, v in zip(cells, values, strict=True))]
    if not hits:
        return None
    ranked = sorted(hits, key=VALUES.index)
    answers: dict[str, object] = {
        "UNIQUE": hits[0] if len(hits) == 1 else None,
        "ANY": hits[0] if len(set(hits)) == 1 else None,
        "PRIORITY": ranked[0],
        "FIRST": hits[0],
        "RULE ORDER": hits,
        "OUTPUT ORDER": ranked,
        "COLLECT": hits,
    }
    return answers[policy]


@given(
    policy=st.sampled_from(POLICIES),
    rules=st.lists(st.tuples(st.lists(CELLS, min_size=2, max_size=2), st.sampled_from(VALUES)), max_size=5),
    values=st.lists(NUMBERS, min_size=2, max_size=2),
)
def test_random_tables_agree_with_a_naive_evaluator(
    policy: str, rules: list[tuple[list[str], str]], values: list[int]
) -> None:
    written = [(cells, [f'"{out}"']) for cells, out in rules]
    table = b.table(
        [("x", "number"), ("y", "number")], [""], written, policy=policy, output_values=['"a","b","c"']
    )
    model = dmn.read(
        b.definitions(b.input_data("x"), b.input_data("y"), b.decision("D", table, needs=["x", "y"]))
    )
    x, y = map(Decimal, values)

    assert model.evaluate("D", {"x": x, "y": y}).value == naive(policy, rules, values)
