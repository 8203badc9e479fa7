"""Rules as data: read strictly, explained in words, refused with a place."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from quancheng.core.quality import (
    FORMATS,
    Kind,
    QualityError,
    Reason,
    check_pattern,
    explain,
    parse_rule,
    parse_rules,
)
from quancheng.core.text import Text

BASE = {"id": "r1", "name": "规则"}


def read(**rule: object) -> Any:
    return parse_rule({**BASE, **rule})


@pytest.mark.parametrize(
    ("rule", "reason", "place"),
    [
        ({"kind": "complet", "column": "a"}, Reason.KIND, "rule.kind"),
        ({"kind": "complete"}, Reason.FORM, "rule.column"),
        ({"kind": "complete", "column": "a", "colunm": "b"}, Reason.FORM, "rule.colunm"),
        ({"kind": "complete", "column": "a", "least_share": 1.2}, Reason.VALUE, "rule.least_share"),
        ({"kind": "complete", "column": "a", "weight": -1}, Reason.VALUE, "rule.weight"),
        ({"kind": "complete", "column": "a", "weight": "NaN"}, Reason.VALUE, "rule.weight"),
        ({"kind": "complete", "column": "a", "when": "b ="}, Reason.EXPRESSION, "rule.when"),
        ({"kind": "complete", "column": "a", "severity": "fatal"}, Reason.VALUE, "rule.severity"),
        ({"kind": "format", "column": "a"}, Reason.FORM, "rule"),
        ({"kind": "format", "column": "a", "named": "fax"}, Reason.VALUE, "rule.named"),
        ({"kind": "format", "column": "a", "pattern": "\\d+"}, Reason.PATTERN, "rule.pattern"),
        ({"kind": "range", "column": "a"}, Reason.FORM, "rule"),
        ({"kind": "range", "column": "a", "least": 2, "most": 1}, Reason.VALUE, "rule.most"),
        ({"kind": "range", "column": "a", "least": 2, "most": "2024-01-01"}, Reason.VALUE, "rule"),
        ({"kind": "range", "column": "a", "least": 1e300}, Reason.VALUE, "rule.least"),
        ({"kind": "range", "column": "a", "least": -1, "length": True}, Reason.VALUE, "rule"),
        ({"kind": "allowed", "column": "a", "values": []}, Reason.FORM, "rule.values"),
        ({"kind": "allowed", "column": "a", "values": [1, "1"]}, Reason.VALUE, "rule.values"),
        ({"kind": "allowed", "column": "a", "values": ["a\0"]}, Reason.VALUE, "rule.values"),
        ({"kind": "unique", "columns": ["a", "a"]}, Reason.FORM, "rule.columns"),
        (
            {"kind": "reference", "columns": ["a"], "table": "t", "target": ["b", "c"]},
            Reason.VALUE,
            "rule.target",
        ),
        ({"kind": "timely", "column": "a"}, Reason.VALUE, "rule"),
        ({"kind": "timely", "column": "a", "days": 10**9}, Reason.VALUE, "rule"),
        ({"kind": "consistent", "expression": "__import__('os')"}, Reason.EXPRESSION, "rule.expression"),
        ({"kind": "checksum", "column": "a", "scheme": "isbn"}, Reason.VALUE, "rule.scheme"),
        ({"kind": "row_count", "least": 5, "most": 1}, Reason.VALUE, "rule"),
        ({"kind": "row_count", "least": 5, "when": "a = 1"}, Reason.FORM, "rule.when"),
        ({"kind": "updated"}, Reason.VALUE, "rule"),
        ({"kind": "updated", "days": 1, "column": "a"}, Reason.FORM, "rule.column"),
    ],
)
def test_a_slip_in_a_rule_is_named_with_its_place(
    rule: dict[str, object], reason: Reason, place: str
) -> None:
    with pytest.raises(QualityError) as caught:
        read(**rule)
    assert (caught.value.reason, caught.value.place) == (reason, place)
    assert caught.value.text.zh.endswith("。")


def test_two_rules_of_one_id_are_refused() -> None:
    rule = {**BASE, "kind": "complete", "column": "a"}
    with pytest.raises(QualityError) as caught:
        parse_rules({"table": "t", "rules": [rule, rule]})
    assert (caught.value.reason, caught.value.place) == (Reason.DUPLICATE, "rules[1].id")


@pytest.mark.parametrize("data", [None, [], "x", {"table": "t"}, {"table": "t", "rules": [3]}])
def test_what_is_no_rule_set_is_refused(data: object) -> None:
    with pytest.raises(QualityError):
        parse_rules(data)


@pytest.mark.parametrize(
    "pattern",
    [
        "", "a.c", "^a", "a$", "\\bword", "(?i)a", "(?P<x>a)", "(?=a)", "(a)\\1", "[[:alpha:]]", "[a&&b]",
        "a++", "a{2", "a{5,2}", "a{1,9999}", "(a+)+", "(a|ab)*", "(a{1,9})+", "((a{1,30}){1,30}){1,30}",
        "(", ")", "[]", "[a", "\\", "[z-a]", "a" * 301, "\ud800", "(" * 20 + "a" + ")" * 20, "(a{100}){100}",
    ],
)  # fmt: skip
def test_patterns_that_engines_read_differently_or_that_hang_are_refused(pattern: str) -> None:
    with pytest.raises(QualityError) as caught:
        check_pattern(pattern, "here")
    assert (caught.value.reason, caught.value.place) == (Reason.PATTERN, "here")


@pytest.mark.parametrize(
    "pattern", ["[0-9]{6}", "鲁A[A-Z0-9]{5}", "(男|女)", "([0-9]{1,3}\\.){3}[0-9]{1,3}", "[^ ]*"]
)
def test_useful_patterns_are_accepted(pattern: str) -> None:
    assert check_pattern(pattern, "here") == pattern


@pytest.mark.parametrize("name", FORMATS)
def test_named_formats_keep_to_their_own_rules(name: str) -> None:
    assert check_pattern(FORMATS[name].pattern, name)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("mobile", "13912345678", "12912345678"),
        ("landline", "0531-66601234", "531-6660123"),
        ("postcode", "250001", "25000"),
        ("region", "370102", "070102"),
        ("plate", "鲁A12345", "鲁I12345"),
        ("email", "a.b@jinan.gov.cn", "a@b"),
        ("date", "2024-02-29", "2024-13-01"),
        ("chinese_name", "买买提·艾力", "Li Lei"),
    ],
)
def test_named_formats_tell_good_from_bad(name: str, good: str, bad: str) -> None:
    pattern = re.compile(FORMATS[name].pattern)
    assert pattern.fullmatch(good)
    assert not pattern.fullmatch(bad)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a = ", "a = 'x", "a === b", "1 = 1 = 1", "f(a) = 1", "a in ()", "a is 3", "(a = 1", "if a = 1",
     "a = 1; drop", "a = date '2023-02-30'", "and = 1", "a not 3", "9" * 20 + " = a", "(" * 60 + "a = 1",
     "not " * 60 + "a = 1", "a = " + "1+" * 90 + "1", "a" * 3000],
)  # fmt: skip
def test_expressions_that_cannot_be_are_refused(text: str) -> None:
    if text == "a":  # a column alone can be read; whether it is a condition is known with the table
        assert read(kind="consistent", expression=text).columns == ("a",)
        return
    with pytest.raises(QualityError):
        read(kind="consistent", expression=text)


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        (
            {"kind": "consistent", "expression": "if 状态 = '注销' then 注销日期 is present"},
            "若“状态”等于“注销”，则注销日期已填写。",
            "If “状态” is “注销”, then the day of removal is filled in.",
        ),
        (
            {"kind": "range", "column": "年龄", "least": 0, "most": 120, "least_share": "0.99"},
            "“年龄”应在0至120之间（合格率不低于99%）。",
            "“年龄” is from 0 to 120 (in at least 99 % of the rows).",
        ),
        (
            {"kind": "complete", "column": "注销日期", "when": "状态 != '正常'"},
            "在“状态”不等于“正常”的行中，注销日期须填写。",
            "Where “状态” is not “正常”: the day of removal is filled in.",
        ),
        (
            {"kind": "timely", "column": "更新", "hours": 36},
            "“更新”应在最近36小时之内。",
            "“更新” is within the last 36 hours.",
        ),
        (
            {"kind": "updated", "days": 31},
            "整表应在最近31天内更新过。",
            "The table was updated within the last 31 days.",
        ),
        (
            {"kind": "row_count", "least": 10},
            "行数应不小于10。",
            "The number of rows is at least 10.",
        ),
    ],
)
def test_a_rule_says_in_words_what_it_asks(rule: dict[str, object], zh: str, en: str) -> None:
    found = explain(read(**rule), {"注销日期": Text("注销日期", "the day of removal")})
    assert found == Text(zh, en)


def test_every_kind_can_be_explained() -> None:
    each: dict[Kind, dict[str, object]] = {
        Kind.COMPLETE: {"column": "a"},
        Kind.FORMAT: {"column": "a", "named": "mobile"},
        Kind.RANGE: {"column": "a", "most": "2024-01-01"},
        Kind.ALLOWED: {"column": "a", "values": [str(number) for number in range(20)]},
        Kind.UNIQUE: {"columns": ["a", "b"]},
        Kind.REFERENCE: {"columns": ["a"], "table": "t", "target": ["b"]},
        Kind.TIMELY: {"column": "a", "days": 1, "scope": "newest"},
        Kind.CONSISTENT: {"expression": "not (a + 1) * 2 > -b or left(c, 2) in ('x', 'y') and d matches 'x'"},
        Kind.CHECKSUM: {"column": "a", "scheme": "uscc"},
        Kind.ROW_COUNT: {"most": 3},
        Kind.UPDATED: {"hours": 25},
    }
    assert set(each) == set(Kind)
    for kind, rule in each.items():
        found = read(kind=kind.value, **rule)
        text = explain(found)
        assert found.kind is kind and text.zh.endswith("。") and text.en.endswith(".")
    assert read(kind="complete", column="a", weight="2.5").weight == Decimal("2.5")
