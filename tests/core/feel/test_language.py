"""The language itself, as tables: what is written, what it gives."""

from __future__ import annotations

from decimal import Decimal

import pytest

from quancheng.core import feel

from .helpers import shown, value, warnings

ARITHMETIC = [
    ("1 + 2 * 3", "7"),
    ("(1 + 2) * 3", "9"),
    ("2 ** 3 ** 2", "64"),
    ("-3 ** 2", "9"),
    ("--3", "3"),
    ("10 / 4", "2.5"),
    ("1 / 3", "0.3333333333333333333333333333333333"),
    ("1 / 0", "null"),
    ("0 ** 0", "1"),
    (".5 + 1.5e1", "15.5"),
    ('"泉" + "城"', '"泉城"'),
    ('1 + "1"', "null"),
    ("null + 1", "null"),
    ("true + 1", "null"),
    ("10 - 2 - 3", "5"),
    ("12 / 2 / 3", "2"),
    ("1 + /* one */ 1 // and stuff", "2"),
]
LOGIC = [
    ("true and null", "null"),
    ("false and null", "false"),
    ("true or null", "true"),
    ("false or null", "null"),
    ('"yes" and true', "null"),
    ("true and true and false", "false"),
    ("false or false or true", "true"),
    ("1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3 and 1 != 2", "true"),
    ('1 = "1"', "null"),
    ("null = null", "true"),
    ("1 = null", "false"),
    ("1 != null", "true"),
    ("null < 1", "null"),
    ('"a" < "b"', "true"),
    ("true < false", "null"),
    ("[1, 2] = [1, 2]", "true"),
    ("[1, 2] = [2, 1]", "false"),
    ("{a: 1, b: 2} = {b: 2, a: 1}", "true"),
    ("[1..3] = [1..3]", "true"),
    ("[1..3] = [1..3)", "false"),
    ("1.0 = 1.00", "true"),
]
BRANCHES = [
    ("if 1 < 2 then 3 else 4", "3"),
    ("if null then 3 else 4", "4"),
    ("if 1 > 2 then 1 else if 1 > 3 then 2 else 3", "3"),
    ("1 + if true then 1 else 2", "2"),
    ("5 between 1 and 10", "true"),
    ("5 between 6 and null", "false"),
    ("5 between 1 and null", "null"),
    ("5 in (1, 5, 9)", "true"),
    ("5 in [1..5)", "false"),
    ("5 in ]4..5]", "true"),
    ("5 in (4..6)", "true"),
    ("5 in (< 3, > 4)", "true"),
    ("5 in > 4", "true"),
    ("5 in [1, 2, [4..6]]", "true"),
    ("5 in [< 3, >= 5]", "true"),
    ("5 in (!= 5)", "false"),
    ("5 in 5", "true"),
    ("[1, 2] in [[1, 2], [3]]", "true"),
    ('"b" in ["a".."c"]', "true"),
    ('1 in "a"', "null"),
    ("5 in (? > 4)", "true"),
    ("(1 + 1) in (1, 2)", "true"),
    ("2 in (1) or true", "true"),
]
LOOPS = [
    ("for x in [1, 2, 3] return x * x", "[1, 4, 9]"),
    ("for x in 3..1 return x", "[3, 2, 1]"),
    ("for x in 2 + 1..2 * 2 return x", "[3, 4]"),
    ("for x in [1..3] return x", "[1, 2, 3]"),
    ("for x in (1..3) return x", "[2]"),
    ("for x in [1, 2], y in [x..2] return [x, y]", "[[1, 1], [1, 2], [2, 2]]"),
    ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", "[1, 1, 2, 6, 24]"),
    ("for i in 1..3 return count(partial)", "[0, 1, 2]"),
    ("for i in 1..3 return partial", "[[], [[]], [[], [[]]]]"),
    ('for d in @"2026-02-27"..@"2026-03-01" return d.day', "[27, 28, 1]"),
    ("for x in null return x", "null"),
    ("for x in 5 return x", "[5]"),
    ("for x in 1..1.5 return x", "null"),
    ("some x in [1, 2] satisfies x > 1", "true"),
    ("some x in [] satisfies x > 1", "false"),
    ("every x in [] satisfies x > 1", "true"),
    ("every x in [1, 2], y in [3, 4] satisfies x < y", "true"),
    ("every x in [1, null] satisfies x > 0", "null"),
    ("some x in [1, null] satisfies x > 0", "true"),
    ("some x in null satisfies x", "null"),
]
COLLECTIONS = [
    ("[1, 2, 3][1]", "1"),
    ("[1, 2, 3][-1]", "3"),
    ("[1, 2, 3][0]", "null"),
    ("[1, 2, 3][item > 1]", "[2, 3]"),
    ("5[1]", "5"),
    ("5[item > 9]", "[]"),
    ("null[1]", "null"),
    ("[{a: 1}, {a: 2}][a > 1]", "[{a: 2}]"),
    ("[{item: 1}, {item: 2}][item > 1]", "[{item: 2}]"),
    ("[{a: 1}, {b: 2}].b", "[null, 2]"),
    ("[{x+y: 1}, {x+y: 2}][x+y = 2].x+y", "[2]"),
    ("{a: 1, b: a + 1, c: {d: a + b}}.c.d", "3"),
    ('{"no name!": 1}', '{"no name!": 1}'),
    ("{a: 1, a: 2}", "null"),
    ("{}.a", "null"),
    ("{for: 1}", "{for: 1}"),
    ("{a b: 1, c: a b * 2}.c", "2"),
    ("{家庭 人数: 3}.家庭 人数", "3"),
    ("[[1, 2], [3]][1][2]", "2"),
    ("[1..10[.start included", "true"),
    ("(>= 5).start", "5"),
    ("(< 5).start", "null"),
    ("[1..null]", "null"),
    ('[1.."a"]', "null"),
    ("for a in [[1, 2]] return [1..a[2]]", "[[1..2]]"),
]
FUNCTIONS = [
    ("(function(a, b) a - b)(3, 1)", "2"),
    ("{f: function(a: number, b: number) a - b, r: f(b: 1, a: 3)}.r", "2"),
    ("{f: function(a: number) a, r: f(1, 2)}.r", "null"),
    ('{f: function(a: number) a, r: f("x")}.r', "null"),
    ("{f: function(a: number) a, r: f([1])}.r", "1"),
    ("{f: function(a: list<number>) a, r: f(1)}.r", "[1]"),
    ("{f: function(a) function(b) a + b, r: f(1)(2)}.r", "3"),
    ("{f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(20)}.r", "2432902008176640000"),
    ("{x: 1, f: function(y) x + y, r: for x in [10, 20] return f(x)}.r", "[11, 21]"),
    ("for f in [abs, sqrt] return f(4)", "[4, 2]"),
    ("abs(m: 1)", "null"),
    ("nobody()", "null"),
    ("1()", "null"),
    (
        '{m: function(a, b) external {java: {class: "java.lang.Math",'
        ' method signature: "max(double, double)"}}, r: m(1, 2.5)}.r',
        "2.5",
    ),
    (
        '(function(a) external {java: {class: "java.lang.Runtime", method signature: "exec(String)"}})("x")',
        "null",
    ),
]
STRINGS = [
    (r'"a\"b\\c\n"', r'"a\"b\\c\n"'),
    (r'"\u6cc9\U01F40E"', '"泉🐎"'),
    (r'"\uD83D\uDC0E"', '"🐎"'),
    (r'string length("\uD83D\uDC0E")', "1"),
    (r'"\s"', r'"\\s"'),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    ARITHMETIC + LOGIC + BRANCHES + LOOPS + COLLECTIONS + FUNCTIONS + STRINGS,
)
def test_expression_gives_value(text: str, expected: str) -> None:
    assert shown(text) == expected


TYPES = [
    ("1", "number", "string"),
    ('"a"', "string", "number"),
    ("true", "boolean", "number"),
    ('@"2026-01-01"', "date", "date and time"),
    ('@"2026-01-01T00:00:00"', "date and time", "date"),
    ('@"00:00:00"', "time", "date"),
    ('@"P1D"', "days and time duration", "years and months duration"),
    ('@"P1M"', "years and months duration", "days and time duration"),
    ("[1, 2]", "list<number>", "list<string>"),
    ("[]", "list<string>", "context"),
    ("{a: 1}", "context<a: number>", "context<a: string>"),
    ("{a: 1}", "context", "context<b: number>"),
    ("{a: null}", "context<a: number>", "list<Any>"),
    ("[1..2]", "range<number>", "range<string>"),
    ("(function(a: number) a)", "function<number>->Any", "function<>->Any"),
    ("[[1]]", "list<list<number>>", "list<number>"),
    ("1", "Any", "Null"),
    ("null", "Null", "Any"),
]


@pytest.mark.parametrize(("text", "kind", "other"), TYPES)
def test_instance_of(text: str, kind: str, other: str) -> None:
    assert value(f"{text} instance of {kind}") is True
    assert value(f"{text} instance of {other}") is False


def test_named_types_come_from_the_environment() -> None:
    adult = feel.Type("number", check=lambda number: number >= 18)
    env = feel.Environment(types={"Adult Age": adult})
    assert feel.parse("a instance of Adult Age", ("a", "Adult Age")).evaluate({"a": Decimal(20)}, env)
    assert not feel.parse("a instance of Adult Age", ("a", "Adult Age")).evaluate({"a": Decimal(3)}, env)


def test_errors_are_null_and_say_why() -> None:
    assert value('1 + "a"') is None
    assert "number" in warnings('1 + "a"')[0]
    assert "没有名为“x”的变量" in warnings("x + 1")[0]
    assert warnings("1 = null") == []


def test_scope_may_hold_python_numbers_and_dates() -> None:
    from datetime import date

    assert shown("a + 1", {"a": 1}) == "2"
    assert shown("a + 0.25", {"a": 0.5}) == "0.75"
    assert shown("d.year", {"d": date(2026, 1, 2)}) == "2026"
    assert shown("p.age + 1", {"p": {"age": 3}}) == "4"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("1 +", 3),
        ("(1", 2),
        ("if 1 then 2", 11),
        ('"open', 0),
        ("1 2", 2),
        ("[1, ]", 4),
        ("a b: 1", 3),
        ("1 ~ 2", 2),
        ("for x return 1", 4),
        ("f(a: 1, 2)", 8),
        ("x instance of", 13),
        ("1e9999999", 2),
    ],
)
def test_bad_text_is_a_syntax_error_at_a_place(text: str, position: int) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse(text)
    assert caught.value.text.zh and caught.value.text.en
    assert abs(caught.value.position - position) <= 1
