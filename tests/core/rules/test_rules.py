"""Dated parameters: reading, regions, periods, precedence, conflicts, explanation."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.rules import (
    NATIONAL,
    DatedParameter,
    Finding,
    InvalidRegion,
    NoRuleInForce,
    Rule,
    RuleBook,
    RuleConflict,
    RuleError,
    RuleFormatError,
    RuleTable,
    RuleValueType,
    read_rule,
    region_prefix,
)
from quancheng.core.text import Text

DOCUMENT = """
[[rule]]
id = "rain.red"
name = { zh = "暴雨红色预警雨量", en = "red rain threshold" }
value = 100
unit = "mm"
authority = "中国气象局"
region = "000000"
valid_from = 2010-01-01
citation = "national notice"

[[rule]]
id = "rain.red"
name = { zh = "暴雨红色预警雨量", en = "red rain threshold" }
value = 90.5
unit = "mm"
authority = "济南市气象局"
region = "370100"
valid_from = 2020-01-01
valid_to = 2024-01-01
citation = "city notice 1"
note = "rehearsal"
simulated = true

[[rule]]
id = "rain.red"
name = "暴雨红色预警雨量"
value = 80
authority = "历下区"
region = "370102"
valid_from = 2022-01-01
citation = "district notice"
"""


def rule(**changes: object) -> Rule:
    table: dict[str, object] = {
        "id": "x",
        "name": "甲",
        "value": 1,
        "authority": "市政府",
        "region": "370100",
        "valid_from": date(2020, 1, 1),
        "citation": "文号",
    }
    return read_rule({**table, **changes})


@pytest.fixture
def book() -> RuleBook:
    return RuleBook.from_toml_dicts([tomllib.loads(DOCUMENT)], ["city.toml"])


def value(book: RuleBook, day: date, region: str) -> object:
    return book.find("rain.red", on=day, region=region).value


def test_most_specific_region_wins_in_its_time(book: RuleBook) -> None:
    assert value(book, date(2023, 1, 1), "370102") == 80
    assert value(book, date(2023, 1, 1), "370102001001") == 80
    assert value(book, date(2023, 1, 1), "370103") == 90.5
    assert value(book, date(2023, 12, 31), "370100") == 90.5
    assert value(book, date(2024, 1, 1), "370100") == 100
    assert value(book, date(2019, 1, 1), "370102") == 100
    assert value(book, date(2023, 1, 1), "370000") == 100
    assert value(book, date(2023, 1, 1), NATIONAL) == 100
    assert book.check() == ()
    assert len(book) == 3
    assert book.ids() == ("rain.red",)
    assert [entry.source for entry in book] == ["city.toml"] * 3
    assert DatedParameter is Rule


def test_explanation_names_the_basis_and_the_others(book: RuleBook) -> None:
    found = book.find("rain.red", on=date(2023, 6, 1), region="370103")
    zh, en = found.explain("zh-CN"), found.explain("en")
    assert found.simulated
    assert "90.5 mm【模拟】" in zh
    assert "依据：city notice 1；济南市气象局" in zh
    assert "至2024-01-01（不含）" in zh
    assert "不适用于该区域" in zh
    assert "说明：rehearsal" in zh
    assert "[simulated]" in en
    assert "until before 2024-01-01" in en
    assert "a more specific region has its own rule" in en
    later = book.find("rain.red", on=date(2025, 6, 1), region="370103").explain()
    assert "已于2024-01-01失效" in later
    assert "不含" not in later.splitlines()[1]
    early = book.find("rain.red", on=date(2012, 6, 1), region="370102").explain("en")
    assert "in force only from 2020-01-01" in early
    plain = found.to_dict()
    assert plain["value"] == 90.5
    assert plain["rule"]["valid_to"] == "2024-01-01"  # type: ignore[index]
    assert len(plain["considered"]) == 2  # type: ignore[arg-type]
    unmarked = book.find("rain.red", on=date(2023, 1, 1), region="370102").explain("en")
    assert "is 80." in unmarked


def test_nothing_in_force(book: RuleBook) -> None:
    with pytest.raises(NoRuleInForce, match="add one for it") as caught:
        book.find("rain.red", on=date(2009, 12, 31), region="370102")
    assert len(caught.value.considered) == 3
    assert "没有有效的取值" in caught.value.text.zh
    with pytest.raises(NoRuleInForce, match="There is no parameter other"):
        book.find("other", on=date(2020, 1, 1), region="370102")
    with pytest.raises(NoRuleInForce):
        RuleBook([rule()]).find("x", on=date(2020, 1, 1), region="120000")
    assert book.rules("other") == ()


def test_new_rule_of_the_same_authority_replaces_an_open_one() -> None:
    old, new = rule(), rule(valid_from=date(2023, 1, 1), value=2)
    book = RuleBook([new, old])
    assert book.check() == ()
    found = book.find("x", on=date(2024, 1, 1), region="370100")
    assert found.value == 2
    assert found.considered[0][0] == old
    assert "新的规定" in found.explain()
    assert book.find("x", on=date(2022, 1, 1), region="370100").value == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"value": 2}),
        ({"valid_to": date(2024, 1, 1)}, {"valid_from": date(2023, 1, 1)}),
        ({}, {"valid_from": date(2023, 1, 1), "authority": "别的机关"}),
        ({"region": "370100"}, {"region": "370100000"}),
    ],
)
def test_conflicts_are_found_at_load_and_when_asked(
    first: dict[str, object], second: dict[str, object]
) -> None:
    book = RuleBook([rule(**first)]).merged(RuleBook([rule(**second)]))
    conflicts = book.check()
    assert len(conflicts) == 1
    assert "370100" in str(conflicts[0])
    with pytest.raises(RuleConflict) as caught:
        book.find("x", on=date(2023, 6, 1), region="370102")
    assert len(caught.value.labels) == 2


def test_a_more_specific_rule_settles_a_conflict_above_it() -> None:
    book = RuleBook([rule(), rule(value=2), rule(region="370102", value=3)])
    assert book.find("x", on=date(2023, 1, 1), region="370102").value == 3


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("000000", ""),
        ("370000", "37"),
        ("370100", "3701"),
        ("370102", "370102"),
        ("370102000", "370102"),
        ("370102001", "370102001"),
        ("370102001000", "370102001"),
        ("370102001002", "370102001002"),
        ("419001", "419001"),
        ("370110", "370110"),
        ("000000000000", ""),
    ],
)
def test_region_prefix(code: str, prefix: str) -> None:
    assert region_prefix(code) == prefix
    assert rule(region=code).covers(code)


@pytest.mark.parametrize("code", ["", "37", "3701020", "37010a", "３７０１０２"])
def test_wrong_regions(code: str, book: RuleBook) -> None:
    with pytest.raises(InvalidRegion):
        region_prefix(code)
    with pytest.raises(InvalidRegion) as caught:
        book.find("rain.red", on=date(2020, 1, 1), region=code)
    assert caught.value.code == code


def finding(value: object) -> Finding:
    return RuleBook([rule(value=value)]).find("x", on=date(2020, 1, 1), region="370100")


def test_typed_access() -> None:
    assert finding(3).number() == 3.0
    assert finding(3).integer() == 3
    assert finding(0.1).decimal() == Decimal("0.1")
    assert finding(3).decimal() == 3
    assert finding("a").string() == "a"
    assert finding(True).flag() is True
    assert "true" in finding(True).explain()
    assert "false" in finding(False).explain()
    assert finding([1, [2]]).items() == (1, (2,))
    table = finding({"a": [1], "b": {"c": date(2020, 1, 1)}}).table()
    assert table["a"] == (1,)
    assert len(table) == 2
    assert hash(table) == hash(RuleTable({"b": {"c": date(2020, 1, 1)}, "a": (1,)}))
    assert "RuleTable" in repr(table)
    assert "{'a': [1], 'b': {'c': '2020-01-01'}}" in finding(table).explain()
    assert {finding(table).rule, finding(table).rule}


@pytest.mark.parametrize(
    ("held", "method"),
    [
        (True, "number"),
        ("1", "number"),
        (True, "integer"),
        (1.5, "integer"),
        (True, "decimal"),
        ("1", "decimal"),
        (1, "string"),
        (1, "flag"),
        (1, "table"),
        (1, "items"),
    ],
)
def test_wrong_type_asked(held: object, method: str) -> None:
    with pytest.raises(RuleValueType, match="not"):
        getattr(finding(held), method)()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": 3},
        {"name": 3},
        {"name": {"fr": "x"}},
        {"authority": " "},
        {"citation": ""},
        {"region": "37"},
        {"valid_from": "2020-01-01"},
        {"valid_to": date(2020, 1, 1)},
        {"valid_to": "never"},
        {"value": None},
        {"value": float("nan")},
        {"value": [float("inf")]},
        {"simulated": "yes"},
        {"unit": 1},
        {"note": 1},
        {"valid_form": date(2020, 1, 1)},
    ],
)
def test_malformed_rules_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RuleFormatError) as caught:
        rule(**changes)
    assert caught.value.place.startswith("[[rule]]")
    assert isinstance(caught.value, RuleError)


def test_malformed_documents_are_refused() -> None:
    with pytest.raises(RuleFormatError, match="document 1"):
        RuleBook.from_toml_dicts([{"rule": {"id": "x"}}])
    with pytest.raises(RuleFormatError, match=r"a\.toml"):
        RuleBook.from_toml_dicts([{"rule": ["x"]}], ["a.toml"])
    with pytest.raises(RuleFormatError, match="missing authority") as caught:
        RuleBook.from_toml_dicts([{}, {"rule": [{"id": "x"}]}])
    assert "document 2 [[rule]] 1 (x)" in str(caught.value)
    assert rule(valid_to="", note="n", unit="mm").valid_to is None


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([NATIONAL, "370000", "370100", "370102", "370103"]),
            st.integers(0, 40),
            st.one_of(st.none(), st.integers(1, 20)),
            st.sampled_from("ab"),
        ),
        max_size=6,
    ),
    st.integers(0, 60),
    st.sampled_from([NATIONAL, "370000", "370100", "370102", "370103", "370102001"]),
)
def test_find_agrees_with_its_definition(
    entries: list[tuple[str, int, int | None, str]], offset: int, region: str
) -> None:
    origin = date(2020, 1, 1)
    rules = [
        Rule(
            id="x",
            name=Text("甲", "a"),
            value=number,
            authority=authority,
            region=where,
            valid_from=origin + timedelta(start),
            valid_to=None if length is None else origin + timedelta(start + length),
            citation="c",
        )
        for number, (where, start, length, authority) in enumerate(entries)
    ]
    book, day = RuleBook(rules), origin + timedelta(offset)
    valid = [entry for entry in rules if entry.in_force(day) and entry.covers(region)]
    try:
        found = book.find("x", on=day, region=region)
    except NoRuleInForce:
        assert not valid
    except RuleConflict:
        assert book.check()
    else:
        deepest = max(len(entry.prefix) for entry in valid)
        best = [entry for entry in valid if len(entry.prefix) == deepest]
        assert found.rule.valid_from == max(entry.valid_from for entry in best)
        assert len(found.considered) == len(rules) - 1
        assert found.rule not in [other for other, _ in found.considered]
