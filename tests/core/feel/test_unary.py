"""Unary tests, the cells of decision tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quancheng.core import feel

D = Decimal
CASES: list[tuple[str, Any, bool | None]] = [
    ("-", None, True),
    ("-", D(1), True),
    ("< 10", D(9), True),
    ("< 10", D(10), False),
    ("<= 10", D(10), True),
    ("= 10", D(10), True),
    ("!= 10", D(10), False),
    ("< 10", None, None),
    ("[20..30]", D(20), True),
    ("(20..30]", D(20), False),
    ("]20..30[", D(25), True),
    ("< 10, [20..30], 77", D(77), True),
    ("< 10, [20..30], 77", D(15), False),
    ("not(5)", D(5), False),
    ("not(5, 6)", D(7), True),
    ("not(< 5)", D(7), True),
    ("not(< 5)", None, None),
    ("not(null)", D(1), True),
    ('"a", "b"', "b", True),
    ('"-"', "-", True),
    ("-5", D(-5), True),
    ("-5, 3", D(3), True),
    ("null", None, True),
    ("null", D(1), False),
    ("true", True, True),
    ("true", False, False),
    ("true", None, False),
    ("false", False, True),
    ("limit", D(4), True),
    ("> limit", D(5), True),
    ("limits", D(2), True),
    ("limits", D(3), False),
    ("? > 3 and ? < 5", D(4), True),
    ("? > 3 and ? < 5", D(5), False),
    ('starts with(?, "济")', "济南", True),
    ("odd(?)", D(4), False),
    ("count(?) > 1", [D(1), D(2)], True),
    ("limit > 3", D(100), True),
    ('@"2026-01-01"', feel.Date(2026, 1, 1), True),
    ('[date("2026-01-01")..date("2026-12-31")]', feel.Date(2026, 6, 1), True),
    ('not(contains(?, "a"))', "b", True),
    ("some x in limits satisfies x = ?", D(2), True),
    ("not(true) or false", True, False),
    ("1 + 1", D(2), True),
    ('"a"', D(1), None),
]


@pytest.mark.parametrize(("text", "tested", "expected"), CASES)
def test_cell(text: str, tested: Any, expected: bool | None) -> None:
    scope = {"limit": D(4), "limits": [D(1), D(2)]}
    assert feel.parse_unary(text, tuple(scope)).matches(tested, scope) is expected


def test_python_numbers_are_taken() -> None:
    assert feel.parse_unary("[18..60)").matches(18) is True
    assert feel.explain_test(feel.parse_unary("[18..60)"), 60).value is False


def test_contract_example() -> None:
    tests = feel.parse_unary('< 10, [20..30], not(5), "-"')
    assert tests.matches(D(9)) is True
    assert tests.matches("-") is True


@pytest.mark.parametrize("text", ["", "<", "not(", "1,", "[1..2", "- 1 2"])
def test_bad_cells(text: str) -> None:
    with pytest.raises(feel.FeelSyntaxError):
        feel.parse_unary(text)
