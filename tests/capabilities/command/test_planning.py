"""Activation tables: most severe wins, everything is explained, faults in the file are all named."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.capabilities.command.conftest import PLAN

from quancheng.capabilities.command.conditions import COLOURS, Input, read_condition, said
from quancheng.capabilities.command.planning import PlanError, evaluate, read_plan
from quancheng.core.text import Text

SPEC = read_plan(PLAN)


@pytest.mark.parametrize(
    ("inputs", "level", "hits"),
    [
        ({"warning": "red"}, 1, ["I-1"]),
        ({"warning": "yellow"}, 4, ["IV-1"]),
        ({"warning": "yellow", "affected_districts": 2}, 3, ["III-1"]),
        ({"warning": "red", "affected_districts": 3}, 1, ["I-1"]),
        ({"rain": 50}, 4, ["IV-2"]),
        ({"rain": 49.9}, None, []),
        ({"warning": "blue"}, None, []),
        ({}, None, []),
    ],
)
def test_most_severe_wins(inputs: dict[str, Any], level: int | None, hits: list[str]) -> None:
    found = evaluate(SPEC, inputs)
    assert (found.level, [row.id for row in found.hits]) == (level, hits)
    assert len(found.rows) == len(SPEC.rows)


def test_what_is_missing_is_named() -> None:
    plain = evaluate(SPEC, {"warning": "yellow"}).to_dict()
    row = next(one for one in plain["considered"] if one["row"] == "III-1")
    assert row["terms"][1] == {
        "input": "affected_districts", "condition": ">= 2", "value": None, "holds": False, "missing": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "inputs", [{"wind": 3}, {"warning": "purple"}, {"rain": "much"}, {"rain": True}, {"rain": float("nan")}]
)
def test_unknown_or_odd_inputs_are_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        evaluate(SPEC, inputs)


@given(st.sampled_from(list(COLOURS)), st.integers(0, 12), st.floats(0, 300))
def test_worse_circumstances_never_give_a_milder_level(colour: str, districts: int, rain: float) -> None:
    base = evaluate(SPEC, {"warning": colour, "affected_districts": districts, "rain": rain}).level or 5
    more = (
        evaluate(SPEC, {"warning": colour, "affected_districts": districts + 1, "rain": rain + 1}).level or 5
    )
    assert more <= base


CONDITIONS = [
    ("number", ">= 50", 50, True), ("number", "> 50", 50, False), ("number", "50..100", 100, True),
    ("number", "50..100", 100.1, False), ("number", 12, 12.0, True), ("number", "!= 3", 3, False),
    ("colour", ["red", "orange"], "orange", True), ("colour", ">= orange", "red", True), ("colour", "< red", "blue", True),
    ("level", ">= 3", 2, True), ("level", ">= 3", 4, False), ("level", 3, 3, True),
    ("flag", True, True, True), ("flag", True, False, False), ("text", "a b", "a b", True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "raw", "value", "holds"), CONDITIONS)
def test_conditions(kind: str, raw: Any, value: Any, holds: bool) -> None:
    condition = read_condition(kind, raw)
    assert condition.holds(value, {}) is holds
    words = said(Input("x", kind, Text("某", "Some")), condition, {})
    assert words.zh.startswith("某")
    assert words.en.startswith("Some")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("number", ">="), ("number", "9..1"), ("number", "abc"), ("colour", "pink"), ("flag", "> true"), ("level", 5), ("colour", []),
     ("colour", ">= @x"), ("number", True)],
)  # fmt: skip
def test_bad_conditions(kind: str, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_condition(kind, raw)


def test_dated_amounts() -> None:
    condition = read_condition("number", ">= @weather.rain")
    assert condition.amount == "weather.rain"
    assert condition.holds(60, {"weather.rain": 50})
    document = copy.deepcopy(PLAN)
    document["row"][3]["when"] = {"rain": ">= @weather.rain"}
    spec = read_plan(document)
    assert spec.amounts == {"weather.rain"}
    assert evaluate(spec, {"rain": 60}, {"weather.rain": 50}).level == 4
    assert evaluate(spec, {"rain": 60}).level is None


def test_all_faults_of_a_file_are_named() -> None:
    document = copy.deepcopy(PLAN)
    del document["name"]
    document["row"][0]["when"] = {"wind": 3}
    document["row"].append(copy.deepcopy(document["row"][3]))
    document["task"][0]["due_minutes"] = 0
    document["input"][0]["kind"] = "mood"
    with pytest.raises(PlanError) as wrong:
        read_plan(document)
    text = "\n".join(wrong.value.lines)
    for word in ("name", "wind", "used twice", "due_minutes", "input warning"):
        assert word in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "level", "row", "task", "input", "when", "name", "zh"]), x, max_size=5
            )
        ),
        max_leaves=15,
    )
)
def test_any_document_is_read_or_refused(junk: Any) -> None:
    document = junk if isinstance(junk, dict) else {"row": junk}
    with pytest.raises(PlanError):
        read_plan(document)
