"""Every built-in function of the specification, as tables."""

from __future__ import annotations

import pytest

from quancheng.core import feel
from quancheng.core.feel.builtins import BUILTINS

from .helpers import shown

CONVERSION = [
    ('number("1 000,5", " ", ",")', "1000.5"),
    ('number("1,000.5", ",", ".")', "1000.5"),
    ('number("-12.5")', "-12.5"),
    ('number("abc")', "null"),
    ('number("1,0", ",", ",")', "null"),
    ('number(from: "1.000", grouping separator: ".", decimal separator: ",")', "1000"),
    ("string(1.10)", '"1.1"'),
    ("string(null)", "null"),
    ('string("a")', '"a"'),
    ('string([1, "a", {b: @"2026-01-01"}])', r'"[1, \"a\", {b: 2026-01-01}]"'),
    ('string(duration("P14M"))', '"P1Y2M"'),
    ('range("[1..3]")', "[1..3]"),
    ('range("(\\"a\\"..\\"c\\"]")', '("a".."c"]'),
    ('range("[-1..date(\\"2026-01-01\\")]")', "null"),
    ('range("[x..y]")', "null"),
]
BOOLEAN = [
    ("not(true)", "false"),
    ("not(null)", "null"),
    ('not("a")', "null"),
    ("is(1, 1.0)", "true"),
    ('is(@"23:00:50Z", @"23:00:50")', "false"),
    ('is(@"23:00:50Z", @"23:00:50+00:00")', "true"),
    ('is(@"2012-12-25", @"23:00:50")', "false"),
]
STRINGS = [
    ('substring("泉城路", 2)', '"城路"'),
    ('substring("foobar", 3, 3)', '"oba"'),
    ('substring("foobar", -2, 1)', '"a"'),
    ('substring("foobar", 0)', "null"),
    ('substring("foobar", 3, 0)', "null"),
    ('substring("🐎ab", 2)', '"ab"'),
    ('string length("泉城")', "2"),
    ('upper case("aBc4")', '"ABC4"'),
    ('lower case("aBc4")', '"abc4"'),
    ('substring before("foobar", "bar")', '"foo"'),
    ('substring before("foobar", "x")', '""'),
    ('substring after("foobar", "ob")', '"ar"'),
    ('substring after("", "a")', '""'),
    ('contains("foobar", "of")', "false"),
    ('starts with("foobar", "fo")', "true"),
    ('ends with("foobar", "r")', "true"),
    ('matches("foobar", "^fo*b")', "true"),
    ('matches("FooBar", "foo", "i")', "true"),
    ('matches("foobar", "[")', "null"),
    ('matches("foobar", "o", "z")', "null"),
    ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', '"[1=ab][2=]cd"'),
    ('replace("abracadabra", "a(.)", "a$1$1")', '"abbraccaddabbra"'),
    ('replace("AAAA", "A+?", "b")', '"bbbb"'),
    ('replace("abc", ".*?", "$1")', "null"),
    ('replace("a.b", ".", "$", "q")', '"a$b"'),
    ('split("a;b;;c", ";")', '["a", "b", "", "c"]'),
    (r'split("John Doe", "\s")', '["John", "Doe"]'),
    ('string join(["a", null, "c"], "、")', '"a、c"'),
    ('string join(["a", 1])', "null"),
]
LISTS = [
    ("list contains([1, null], null)", "true"),
    ("count([1, [2, 3]])", "2"),
    ("count(null)", "null"),
    ("min(3, 1, 2)", "1"),
    ("min([])", "null"),
    ('max(["a", "c", "b"])', '"c"'),
    ('max(@"2026-01-01", @"2025-01-01")', '@"2026-01-01"'),
    ('max(1, "a")', "null"),
    ("sum([1, 2, 3])", "6"),
    ("sum(1, 2)", "3"),
    ("sum([])", "null"),
    ("mean([1, 2, 6])", "3"),
    ("median(8, 2, 5, 7)", "6"),
    ("stddev(2, 4, 7, 5)", "2.081665999466132735282297706979931"),
    ("stddev(1)", "null"),
    ("mode(6, 3, 9, 6, 3)", "[3, 6]"),
    ("mode([])", "[]"),
    ("product([2, 3, 4])", "24"),
    ("all([true, null])", "null"),
    ("all([false, null])", "false"),
    ("any([])", "false"),
    ("any(null, true)", "true"),
    ("sublist([4, 5, 6], 1, 2)", "[4, 5]"),
    ("sublist([4, 5, 6], -2)", "[5, 6]"),
    ("sublist([4, 5, 6], 0)", "null"),
    ("append([1], 2, 3)", "[1, 2, 3]"),
    ("append(1, 2)", "[1, 2]"),
    ("append([1], null)", "[1, null]"),
    ("concatenate([1], [2, 3], 4)", "[1, 2, 3, 4]"),
    ("insert before([1, 3], 1, 2)", "[2, 1, 3]"),
    ("insert before([1, 3], -1, 2)", "[1, 2, 3]"),
    ("insert before([1], 5, 2)", "null"),
    ("remove([1, 2, 3], 2)", "[1, 3]"),
    ("remove([1, 2, 3], -1)", "[1, 2]"),
    ("list replace([1, 2, 3], -1, 9)", "[1, 2, 9]"),
    ("list replace([2, 4, 7], function(item, newItem) item < newItem, 5)", "[5, 5, 7]"),
    ("reverse([1, 2])", "[2, 1]"),
    ("index of([1, 2, 1, null], 1)", "[1, 3]"),
    ("union([1, 2], [2, 3])", "[1, 2, 3]"),
    ("distinct values([1, 1.0, true, null, null, [1], [1]])", "[1, true, null, [1]]"),
    ("flatten([[1, [2]], [[[3]]], 4])", "[1, 2, 3, 4]"),
    ("sort([3, 1, 2], function(x, y) x < y)", "[1, 2, 3]"),
    ('sort(list: ["b", "a"], precedes: function(x, y) x < y)', '["a", "b"]'),
    ("sort([3, 1, 2])", "[1, 2, 3]"),
    ('sort([3, "a"])', "null"),
    ("partition([1, 2, 3], 2)", "[[1, 2], [3]]"),
]
NUMBERS = [
    ("decimal(1/3, 2)", "0.33"),
    ("decimal(2.5, 0)", "2"),
    ("decimal(125, -1)", "120"),
    ("floor(-1.5)", "-2"),
    ("floor(1.56, 1)", "1.5"),
    ("ceiling(1.5)", "2"),
    ("ceiling(-1.56, 1)", "-1.5"),
    ("round up(-5.51, 1)", "-5.6"),
    ("round down(5.59, 1)", "5.5"),
    ("round half up(-2.5, 0)", "-3"),
    ("round half down(2.5, 0)", "2"),
    ("round half up(5.5, 7000)", "null"),
    ('abs(@"-P1D")', '@"P1D"'),
    ('abs(@"-P1M")', '@"P1M"'),
    ("modulo(-12, 5)", "3"),
    ("modulo(10.1, -4.5)", "-3.4"),
    ("modulo(1, 0)", "null"),
    ("sqrt(16)", "4"),
    ("sqrt(-1)", "null"),
    ("decimal(log(10), 8)", "2.30258509"),
    ("log(0)", "null"),
    ("decimal(exp(1), 8)", "2.71828183"),
    ("exp(1e9)", "null"),
    ("odd(5)", "true"),
    ("even(-4)", "true"),
    ("even(1.5)", "null"),
]
CONTEXTS = [
    ('get value({a: 1}, "a")', "1"),
    ('get value({a: 1}, "b")', "null"),
    ("get entries({a: 1})", '[{key: "a", value: 1}]'),
    ('context([{key: "a", value: 1}])', "{a: 1}"),
    ('context([{key: "a", value: 1}, {key: "a", value: 2}])', "null"),
    ('context put({a: 1}, "a", 2)', "{a: 2}"),
    ('context put({a: {b: 1}}, ["a", "b"], 2)', "{a: {b: 2}}"),
    ('context put({a: 1}, ["a", "b"], 2)', "null"),
    ("context merge([{a: 1}, {a: 2, b: 3}])", "{a: 2, b: 3}"),
]
RANGES = [
    ("before(1, 10)", "true"),
    ("before(1, [1..10])", "false"),
    ("before(1, (1..10])", "true"),
    ("before([1..10], 10)", "false"),
    ("before([1..10), [10..20])", "true"),
    ("after(12, [2..10])", "true"),
    ("after([5..10], [1..5))", "true"),
    ("meets([1..5], [5..10])", "true"),
    ("meets([1..5), [5..10])", "false"),
    ("met by([5..10], [1..5])", "true"),
    ("overlaps([1..5], [3..8])", "true"),
    ("overlaps([1..5], (5..8])", "false"),
    ("overlaps before([1..5], [3..8])", "true"),
    ("overlaps before([1..5], [1..5])", "false"),
    ("overlaps before([1..5), (1..5])", "true"),
    ("overlaps after([3..8], [1..5])", "true"),
    ("finishes(10, [1..10])", "true"),
    ("finishes([5..10], [1..10])", "true"),
    ("finishes([1..10], (1..10])", "false"),
    ("finished by([1..10], 10)", "true"),
    ("includes([1..10], 5)", "true"),
    ("includes([1..10), [4..10])", "false"),
    ("during(5, [1..10])", "true"),
    ("during([4..6], [1..10))", "true"),
    ("starts(1, [1..10])", "true"),
    ("starts([1..5], [1..10])", "true"),
    ("started by([1..10], [1..5])", "true"),
    ("coincides([1..5], [1..5])", "true"),
    ("coincides(3, 3)", "true"),
    ('before(1, "a")', "null"),
    ("before(point: 1, range: [2..3])", "true"),
    ("includes((> 5), 6)", "true"),
    ("before((< 5), [5..6])", "true"),
    ('during(@"2026-06-01", [@"2026-01-01"..@"2026-12-31"])', "true"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    CONVERSION + BOOLEAN + STRINGS + LISTS + NUMBERS + CONTEXTS + RANGES,
)
def test_builtin(text: str, expected: str) -> None:
    assert shown(text) == expected


SPECIFIED = (
    "date|date and time|time|number|string|not|duration|years and months duration|substring|string length|"
    "upper case|lower case|substring before|substring after|replace|contains|starts with|ends with|matches|"
    "split|string join|list contains|list replace|count|min|max|sum|mean|all|any|sublist|append|concatenate|"
    "insert before|remove|reverse|index of|union|distinct values|flatten|product|median|stddev|mode|decimal|"
    "floor|ceiling|round up|round down|round half up|round half down|abs|modulo|sqrt|log|exp|odd|even|is|"
    "range|before|after|meets|met by|overlaps|overlaps before|overlaps after|finishes|finished by|includes|"
    "during|starts|started by|coincides|day of year|day of week|month of year|week of year|sort|get value|"
    "get entries|context|context put|context merge|now|today"
)


def test_every_function_of_the_specification_is_there() -> None:
    assert set(SPECIFIED.split("|")) <= set(BUILTINS)


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_wrong_arguments_are_null_with_a_warning(name: str) -> None:
    for call in ("(nobody: 1)", "(1, 2, 3, 4, 5, 6)" if name not in _VARIADIC else "(none: 1, such: 2)"):
        env = feel.Environment()
        assert feel.parse(name + call).evaluate({}, env) is None
        assert env.warnings


_VARIADIC = {
    *("min", "max", "sum", "mean", "median", "mode", "stddev", "product", "all", "any"),
    *("append", "concatenate", "union"),
}
