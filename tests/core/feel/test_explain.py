"""Explanations and JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from quancheng.core import feel


def test_an_explanation_is_a_tree_of_texts_and_values() -> None:
    scope = {"age": Decimal(61), "city": "济南"}
    found = feel.explain(feel.parse('age >= 60 and city = "济南"'), scope)
    assert found.value is True
    assert [(part.text, part.value) for part in found.parts] == [("age >= 60", True), ('city = "济南"', True)]
    assert found.parts[0].parts[0].text == "age"
    assert found.lines() == [
        'age >= 60 and city = "济南" = true',
        "  age >= 60 = true",
        "    age = 61",
        '  city = "济南" = true',
        '    city = "济南"',
    ]


def test_what_was_not_evaluated_is_not_explained() -> None:
    found = feel.explain(feel.parse("if a then b else c"), {"a": True, "b": Decimal(1)})
    assert [part.text for part in found.parts] == ["a", "b"]


def test_long_loops_are_shortened() -> None:
    found = feel.explain(feel.parse("for i in 1..2000 return i * 2"))
    assert len(found.value) == 2000
    assert found.omitted > 0 and len(found.parts) <= 500


def test_explaining_gives_the_same_value_warnings_and_errors() -> None:
    env = feel.Environment()
    assert feel.explain(feel.parse("missing + 1"), {}, env).value is None
    assert len(env.warnings) == 2
    with pytest.raises(feel.FeelLimitError):
        feel.explain(feel.parse("{f: function(n) f(n), r: f(1)}.r"))


def test_a_constant_explains_itself() -> None:
    assert feel.explain(feel.parse("5")) == feel.Explanation("5", Decimal(5))


def test_unary_tests_are_explained() -> None:
    found = feel.explain_test(feel.parse_unary("> limit, 3"), Decimal(9), {"limit": Decimal(5)})
    assert found.value is True
    assert found.parts[0].text == "limit"


def test_json() -> None:
    given = {"a": 1, "b": [0.1, None, True, "2026-01-01"], "c": {"d": 10**20}}
    inside = feel.from_json(given)
    assert inside["b"][0] == Decimal("0.1")
    assert feel.to_json(inside) == given
    assert feel.from_json(float("nan")) is None
    value = feel.parse('[1/3, @"2026-01-01", @"P1D", [1..2], 2.50]').evaluate({})
    assert feel.to_json(value) == [1 / 3, "2026-01-01", "P1D", "[1..2]", 2.5]
