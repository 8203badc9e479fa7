"""Decisions of ledgers as functions of values: merging, comparing, what the city holds, cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.ledgers import columns, held, words
from quancheng.capabilities.ledgers.comparing import Matching, Side, compare
from quancheng.capabilities.ledgers.held import Bounds, Item
from quancheng.capabilities.ledgers.merging import merge, settle
from quancheng.capabilities.ledgers.values import Column, Filling, Outcome
from quancheng.core.tabular import Kind

CELLS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "1", "2", "3"]), max_size=4)
TODAY = date(2026, 6, 1)


# -- merging ------------------------------------------------------------------------------------
@given(CELLS, CELLS, CELLS)
def test_merging_loses_nothing(before: dict[str, str], theirs: dict[str, str], mine: dict[str, str]) -> None:
    done = merge(before, theirs, mine)
    if done.outcome is Outcome.CONFLICT:
        assert done.cells == theirs
        for clash in done.clashes:
            assert len({clash.mine, clash.theirs}) == 2
            assert clash.theirs != clash.before != clash.mine
        return
    for name in {*before, *theirs, *mine}:
        changed_by_me = name in mine and mine[name] != before.get(name, "")
        assert done.cells.get(name, "") == (mine[name] if changed_by_me else theirs.get(name, ""))


@given(CELLS, CELLS)
def test_alone_everything_sent_is_taken(before: dict[str, str], mine: dict[str, str]) -> None:
    done = merge(before, before, mine)
    assert done.outcome is Outcome.APPLIED
    assert all(done.cells.get(name, "") == text for name, text in mine.items())


def test_two_people_change_different_cells_and_both_count() -> None:
    done = merge({"电话": "1", "住址": "甲"}, {"电话": "1", "住址": "乙"}, {"电话": "2"})
    assert (done.outcome, done.cells) == (Outcome.MERGED, {"电话": "2", "住址": "乙"})


def test_a_conflict_is_settled_cell_by_cell() -> None:
    before, theirs, mine = (
        {"电话": "1", "住址": "甲"},
        {"电话": "2", "住址": "乙"},
        {"电话": "3", "住址": "丙"},
    )
    assert [one.column for one in merge(before, theirs, mine).clashes] == ["电话", "住址"]
    assert settle(theirs, mine, {"电话": "mine", "住址": "theirs"}) == {"电话": "3", "住址": "乙"}


# -- comparing ----------------------------------------------------------------------------------
ROWS = st.lists(
    st.fixed_dictionaries({"k": st.sampled_from("abcde "), "v": st.sampled_from("xy")}), max_size=12
)
PEOPLE = st.lists(
    st.fixed_dictionaries({"n": st.sampled_from(["王秀英", "王秀瑛", "李强", ""]), "d": st.sampled_from(["19400101", "1940年1月2日"])}),
    max_size=8,
)  # fmt: skip


@given(ROWS, ROWS)
def test_counts_by_key_add_up(left: list[dict[str, str]], right: list[dict[str, str]]) -> None:
    lines, counts = compare(left, right, Matching(key=(("k", "k"),)), [("v", "v")])
    assert counts.sound
    assert sum(one.left is not None for one in lines) == len(left)
    assert sum(one.right is not None for one in lines) == len(right)


@given(PEOPLE, PEOPLE)
def test_counts_by_name_add_up(left: list[dict[str, str]], right: list[dict[str, str]]) -> None:
    lines, counts = compare(left, right, Matching(name=("n", "n"), birth=("d", "d")), [])
    assert counts.sound and len(lines) >= max(len(left), len(right))


def test_two_lists_cell_by_cell() -> None:
    left = [
        {"证": "1", "姓名": "甲", "住址": "Ａ"},
        {"证": "2", "姓名": "乙"},
        {"证": "3"},
        {"证": "9"},
        {"证": "9"},
        {"姓名": "无"},
    ]
    right = [{"号": "1", "姓名": "甲", "住址": "A"}, {"号": "2", "姓名": "丙"}, {"号": "4"}]
    lines, counts = compare(left, right, Matching(key=(("证", "号"),)), [("姓名", "姓名"), ("住址", "住址")])
    assert counts.to_dict() == {
        "left": 6, "right": 3, "only_left": 1, "only_right": 1, "differing": 1, "same": 1, "unsure_left": 3,
        "unsure_right": 0,
    }  # fmt: skip
    assert next(one for one in lines if one.side is Side.DIFFERING).cells == ("姓名",)
    assert sorted(one.why for one in lines if one.side is Side.UNSURE) == ["doubled", "doubled", "no_key"]


def test_names_alike_on_one_day_find_each_other_and_twins_do_not() -> None:
    left = [{"姓名": "欧阳建国", "生日": "1940-1-2"}, {"姓名": "王强", "生日": "1950-01-01"}]
    right = [
        {"姓名": "欧阳建囯", "生日": "19400102"}, {"姓名": "王强", "生日": "1950-01-01"}, {"姓名": "王强", "生日": "1950-01-01"}
    ]  # fmt: skip
    lines, counts = compare(
        left, right, Matching(name=("姓名", "姓名"), birth=("生日", "生日")), [("姓名", "姓名")]
    )
    assert counts.sound and counts.differing == 1
    assert [one.why for one in lines if one.side is Side.UNSURE] == ["several"] * 3


# -- what the city holds ------------------------------------------------------------------------
_ITEMS = [
    Item("身份证号", Kind.RESIDENT_ID, "人口库", "公安局", "t1", "id"), Item("姓名", Kind.TEXT, "人口库", "公安局", "t1", "name"),
    Item("手机号", Kind.PHONE, "人口库", "公安局"), Item("出生日期", Kind.DATE, "人口库", "公安局"),
    Item("住址", Kind.TEXT, "人口库", "公安局"), Item("月津贴标准", Kind.INTEGER, "津贴", "民政局"),
]  # fmt: skip
ITEMS = [replace(one, subjects=frozenset({"person"})) for one in _ITEMS]


@pytest.mark.parametrize(
    ("asked", "kind", "item"),
    [
        ("公民身份号码", Kind.TEXT, "身份证号"), ("联系电话", Kind.PHONE, "手机号"), ("老人姓名", Kind.TEXT, "姓名"),
        ("现居住地", Kind.TEXT, "住址"), ("出生年月", Kind.DATE, "出生日期"), ("津贴标准（元）", Kind.DECIMAL, "月津贴标准"),
    ],
)  # fmt: skip
def test_what_the_city_holds_is_not_asked_again(asked: str, kind: Kind, item: str) -> None:
    design = [Column("姓名", filling=Filling.BASE, table="t", source="s"), Column(asked, kind)]
    found = held.held(design, ITEMS, Bounds(0.8, 0.5), words.vocabulary())
    assert [(one.item, one.refused) for one in found] == [(item, True)]
    assert item in found[0].text.zh and "不得重复采集" in found[0].text.zh


@pytest.mark.parametrize(
    ("asked", "kind"),
    [("自理能力", Kind.TEXT), ("走访日期", Kind.DATE), ("出生日期", Kind.BOOLEAN), ("隐患程度", Kind.TEXT)],
)
def test_what_it_does_not_hold_may_be_asked(asked: str, kind: Kind) -> None:
    found = held.held([Column(asked, kind)], ITEMS, Bounds(0.8, 0.5), words.vocabulary())
    assert not [one for one in found if one.refused]


def test_data_about_something_else_only_warns() -> None:
    park = [
        Item("联系电话", Kind.PHONE, "公园", "园林局", subjects=frozenset({"firm"})),
        Item("备注", Kind.TEXT, "公园", "园林局"),
    ]
    found = held.held(
        [Column("姓名"), Column("手机号"), Column("备注")], park, Bounds(0.8, 0.5), words.vocabulary()
    )
    assert [(one.column, one.refused) for one in found] == [("手机号", False)]


def test_prefilled_columns_and_the_key_are_not_judged() -> None:
    design = [Column("身份证号"), Column("姓名", filling=Filling.BASE, table="t1", source="name")]
    assert held.held(design, ITEMS, Bounds(0.8, 0.5), words.vocabulary(), key="身份证号") == []


# -- columns and cells --------------------------------------------------------------------------
def test_starters_are_sound_designs() -> None:
    for one in words.starters():
        assert not columns.design_faults(one.columns), one.code
        assert not one.key or one.key in {column.name for column in one.columns}


def test_a_design_names_each_fault_at_its_column() -> None:
    rows = [
        {"name": "甲"},
        {"name": "甲"},
        {"name": "乙", "kind": "integer", "choices": ["1", "2"]},
        {"name": "丙", "kind": "x"},
    ]
    found, faults = columns.read_columns(rows)
    assert list(faults) == ["columns.3"] and len(found) == 3
    _found, faults = columns.read_columns(rows[:3])
    assert set(faults) == {"columns.1", "columns.2"}
    _found, faults = columns.read_columns([{"name": "甲", "filling": "base", "table": "t", "source": "s"}])
    assert "没有要填写的内容" in faults["columns"].zh


@pytest.mark.parametrize(
    ("text", "column", "kept", "fault"),
    [
        (" 2026年6月1日 ", Column("日", Kind.DATE), "2026-06-01", False), ("1,200", Column("数", Kind.INTEGER), "1200", False),
        ("有", Column("是", Kind.BOOLEAN), "是", False), ("也许", Column("是", Kind.BOOLEAN), "也许", True),
        ("110105194912310021", Column("证", Kind.RESIDENT_ID), "110105194912310021", True), ("", Column("空"), "", False),
        ("丙", Column("选", choices=("甲", "乙")), "丙", True), ("=cmd()", Column("字"), "=cmd()", False),
    ],
)  # fmt: skip
def test_cells_are_read_as_their_kind(text: str, column: Column, kept: str, fault: bool) -> None:
    found, wrong = columns.read_cell(text, column, TODAY)
    assert (found, wrong is not None) == (kept, fault)


def test_a_cell_as_the_source_has_it_is_not_judged() -> None:
    design = [Column("证", Kind.RESIDENT_ID, Filling.BASE, table="t", source="s")]
    assert columns.read_cells(design, {"证": "错的"}, {"证": "错的"}, TODAY) == ({"证": "错的"}, {})
    assert columns.read_cells(design, {"证": "另错"}, {"证": "错的"}, TODAY)[1].keys() == {"证"}
