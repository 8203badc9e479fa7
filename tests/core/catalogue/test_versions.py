"""Versions: what a change means to users, bulk editing and its undoing, merging two people's work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.catalogue import (
    CatalogueError,
    ChangeKind,
    DataType,
    Edit,
    Impact,
    Item,
    Level,
    Openness,
    Operation,
    Organ,
    Reason,
    Resource,
    ShareMode,
    ShareType,
    Side,
    Standards,
    UpdateCycle,
    apply,
    changes,
    impact_of,
    leaves,
    merge,
    next_version,
    plain,
    plan,
    rebuild,
    version_key,
)
from quancheng.core.text import Text
from tests.core.catalogue.worlds import DRIVERS, HEALTH, STANDARDS, STOPS, calm, many, resources, versions

LAX = Standards()


def impact(**edited: Any) -> Impact | None:
    return impact_of(changes(STOPS, replace(STOPS, **edited)))


def with_item(field: str, **edited: Any) -> tuple[Item, ...]:
    return tuple(replace(item, **edited) if item.field == field else item for item in STOPS.items)


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ({"name": Text("公交站点", "Stops")}, Impact.WORDING),
        ({"keywords": ("公交",)}, Impact.WORDING),
        ({"classes": ("307015",)}, Impact.WORDING),
        ({"items": STOPS.items[:-1]}, Impact.BREAKING),
        ({"items": (*STOPS.items, Item("city", Text.of("市"), DataType.TEXT, 4))}, Impact.ADDITIVE),
        ({"items": tuple(reversed(STOPS.items))}, Impact.WORDING),
        ({"items": with_item("stop_no", type=DataType.INTEGER)}, Impact.BREAKING),
        ({"items": with_item("stop_no", length=12)}, Impact.BREAKING),
        ({"items": with_item("stop_no", length=8)}, Impact.ADDITIVE),
        ({"items": with_item("stop_no", name=Text("编号", "No"))}, Impact.WORDING),
        ({"items": with_item("stop_no", share=ShareType.UNCONDITIONAL)}, None),
        ({"items": with_item("stop_no", share=ShareType.NONE)}, Impact.BREAKING),
        ({"items": with_item("stop_no", personal=True)}, Impact.BREAKING),
        ({"share": ShareType.CONDITIONAL}, Impact.BREAKING),
        ({"openness": Openness.CONDITIONAL}, Impact.BREAKING),
        ({"level": Level.TWO}, Impact.BREAKING),
        ({"cycle": UpdateCycle.DAILY}, Impact.ADDITIVE),
        ({"cycle": UpdateCycle.YEARLY}, Impact.BREAKING),
        ({"formats": ("CSV", "JSON", "XLSX")}, Impact.ADDITIVE),
        ({"formats": ("JSON", "CSV")}, Impact.WORDING),
        ({"formats": ("CSV",)}, Impact.BREAKING),
        ({"share_modes": (*STOPS.share_modes, ShareMode.TABLE)}, Impact.ADDITIVE),
        ({"provider": HEALTH}, Impact.BREAKING),
        ({"provider": Organ(STOPS.provider.code, Text("交通局", "Transport"))}, Impact.WORDING),
        ({"distributions": STOPS.distributions[:1]}, Impact.BREAKING),
        ({"modified": date(2030, 1, 1), "version": "9.0.0"}, None),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_what_a_change_means_to_those_who_use_the_data(
    edited: dict[str, Any], expected: Impact | None
) -> None:
    assert impact(**edited) is expected


def test_the_other_way_round_is_additive() -> None:
    strict = replace(STOPS, share=ShareType.CONDITIONAL)
    assert impact_of(changes(strict, STOPS)) is Impact.ADDITIVE


def test_a_change_is_told_in_a_sentence_the_strongest_first() -> None:
    after = replace(STOPS, name=Text("站", "Stop"), items=STOPS.items[1:])
    told = changes(STOPS, after)
    assert [(change.kind, change.text.zh) for change in told] == [
        (ChangeKind.REMOVED, "不兼容变更：信息项“stop_no”删除。"),
        (ChangeKind.CHANGED, "文字调整：信息资源名称变更。"),
    ]
    assert told[0].text.en == "Breaking: Item “stop_no” removed."


def test_the_strongest_change_numbers_the_version() -> None:
    assert next_version("1.4.2", Impact.BREAKING) == "2.0.0"
    assert next_version("1.4.2", Impact.ADDITIVE) == "1.5.0"
    assert next_version("1.4.2", Impact.WORDING) == "1.4.3"
    assert next_version("1.4.2", None) == "1.4.2"
    assert version_key("1.10.0") > version_key("1.9.9")
    with pytest.raises(ValueError, match="three numbers"):
        version_key("1.²")


@calm
@given(resources)
def test_nothing_changed_is_no_change(resource: Resource) -> None:
    assert changes(resource, resource) == ()
    assert rebuild(leaves(resource)) == resource


@calm
@given(resources, resources)
def test_what_one_way_adds_the_other_way_takes(one: Resource, other: Resource) -> None:
    there = {(change.path, change.kind) for change in changes(one, other)}
    back = {(change.path, change.kind) for change in changes(other, one)}
    turned = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}
    assert {(path, turned.get(kind, kind)) for path, kind in back} == there


# Bulk editing


def catalogue(*entries: Resource) -> dict[str, Resource]:
    return {entry.code: entry for entry in entries}


def test_four_hundred_entries_are_edited_looked_at_and_put_back() -> None:
    before = catalogue(*many(400))
    wish = [
        Edit(("cycle",), Operation.SET, UpdateCycle.WEEKLY),
        Edit(("keywords",), Operation.ADD, "出行"),
        Edit(("name",), Operation.REPLACE, ("公交", "公共交通")),
        Edit(("items", "*", "note"), Operation.SET, "见数据字典"),
    ]
    made = plan(before, wish, STANDARDS)
    assert made.refused == () and len(made.codes) == 400
    assert len(made.steps) == 400 * (3 + 4)
    done = apply(before, made)
    assert done.resources["307015/7"].name.zh == "公共交通站列表第7期"
    assert {item.note for item in done.resources["307015/7"].items} == {"见数据字典"}
    assert before["307015/7"].cycle is UpdateCycle.MONTHLY
    assert apply(done.resources, done.undo).resources == before


def test_what_would_become_wrong_is_refused_as_a_whole_with_its_reason() -> None:
    before = catalogue(STOPS, DRIVERS)
    made = plan(before, [Edit(("openness",), Operation.SET, "open")], STANDARDS)
    assert made.codes == () and made.unchanged == ("307015/1",)
    assert {(finding.resource, finding.field, finding.reason) for finding in made.refused} == {
        ("307015/2", "openness", Reason.LEVEL_FORBIDS),
        ("307015/2", "items[name].openness", Reason.PERSONAL_OPEN),
    }


def test_an_old_fault_does_not_stop_the_repair_of_another() -> None:
    broken = replace(STOPS, formats=("MP3",), abstract=Text("", ""))
    text = {"zh": "全市公交站点。", "en": "Stops."}
    made = plan(catalogue(broken), [Edit(("abstract",), Operation.SET, text)], STANDARDS)
    assert made.refused == () and made.codes == ("307015/1",)


def test_items_come_and_go_and_come_back_in_their_place() -> None:
    before = catalogue(STOPS)
    city = Item("city", Text("城市", "City"), DataType.TEXT, 10)
    wish = [
        Edit(("items",), Operation.ADD, city),
        Edit(("items",), Operation.REMOVE, "stop_name"),
    ]
    done = apply(before, plan(before, wish, STANDARDS))
    fields = [item.field for item in done.resources["307015/1"].items]
    assert fields == ["stop_no", "longitude", "latitude", "city"]
    assert apply(done.resources, done.undo).resources == before


def test_undo_leaves_alone_what_others_did_elsewhere_and_stops_where_they_did_here() -> None:
    before = catalogue(STOPS)
    done = apply(before, plan(before, [Edit(("cycle",), Operation.SET, "daily")], STANDARDS))
    elsewhere = catalogue(replace(done.resources["307015/1"], keywords=("新",)))
    undone = apply(elsewhere, done.undo).resources["307015/1"]
    assert (undone.cycle, undone.keywords) == (UpdateCycle.MONTHLY, ("新",))
    here = catalogue(replace(done.resources["307015/1"], cycle=UpdateCycle.YEARLY))
    with pytest.raises(CatalogueError) as caught:
        apply(here, done.undo)
    assert [(f.resource, f.field, f.reason) for f in caught.value.findings] == [
        ("307015/1", "cycle", Reason.STALE)
    ]


def test_a_plan_is_applied_wholly_or_not_at_all() -> None:
    before = catalogue(*many(3))
    made = plan(before, [Edit(("cycle",), Operation.SET, "daily")], STANDARDS)
    moved = before | {"307015/2": replace(before["307015/2"], cycle=UpdateCycle.WEEKLY)}
    del moved["307015/3"]
    with pytest.raises(CatalogueError) as caught:
        apply(moved, made)
    assert [(f.resource, f.reason) for f in caught.value.findings] == [
        ("307015/2", Reason.STALE),
        ("307015/3", Reason.STALE),
    ]
    assert moved["307015/1"].cycle is UpdateCycle.MONTHLY


@pytest.mark.parametrize(
    "edit",
    [
        Edit(("code",), Operation.SET, "307015/9"),
        Edit(("colour",), Operation.SET, "red"),
        Edit(("items", "no_such", "note"), Operation.SET, "x"),
        Edit(("cycle",), Operation.SET, "sometimes"),
        Edit(("cycle",), Operation.ADD, "daily"),
        Edit(("items",), Operation.ADD, {"name": "x"}),
        Edit(("items",), Operation.ADD, STOPS.items[0]),
        Edit(("items",), Operation.SET, []),
        Edit(("level",), Operation.SET, {"__class__": "x"}),
        Edit(("cycle",), Operation.SET, "daily", ("307015/404",)),
    ],
)
def test_a_wish_that_fits_nowhere_is_refused_with_a_reason(edit: Edit) -> None:
    made = plan(catalogue(STOPS), [edit], STANDARDS)
    assert made.steps == () and made.refused != ()


def test_the_approved_digest_changes_with_any_step() -> None:
    before = catalogue(*many(2))
    one = plan(before, [Edit(("cycle",), Operation.SET, "daily")], STANDARDS)
    again = plan(before, [Edit(("cycle",), Operation.SET, UpdateCycle.DAILY)], STANDARDS)
    other = plan(before, [Edit(("cycle",), Operation.SET, "weekly")], STANDARDS)
    assert one.digest == again.digest != other.digest


@calm
@given(
    st.lists(resources, min_size=1, max_size=3, unique_by=lambda one: one.code),
    st.lists(
        st.sampled_from(
            [
                Edit(("cycle",), Operation.SET, "daily"),
                Edit(("keywords",), Operation.ADD, "新"),
                Edit(("formats",), Operation.REMOVE, "CSV"),
                Edit(("name",), Operation.REPLACE, ("公", "共")),
                Edit(("items", "*", "level"), Operation.SET, None),
                Edit(("items",), Operation.ADD, Item("zz", Text.of("末"), DataType.DATE)),
                Edit(("items",), Operation.REMOVE, "a"),
                Edit(("distributions",), Operation.REMOVE, "b"),
            ]
        ),
        max_size=5,
    ),
)
def test_undoing_always_gives_back_what_was(entries: list[Resource], edits: list[Edit]) -> None:
    before = catalogue(*entries)
    done = apply(before, plan(before, edits, LAX))
    assert apply(done.resources, done.undo).resources == before


# Merging


def test_two_people_who_touched_different_places_both_get_their_way() -> None:
    ours = replace(STOPS, cycle=UpdateCycle.DAILY, keywords=("公交", "站点", "出行"), items=STOPS.items[1:])
    theirs = replace(
        STOPS,
        name=Text("公交站点", "Bus stops"),
        keywords=("站点", "地图"),
        items=(*with_item("stop_name", length=80), Item("city", Text.of("市"), DataType.TEXT, 4)),
    )
    merged = merge(STOPS, ours, theirs)
    assert merged.conflicts == () and merged.resource is not None
    assert merged.resource.cycle is UpdateCycle.DAILY
    assert merged.resource.name.zh == "公交站点"
    assert merged.resource.keywords == ("站点", "出行", "地图")
    assert [item.field for item in merged.resource.items] == ["stop_name", "longitude", "latitude", "city"]
    assert merged.resource.items[0].length == 80


def test_both_at_the_same_place_is_a_conflict_that_a_person_decides() -> None:
    ours = replace(STOPS, cycle=UpdateCycle.DAILY, items=with_item("stop_no", length=12))
    theirs = replace(STOPS, cycle=UpdateCycle.WEEKLY, items=STOPS.items[1:])
    merged = merge(STOPS, ours, theirs)
    assert merged.resource is None
    assert [conflict.path for conflict in merged.conflicts] == [("cycle",), ("items", "stop_no")]
    assert (merged.conflicts[0].base, merged.conflicts[0].ours, merged.conflicts[0].theirs) == (
        "monthly",
        "daily",
        "weekly",
    )
    assert merged.conflicts[1].theirs is None
    assert merged.conflicts[1].text.zh == "双方都修改了信息项“stop_no”，且不一致。"
    half = merge(STOPS, ours, theirs, {("cycle",): Side.THEIRS})
    assert half.resource is None
    decided = merge(STOPS, ours, theirs, {("cycle",): Side.THEIRS, ("items", "stop_no"): Side.OURS})
    assert decided.resource is not None
    assert decided.resource.cycle is UpdateCycle.WEEKLY
    kept = decided.resource.item("stop_no")
    assert kept is not None and kept.length == 12


def test_the_source_wins_and_the_conflict_is_still_told() -> None:
    ours, theirs = replace(STOPS, level=Level.TWO), replace(STOPS, level=Level.THREE)
    merged = merge(STOPS, ours, theirs, prefer=Side.THEIRS)
    assert merged.resource is not None and merged.resource.level is Level.THREE
    assert [conflict.path for conflict in merged.conflicts] == [("level",)]


def test_the_later_date_and_version_are_kept_without_asking() -> None:
    ours = replace(STOPS, modified=date(2026, 11, 5), version="1.10.0")
    theirs = replace(STOPS, modified=date(2026, 11, 4), version="1.9.0")
    merged = merge(STOPS, ours, theirs).resource
    assert merged is not None and (merged.modified, merged.version) == (date(2026, 11, 5), "1.10.0")


@pytest.mark.parametrize("mine", [("307015", "101"), ("101", "307015"), ("307015",)])
def test_moving_home_and_adding_a_class_go_together(mine: tuple[str, ...]) -> None:
    theirs = replace(STOPS, classes=("307015", "207001", "207"))
    merged = merge(STOPS, replace(STOPS, classes=mine), theirs).resource
    assert merged is not None
    assert merged.classes[0] == mine[0] and "207" in merged.classes and "207001" not in merged.classes


@calm
@given(versions(1))
def test_only_one_side_changed_gives_that_side(pair: tuple[Resource, ...]) -> None:
    base, other = pair
    assert merge(base, base, other).resource == other
    assert merge(base, other, base).resource == other
    assert merge(base, other, other).resource == other


@calm
@given(versions(2))
def test_both_directions_find_the_same_conflicts_and_the_same_values(three: tuple[Resource, ...]) -> None:
    base, ours, theirs = three
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert {(c.path, str(c.ours), str(c.theirs)) for c in one.conflicts} == {
        (c.path, str(c.theirs), str(c.ours)) for c in other.conflicts
    }
    assert (one.resource is None) == bool(one.conflicts)
    preferred = merge(base, ours, theirs, prefer=Side.OURS).resource
    mirrored = merge(base, theirs, ours, prefer=Side.THEIRS).resource
    assert preferred is not None and mirrored is not None
    left, right = plain(preferred), plain(mirrored)
    assert {key: _sorted(left[key]) for key in left} == {key: _sorted(right[key]) for key in right}


@calm
@given(versions(2))
def test_what_one_side_alone_changed_is_in_the_merge(three: tuple[Resource, ...]) -> None:
    base, ours, theirs = three
    merged = merge(base, ours, theirs, prefer=Side.THEIRS).resource
    assert merged is not None
    flat, changed, untouched = leaves(merged), leaves(ours), leaves(theirs)
    for path, value in leaves(base).items():
        same = path in untouched and untouched[path] == value
        if len(path) == 1 and path[0] not in ("items", "distributions") and same:
            assert flat[path] == changed[path]


def _sorted(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value
