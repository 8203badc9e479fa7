"""Stories of who owns a row: corrections, hand-overs, lost memories, forgeries; the source wins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quancheng.core.cascade import (
    Batch,
    BatchKind,
    CascadeError,
    Clause,
    Entry,
    Finding,
    HandOver,
    Link,
    Node,
    Notice,
    Put,
    Reason,
    Reclaim,
    Remove,
    RowId,
    SetCursor,
    Status,
    Version,
    compact,
    correction_of,
    homecoming,
    repair,
    settle,
    verdict_of,
)
from tests.core.cascade.worlds import ALL, CORRECTIONS, TABLE, World, firm, province_city_districts


def test_a_row_made_again_after_its_tombstone_was_forgotten_is_newer_than_it() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"), firm("山东", "2"))
    world.do("山东", TABLE, Remove(RowId("山东", "1")))
    world.do("山东", TABLE, firm("山东", "1"), Remove(RowId("山东", "2")))
    world.settle()
    world.do("山东", TABLE, Remove(RowId("山东", "1")))
    world.settle()
    world.now += 10
    world.keep("山东", compact(world.nodes["山东"], world.ledgers["山东"], TABLE, world.now, world.now))
    world.do("山东", TABLE, firm("山东", "1", body="again"))
    world.settle()
    world.expect_equal()
    assert world.living("历下", TABLE)["山东", "1"].body == "again"


def test_a_change_on_the_wrong_node_becomes_a_correction_that_the_owner_answers() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    wish = firm("山东", "1", body='{"name":"改"}')
    outcome = world.do("历下", TABLE, wish)
    assert [notice.finding for notice in outcome.notices] == [Finding.CORRECTION_SENT]
    assert outcome.changes == ()
    assert world.do("历下", TABLE, wish).writes == ()
    world.settle((TABLE, CORRECTIONS))
    due = [n for who, n in world.notices if who == "山东" and isinstance(n, Notice)]
    assert [notice.finding for notice in due] == [Finding.CORRECTION_DUE]
    asked = correction_of(due[0].row)
    assert asked is not None and asked.body == '{"name":"改"}' and asked.row == ("山东", "1")
    province = world.nodes["山东"]
    world.keep(
        "山东",
        settle(province, world.ledgers["山东"], TABLE, due[0].row.id, True, "已核实", world.now),
    )
    world.settle((TABLE, CORRECTIONS))
    assert world.living("历下", TABLE)["山东", "1"].body == '{"name":"改"}'
    answers = [verdict_of(row) for row in world.living("历下", CORRECTIONS).values()]
    assert [(a.accepted, a.note) for a in answers if a] == [(True, "已核实")]
    again = settle(province, world.ledgers["山东"], TABLE, due[0].row.id, True, "已核实", world.now)
    assert again.writes == ()


def test_who_does_not_own_a_row_can_neither_hand_it_over_nor_answer_for_it() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    with pytest.raises(CascadeError) as refused:
        world.do("济南", TABLE, HandOver(RowId("山东", "1"), "历下"))
    assert refused.value.reason is Reason.NOT_OWNER
    with pytest.raises(CascadeError) as refused:
        world.do("济南", TABLE, firm("山东", "nobody"))
    assert refused.value.reason is Reason.UNKNOWN_ROW
    with pytest.raises(CascadeError) as refused:
        settle(world.nodes["济南"], world.ledgers["济南"], TABLE, RowId("历下", "x"), True, "", 0)
    assert refused.value.reason is Reason.UNKNOWN_ROW


def test_ownership_moves_once_and_the_old_owner_can_only_ask() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    world.do("山东", TABLE, HandOver(RowId("山东", "1"), "历下"))
    world.settle()
    world.expect_equal()
    row = world.living("山东", TABLE)["山东", "1"]
    assert row.owner == "历下" and row.version.term == 2 and row.former == ("山东",)
    world.do("历下", TABLE, firm("山东", "1", body="历下改"))
    outcome = world.do("山东", TABLE, firm("山东", "1", body="山东改"))
    assert [notice.finding for notice in outcome.notices] == [Finding.CORRECTION_SENT]
    world.settle((TABLE, CORRECTIONS))
    assert world.living("市中", TABLE) == {}
    assert world.living("山东", TABLE)["山东", "1"].body == "历下改"


def test_a_former_owner_outside_the_jurisdiction_loses_its_copy() -> None:
    world = province_city_districts()
    world.do("历下", TABLE, firm("历下", "1"))
    world.settle()
    world.do("历下", TABLE, HandOver(RowId("历下", "1"), "济南"))
    world.settle()
    world.do("济南", TABLE, firm("历下", "1", region="370103"))
    world.settle()
    world.expect_equal()
    assert not world.living("历下", TABLE)
    assert set(world.living("市中", TABLE)) == {("历下", "1")}


def test_a_hand_over_is_taken_back_while_nobody_took_it() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    world.cut.add(frozenset(("山东", "济南")))
    world.do("山东", TABLE, HandOver(RowId("山东", "1"), "济南"))
    world.do("山东", TABLE, Reclaim(RowId("山东", "1")), firm("山东", "1", body="mine"))
    world.cut.clear()
    world.settle()
    world.expect_equal()
    assert world.living("历下", TABLE)["山东", "1"].owner == "山东"
    with pytest.raises(CascadeError) as refused:
        world.do("山东", TABLE, Reclaim(RowId("山东", "1")))
    assert refused.value.reason is Reason.NOT_RECLAIMABLE


def test_a_taken_hand_over_that_was_reclaimed_meanwhile_goes_to_the_greater_term() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    world.do("山东", TABLE, HandOver(RowId("山东", "1"), "济南"))
    world.step("山东", "济南", TABLE)
    world.do("济南", TABLE, firm("山东", "1", body="济南"))
    world.do("山东", TABLE, Reclaim(RowId("山东", "1")))
    world.settle()
    world.expect_equal()
    assert world.living("济南", TABLE)["山东", "1"].owner == "山东"
    assert Finding.OFFICE_LOST in {n.finding for who, n in world.notices if who == "济南"}


@pytest.mark.parametrize("edits", [0, 5])
def test_a_hand_over_passed_on_while_it_was_reclaimed_leaves_one_owner(edits: int) -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    world.do("山东", TABLE, HandOver(RowId("山东", "1"), "济南"))
    world.step("山东", "济南", TABLE)
    world.do("济南", TABLE, HandOver(RowId("山东", "1"), "历下"))
    world.step("济南", "历下", TABLE)
    for turn in range(edits):
        world.do("历下", TABLE, firm("山东", "1", body=f"历下 {turn}"))
    world.do("山东", TABLE, Reclaim(RowId("山东", "1")))
    world.settle()
    world.expect_equal()
    assert world.living("济南", TABLE)["山东", "1"].owner == ("历下" if edits else "山东")


def test_a_source_restored_without_a_new_epoch_is_found_and_recovers_with_one() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"), firm("山东", "2"))
    world.settle()
    saved = world.backup("山东")
    world.do("山东", TABLE, firm("山东", "1", body="newer"), firm("山东", "3"))
    world.settle()
    world.ledgers["山东"] = saved
    with pytest.raises(CascadeError) as refused:
        world.ask("山东", "济南", TABLE)
    assert refused.value.reason is Reason.REWOUND
    world.reopen("山东", TABLE, 2)
    world.settle()
    world.expect_equal()
    assert world.living("历下", TABLE)["山东", "1"].body == '{"name":"泉水公司"}'
    lost = [n.row for who, n in world.notices if isinstance(n, Notice) and who == "济南"]
    assert [(row.id.local, row.body) for row in lost] == [("3", '{"name":"泉水公司"}')]


def test_a_source_that_takes_its_rows_home_first_loses_nothing() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"), firm("山东", "2"))
    world.settle()
    saved = world.backup("山东")
    world.do("山东", TABLE, firm("山东", "1", body="newer"), *(firm("山东", f"n{i}") for i in range(5)))
    world.settle()
    before = {key: row.body for key, row in world.living("济南", TABLE).items()}
    world.ledgers["山东"] = saved
    after, more = None, True
    while more:
        batch = homecoming(world.nodes["济南"], world.ledgers["济南"], "山东", TABLE, after, 2)
        assert world.hear(batch).reason is Reason.NOT_ASKED
        assert world.hear(batch, homecoming=True).status is Status.APPLIED
        after, more = batch.upto, batch.more
    world.reopen("山东", TABLE, 2)
    world.settle()
    world.expect_equal()
    assert {key: row.body for key, row in world.living("济南", TABLE).items()} == before
    assert len(before) == 7


def test_a_forged_version_of_our_own_row_is_answered_with_a_greater_one() -> None:
    world = province_city_districts()
    world.do("历下", TABLE, firm("历下", "1"))
    world.settle()
    held = world.ledgers["济南"].get(TABLE, RowId("历下", "1"))
    assert held is not None
    forged = replace(held.row, version=Version(1, 1, 99), body="forged")
    world.do("济南", TABLE, firm("济南", "2"))
    batch = world.ask("济南", "历下", TABLE)
    assert batch is not None
    lie = replace(batch, entries=(Entry(forged, ("济南",), batch.through),))
    assert [notice.finding for notice in world.hear(lie).notices] == [Finding.REWOUND]
    assert world.living("历下", TABLE)["历下", "1"].version == (1, 1, 100)
    world.settle()
    assert world.living("山东", TABLE)["历下", "1"].body == '{"name":"泉水公司"}'
    endless = replace(lie, entries=(Entry(replace(forged, version=Version(1, 1, 2**53)), ("济南",), 9),))
    assert world.hear(replace(endless, through=9)).reason is Reason.BAD_FIELD


def test_two_contents_of_one_version_come_to_the_same_choice_everywhere_and_are_told() -> None:
    for first, second in (("x", "y"), ("y", "x")):
        world = province_city_districts()
        world.do("历下", TABLE, firm("历下", "1", body=first))
        world.settle()
        held = world.ledgers["济南"].get(TABLE, RowId("历下", "1"))
        assert held is not None
        other = replace(held.row, body=second)
        cursor = world.ledgers["济南"].cursor(TABLE, "历下")
        assert cursor is not None
        batch = Batch(
            BatchKind.DELTA, "历下", "济南", TABLE, 1, cursor.seq, 9, 1, (Entry(other, ("历下",), 9),)
        )
        assert [notice.finding for notice in world.hear(batch).notices] == [Finding.FORKED]
        chosen = world.living("济南", TABLE)["历下", "1"]
        assert chosen.digest() == max(held.row.digest(), other.digest())


def test_a_deleted_row_that_a_forgetful_neighbour_brings_back_is_deleted_again() -> None:
    world = province_city_districts()
    world.do("历下", TABLE, firm("历下", "1"))
    world.settle()
    zombie = world.living("济南", TABLE)["历下", "1"]
    world.do("历下", TABLE, Remove(zombie.id))
    world.now += 10
    world.keep("历下", compact(world.nodes["历下"], world.ledgers["历下"], TABLE, world.now, world.now))
    cursor = world.ledgers["历下"].cursor(TABLE, "济南")
    assert cursor is not None
    batch = Batch(
        BatchKind.DELTA, "济南", "历下", TABLE, 1, cursor.seq, 9, 1, (Entry(zombie, ("x", "济南"), 9),)
    )
    assert [notice.finding for notice in world.hear(batch).notices] == [Finding.ZOMBIE]
    assert not world.living("历下", TABLE)
    world.ledgers["历下"].write([SetCursor(TABLE, "济南", cursor)])
    world.settle()
    world.expect_equal()


def test_an_old_epoch_is_refused_and_recovery_can_be_begun_again() -> None:
    world = province_city_districts()
    world.do("历下", TABLE, *(firm("历下", str(i)) for i in range(5)))
    world.reopen("历下", TABLE, 3)
    before = world.ledgers["历下"].head(TABLE)
    world.reopen("历下", TABLE, 3)
    assert world.ledgers["历下"].head(TABLE) == before
    with pytest.raises(CascadeError) as refused:
        world.reopen("历下", TABLE, 2)
    assert refused.value.reason is Reason.OLD_EPOCH


def _one_way_street() -> World:
    """甲 – 乙 – 丙 – 丁: rows of any owner go down the street, up it only those of its upper end."""
    up = (Clause(owners=("甲",)),)
    return World(
        [
            Node("甲", (Link("乙", ALL),)),
            Node("乙", (Link("甲", up), Link("丙", ALL))),
            Node("丙", (Link("乙", up), Link("丁", ALL))),
            Node("丁", (Link("丙", up),)),
        ]
    )


def test_a_hand_over_down_a_one_way_street_leaves_no_untaken_copy_behind() -> None:
    world = _one_way_street()
    row = RowId("甲", "1")
    world.do("甲", TABLE, firm("甲", "1"))
    world.settle()
    world.do("甲", TABLE, HandOver(row, "丁"))
    world.settle()
    world.expect_equal()
    assert world.living("丁", TABLE)[row].owner == "丁"
    assert all(row not in world.living(name, TABLE) for name in "甲乙丙")
    world.do("丁", TABLE, firm("甲", "1", body="later"))
    world.settle()
    world.expect_equal()
    assert world.settle() == 0
    with pytest.raises(CascadeError) as refused:
        world.do("甲", TABLE, Reclaim(row))
    assert refused.value.reason is Reason.NOT_RECLAIMABLE


def test_the_news_of_a_taken_hand_over_survives_snapshots_and_forgetting() -> None:
    world = _one_way_street()
    row = RowId("甲", "1")
    world.do("甲", TABLE, firm("甲", "1"), HandOver(row, "丁"))
    world.cut = {frozenset("甲乙")}
    world.settle()
    world.cut = set()
    while world.step("甲", "乙", TABLE) is not None:
        pass
    world.cut = {frozenset("甲乙")}
    world.settle()
    world.now += 10
    for name in "乙丙丁":
        world.keep(name, compact(world.nodes[name], world.ledgers[name], TABLE, world.now, world.now))
        world.reopen(name, TABLE, 2)
    assert row in world.living("甲", TABLE)
    world.cut = set()
    world.settle()
    world.expect_equal()
    assert row not in world.living("甲", TABLE)
    assert world.settle() == 0


def test_a_row_that_was_handed_over_twice_leaves_both_former_owners() -> None:
    world = _one_way_street()
    row = RowId("甲", "1")
    world.do("甲", TABLE, firm("甲", "1"), HandOver(row, "丙"))
    world.settle()
    world.do("丙", TABLE, HandOver(row, "丁"))
    world.settle()
    world.expect_equal()
    assert [name for name in "甲乙丙丁" if row in world.living(name, TABLE)] == ["丁"]


def test_a_repair_also_replaces_content_that_was_damaged_under_the_right_version() -> None:
    for body in ("damaged", "damaged otherwise", "{}", "x"):
        world = province_city_districts()
        world.do("山东", TABLE, firm("山东", "1"))
        world.settle()
        held = world.ledgers["济南"].get(TABLE, RowId("山东", "1"))
        assert held is not None
        world.ledgers["济南"].write([Put(TABLE, replace(held, row=replace(held.row, body=body)))])
        node, ledger = world.nodes["山东"], world.ledgers["山东"]
        world.hear(repair(node, ledger, "济南", TABLE, None, None))
        world.settle()
        world.expect_equal()
