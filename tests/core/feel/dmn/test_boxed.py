"""Boxed expressions, faulty expressions, the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from quancheng.core import feel
from quancheng.core.feel import dmn

from . import build as b


def _one(expression: str) -> dmn.Outcome:
    return dmn.read(b.definitions(b.decision("D", expression))).evaluate("D", {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (b.boxed("filter", "[1, 2, 3]", "match", "item > 1"), [2, 3]),
        (b.boxed("filter", "[{a: 1}, {a: 2}]", "match", "a > 1"), [{"a": 2}]),
        (b.boxed("filter", "[1, 2]", "match", '"yes"'), None),
        (b.boxed("filter", "[1, null]", "match", "item > 0"), [1]),
        (b.boxed("for", "[1, 2, 3]", "return", "x * 2"), [2, 4, 6]),
        (b.boxed("for", "[1..3]", "return", "x + count(partial)"), [1, 3, 5]),
        (b.boxed("for", "(1..4)", "return", "x"), [2, 3]),
        (b.boxed("for", "null", "return", "x"), None),
        (b.boxed("some", "[1, 2]", "satisfies", "x = 2"), True),
        (b.boxed("some", "[]", "satisfies", "true"), False),
        (b.boxed("some", "[1, 2]", "satisfies", '"x"'), None),
        (b.boxed("every", "[1, 2]", "satisfies", "x > 0"), True),
        (b.boxed("every", "[1, 2]", "satisfies", "x > 1"), False),
        (b.boxed("every", "[]", "satisfies", "false"), True),
        (f"<list>{b.literal('1')}{b.literal('1 + 1')}</list>", [1, 2]),
        (
            f"<relation><column name='a'/><column name='b'/><row>{b.literal('1')}{b.literal('2')}</row>"
            f"<row>{b.literal('3')}{b.literal('4')}</row></relation>",
            [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
        ),
        (
            f"<conditional><if>{b.literal('1 > 2')}</if><then>{b.literal('1')}</then>"
            f"<else>{b.literal('2')}</else></conditional>",
            2,
        ),
        (
            f"<conditional><if>{b.literal('1')}</if><then>{b.literal('1')}</then>"
            f"<else>{b.literal('2')}</else></conditional>",
            None,
        ),
        (
            f"<context><contextEntry>{b.variable('a b')}{b.literal('2')}</contextEntry>"
            f"<contextEntry>{b.variable('c')}{b.literal('a b * 2')}</contextEntry></context>",
            {"a b": 2, "c": 4},
        ),
    ],
)
def test_boxed_expressions(expression: str, expected: object) -> None:
    assert _one(expression).value == expected


def test_a_faulty_expression_is_null_and_leaves_the_rest_alone() -> None:
    model = dmn.read(b.definitions(b.decision("Bad", b.literal("1 +")), b.decision("Good", b.literal("1"))))

    assert model.evaluate("Good", {}).value == Decimal(1)
    bad = model.evaluate("Bad", {})
    assert bad.value is None
    assert bad.warnings[0].startswith("Bad：")


def test_other_expression_languages_are_told() -> None:
    text = '<literalExpression expressionLanguage="http://www.w3.org/1999/XPath"><text>1</text></literalExpression>'

    outcome = _one(text)
    assert outcome.value is None
    assert "FEEL" in outcome.warnings[0]


def test_the_clock_is_given() -> None:
    model = dmn.read(b.definitions(b.decision("Now", b.literal("string(today())"))))
    env = feel.Environment(now=datetime(2026, 11, 22, 8, tzinfo=UTC))

    assert model.evaluate("Now", {}, env).value == "2026-11-22"
