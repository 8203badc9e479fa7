"""Checking entries: everything at once, the stricter rule, hostile texts; the three views."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.catalogue import (
    CatalogueError,
    Category,
    ClassTree,
    DataType,
    Finding,
    Item,
    Level,
    Openness,
    Reason,
    Resource,
    Severity,
    ShareMode,
    ShareType,
    Standards,
    Term,
    UpdateCycle,
    View,
    check,
    check_all,
    errors_of,
    in_force,
    is_address,
    level_of,
    open_items,
    plain,
    read_field,
    read_resource,
    shared_items,
)
from quancheng.core.text import Text
from tests.core.catalogue.worlds import DRIVERS, STANDARDS, STOPS, TREE, calm, many, resources


def found(resource: Resource, standards: Standards = STANDARDS) -> set[tuple[str, Reason]]:
    return {(finding.field, finding.reason) for finding in check(resource, standards)}


def test_a_good_entry_has_no_findings() -> None:
    assert check(STOPS, STANDARDS) == ()
    assert check(DRIVERS, STANDARDS) == ()


def test_a_careless_entry_gets_all_its_findings_at_once() -> None:
    careless = replace(
        STOPS,
        code="307016/1",
        name=Text(" ", ""),
        classes=("307015", "999999", "999999"),
        formats=("CSV", "MP3"),
        share=ShareType.CONDITIONAL,
        share_modes=(),
        level=Level.THREE,
        modified=date(2025, 1, 1),
        related=("307016/1",),
        items=(
            Item("a-b", Text("甲", "A"), DataType.DOUBLE, 0),
            Item("c", Text("", ""), DataType.DOUBLE, share=ShareType.UNCONDITIONAL),
            Item("C", Text("丙", "C"), DataType.TEXT, None, level=Level.FOUR),
        ),
    )
    assert found(careless) == {
        ("code", Reason.MALFORMED),
        ("name", Reason.MISSING),
        ("classes", Reason.UNKNOWN),
        ("classes", Reason.DUPLICATE),
        ("formats", Reason.UNKNOWN),
        ("share_condition", Reason.MISSING),
        ("share_modes", Reason.MISSING),
        ("openness", Reason.LEVEL_FORBIDS),
        ("modified", Reason.DATE_ORDER),
        ("related", Reason.SELF_REFERENCE),
        ("items[a-b].field", Reason.MALFORMED),
        ("items[a-b].length", Reason.MALFORMED),
        ("items[c].name", Reason.MISSING),
        ("items[c].share", Reason.LOOSER_THAN_RESOURCE),
        ("items[c].field", Reason.DUPLICATE),
        ("items[C].length", Reason.MISSING),
        ("level", Reason.ABOVE_RESOURCE_LEVEL),
    }


def test_every_finding_speaks_both_languages() -> None:
    bad = replace(STOPS, code="", name=Text("", ""), classes=(), formats=(), items=(), share_modes=())
    for finding in check(bad, STANDARDS):
        assert finding.text.zh.endswith("。") and finding.text.en.endswith(".")


def test_not_sharing_needs_a_law_and_closes_the_data() -> None:
    secret = replace(STOPS, share=ShareType.NONE)
    assert ("share_basis", Reason.MISSING) in found(secret)
    assert ("openness", Reason.OPEN_BUT_NOT_SHARED) in found(secret)
    assert ("share_modes", Reason.UNNEEDED) in found(secret)
    lawful = replace(
        secret, share_basis="《中华人民共和国统计法》第十一条", openness=Openness.CLOSED, share_modes=()
    )
    assert errors_of(check(lawful, STANDARDS)) == ()


def test_personal_data_never_opens_by_following_its_resource() -> None:
    phone = Item("phone", Text("电话", "Phone"), DataType.TEXT, 11, personal=True)
    leaky = replace(STOPS, items=(*STOPS.items, phone))
    assert found(leaky) == {("items[phone].openness", Reason.PERSONAL_OPEN)}
    shut = replace(STOPS, items=(*STOPS.items, replace(phone, openness=Openness.CLOSED)))
    assert found(shut) == set()


def test_an_entry_of_which_nothing_is_shared_does_not_call_itself_shared() -> None:
    empty = replace(STOPS, items=tuple(replace(item, share=ShareType.NONE) for item in STOPS.items))
    assert ("share", Reason.NOTHING_SHARED) in found(empty)
    assert ("openness", Reason.NOTHING_OPEN) in found(empty)


def test_invisible_characters_are_named() -> None:
    tricked = replace(STOPS, name=Text("公交\u202e站", "x"), keywords=("a\u200bb",))
    assert found(tricked) == {("name", Reason.UNPRINTABLE), ("keywords[0]", Reason.UNPRINTABLE)}
    assert "U+202E" in check(tricked, STANDARDS)[0].text.zh


def test_texts_have_the_lengths_that_the_standard_passed_in_says() -> None:
    long = replace(STOPS, name=Text("公" * 61, "x"))
    assert found(long) == {("name", Reason.TOO_LONG)}
    assert found(long, replace(STANDARDS, lengths={})) == set()


def test_the_organ_code_is_judged_by_whoever_knows() -> None:
    assert found(STOPS, replace(STANDARDS, organ_code_ok=lambda code: False)) == {
        ("provider.code", Reason.MALFORMED)
    }


def test_a_whole_catalogue_is_checked_for_doubles_and_dead_links() -> None:
    twin = replace(DRIVERS, code="307015/1")
    lost = replace(STOPS, code="307015/3", related=("307015/9",))
    findings = check_all([STOPS, twin, lost], STANDARDS)
    doubles = [f for f in findings if f.reason is Reason.DUPLICATE and f.field == "code"]
    assert [f.resource for f in doubles] == ["307015/1", "307015/1"]
    names = [f for f in findings if f.reason is Reason.DUPLICATE and f.field == "name"]
    assert {f.resource for f in names} == {"307015/1", "307015/3"}
    assert (
        Finding(
            "307015/3",
            "related",
            Reason.UNKNOWN,
            Text("关联资源“307015/9”不在目录中。", "The related entry “307015/9” is not in the catalogue."),
            Severity.WARNING,
        )
        in findings
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "ftp://x.cn/a",
        "javascript:alert(1)",
        "http://",
        "https:///path",
        "https://user@x.cn/",
        "https://x.cn/a b",
        "https://x.cn/<a>",
        "https://x.cn/\u202e",
        "https://:80/",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    assert not is_address(url)


@calm
@given(resources)
def test_what_is_in_force_is_never_looser_than_resource_or_item(resource: Resource) -> None:
    for item in resource.items:
        holds = in_force(resource, item)
        assert holds.share.rank >= max(resource.share.rank, (item.share or resource.share).rank)
        assert holds.openness.rank >= max(resource.openness.rank, (item.openness or resource.openness).rank)
        assert holds.level.rank <= level_of(resource).rank
        if item in open_items(resource):
            assert item in shared_items(resource)


@calm
@given(resources)
def test_checking_never_fails_and_names_the_entry(resource: Resource) -> None:
    for finding in check(resource, STANDARDS):
        assert finding.resource == resource.code
        assert finding.text.zh and finding.text.en


@calm
@given(resources)
def test_an_entry_survives_being_written_and_read(resource: Resource) -> None:
    assert read_resource(plain(resource)) == resource


def test_reading_reports_everything_that_is_wrong() -> None:
    values = plain(STOPS)
    values |= {"share": "maybe", "issued": "20260105", "levle": "1", "version": "1", "name": {"fr": "arrêts"}}
    values["items"][1]["length"] = "forty"
    values["items"][2]["type"] = "blob"
    del values["cycle"]
    with pytest.raises(CatalogueError) as caught:
        read_resource(values)
    assert [(finding.field, finding.reason) for finding in caught.value.findings] == [
        ("cycle", Reason.MISSING),
        ("issued", Reason.MALFORMED),
        ("items[longitude].type", Reason.MALFORMED),
        ("items[stop_name].length", Reason.MALFORMED),
        ("levle", Reason.UNKNOWN_KEY),
        ("name", Reason.MALFORMED),
        ("share", Reason.MALFORMED),
        ("version", Reason.MALFORMED),
    ]
    assert "levle" in caught.value.text.en


@pytest.mark.parametrize("value", [None, 7, "x", {"field": "a"}, [[]], ["\ud800"], [{"field": 1}]])
def test_nonsense_is_refused_not_crashed_on(value: object) -> None:
    with pytest.raises(CatalogueError):
        read_field("items", value)
    with pytest.raises(CatalogueError):
        read_resource({"items": value, "name": value})


def test_every_term_has_a_label_and_a_place() -> None:
    for vocabulary in Term.__subclasses__():
        terms = list(vocabulary)
        assert [term.rank for term in terms] == list(range(len(terms)))
        assert len({term.label.zh for term in terms}) == len(terms)
    assert (ShareType.CONDITIONAL.number, DataType.TEXT.number, ShareMode.API.number) == ("2", "C", "")
    promised = [cycle.period for cycle in UpdateCycle if cycle.period is not None]
    assert promised == sorted(promised) and UpdateCycle.IRREGULAR.period is None


def test_one_entry_appears_in_two_views_and_counts_once_in_each() -> None:
    twice = replace(STOPS, classes=("307015", "207001", "207"))
    theme = TREE.view(View.THEME, [twice, DRIVERS])
    assert [(branch.category.code, branch.depth, branch.own, branch.total) for branch in theme] == [
        ("2", 0, (), 1),
        ("207", 1, ("307015/1",), 1),
        ("207001", 2, ("307015/1",), 1),
    ]
    departments = TREE.view(View.DEPARTMENT, [twice, DRIVERS])
    assert [branch.total for branch in departments] == [2, 2, 2]
    assert [step.code for step in TREE.path("307015")] == ["3", "307", "307015"]
    assert TREE.under("207") == {"207", "207001"}
    assert [category.code for category in TREE.children()] == ["1", "2", "3"]


def test_a_tree_that_is_none_is_refused_with_every_reason() -> None:
    def category(code: str, parent: str = "", view: View = View.BASE) -> Category:
        return Category(code, Text.of(code), view, parent)

    rows = [
        category("1"),
        category("1"),
        category("2", "9"),
        category("3", "2"),
        category("4", "5"),
        category("5", "4"),
        category("6", "1", View.THEME),
    ]
    with pytest.raises(CatalogueError) as caught:
        ClassTree(rows)
    assert {(finding.resource, finding.reason) for finding in caught.value.findings} == {
        ("1", Reason.DUPLICATE),
        ("2", Reason.UNKNOWN),
        ("4", Reason.SELF_REFERENCE),
        ("5", Reason.SELF_REFERENCE),
        ("6", Reason.MALFORMED),
    }


@calm
@given(st.lists(st.sampled_from(["101", "1", "2", "207", "207001", "307", "307015"]), max_size=5))
def test_a_parent_counts_what_its_children_do(classes: list[str]) -> None:
    entries = [replace(one, classes=(name,)) for one, name in zip(many(len(classes)), classes, strict=True)]
    for view in View:
        for branch in TREE.view(view, entries):
            below = TREE.under(branch.category.code)
            assert branch.total == sum(name in below for name in classes)
