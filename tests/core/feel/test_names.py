"""Names with spaces and operators: the longest known one wins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quancheng.core import feel

from .helpers import shown

SCOPE: dict[str, Any] = {
    "a": Decimal(10),
    "b": Decimal(3),
    "monthly income": Decimal(100),
    "monthly": Decimal(1),
    "Pre-bureau risk category": "LOW",
    "a+b": Decimal(77),
    "Date-Time": Decimal(5),
    "Date-Time2": Decimal(7),
    "applicant's age": Decimal(40),
    "for sale": True,
    "人均 月收入": Decimal(2000),
    "🐎": Decimal(1),
    "2号楼 面积": Decimal(90),
    "date of birth": "x",
    "Extra days case 1": Decimal(2),
    "person": {"full name": "李雷", "b": Decimal(1)},
}

CASES = [
    ("monthly income * 2", "200"),
    ("monthly   income * 2", "200"),
    ("monthly * 2", "2"),
    ("a+b", "77"),
    ("a + b", "13"),
    ("a - b", "7"),
    ("a-b", "7"),
    ('Pre-bureau risk category = "LOW"', "true"),
    ('Pre - bureau risk category = "LOW"', "true"),
    ("Date-Time - Date-Time2", "-2"),
    ("applicant's age + 1", "41"),
    ("if for sale then 1 else 2", "1"),
    ("人均 月收入 / 2", "1000"),
    ("🐎 + 1", "2"),
    ("2号楼 面积 / 2", "45"),
    ('date of birth + "y"', '"xy"'),
    ("Extra days case 1 + 1", "3"),
    ("person.full name", '"李雷"'),
    ("person.full name = person . full name", "true"),
    ("for monthly income in [1] return monthly income", "[1]"),
    ("{my own: 1, twice: my own * 2}.twice", "2"),
    ("(function(first number) first number + 1)(first number: 1)", "2"),
    ("some odd one in [1, 3] satisfies odd one = 3", "true"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_name(text: str, expected: str) -> None:
    assert shown(text, SCOPE) == expected


def test_free_names_are_told_for_linters() -> None:
    names = ("monthly income", "limit", "items")
    expression = feel.parse("items[price > limit and item.x = 1][1].y + monthly income + sum(items)", names)
    assert expression.names == {"items", "price", "limit", "monthly income"}
    assert expression.uncertain == {"price", "limit"}
    assert feel.parse("for x in xs return x + y").names == {"xs", "y"}
    assert feel.parse("{a: 1, b: a + c}").names == {"c"}
    assert feel.parse("(function(a) a + b)(1)").names == {"b"}
    assert feel.parse_unary("> limit, ? < other").names == {"limit", "other"}


def test_scope_shadows_builtin_functions() -> None:
    assert shown("count", {"count": Decimal(3)}) == "3"


def test_environment_gives_functions() -> None:
    env = feel.Environment(functions={"fee of": feel.native("fee of", ("kind",), lambda kind: kind + "!")})
    assert feel.parse('fee of("a")', ("fee of",)).evaluate({}, env) == "a!"
    assert feel.parse('fee of(kind: "a")', ("fee of",)).evaluate({}, env) == "a!"
    assert feel.parse('fee of(other: "a")', ("fee of",)).evaluate({}, env) is None
