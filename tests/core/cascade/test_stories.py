"""Stories of city, districts, province and a peer city: what flows, what returns, what is withdrawn."""

from __future__ import annotations

import pytest

from quancheng.core.cascade import (
    CascadeError,
    ChangeKind,
    Clause,
    Forget,
    Link,
    Node,
    Reason,
    Remove,
    RowId,
    Status,
    StreamKind,
    Upsert,
    apply,
    compact,
    differing,
    received,
    repair,
    sent,
    split,
)
from quancheng.core.cascade.tally import Segment
from tests.core.cascade.worlds import ALL, CATALOGUE, TABLE, World, firm, province_city_districts


def test_a_row_goes_up_and_comes_back_only_to_its_own_district() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"), firm("山东", "2", "370103"), firm("山东", "3", "370200"))
    world.do("历下", TABLE, firm("历下", "7"))
    world.do("济南", CATALOGUE, firm("济南", "目录1", "370100"))
    world.settle()
    world.expect_equal()
    assert set(world.living("历下", TABLE)) == {("山东", "1"), ("历下", "7")}
    assert set(world.living("市中", TABLE)) == {("山东", "2")}
    assert ("山东", "3") not in world.living("济南", TABLE)
    assert ("历下", "7") in world.living("山东", TABLE)
    assert all(("济南", "目录1") in world.living(name, CATALOGUE) for name in world.nodes)


def test_the_second_run_writes_nothing() -> None:
    world = province_city_districts()
    edits = [firm("山东", str(i)) for i in range(30)]
    world.do("山东", TABLE, *edits)
    assert world.settle() > 0
    assert world.do("山东", TABLE, *edits).writes == ()
    assert world.settle() == 0


def test_a_firm_that_moves_is_withdrawn_from_the_old_district_without_its_content() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    world.do("山东", TABLE, firm("山东", "1", "370103"))
    world.settle()
    world.expect_equal()
    left = world.ledgers["历下"].get(TABLE, RowId("山东", "1"))
    assert left is not None and not left.held and left.row.body == ""
    assert ("山东", "1") in world.living("市中", TABLE)


def test_a_row_that_moves_on_in_the_log_before_a_slow_reader_comes_by_is_withdrawn_all_the_same() -> None:
    world = province_city_districts()
    world.do("济南", TABLE, firm("济南", "1"))
    world.settle()
    world.do("济南", TABLE, *(firm("济南", f"early{i}") for i in range(3)))
    world.do("济南", TABLE, firm("济南", "1", "370103"))
    world.do("济南", TABLE, *(firm("济南", f"later{i}") for i in range(3)))
    slow = world.ask("济南", "历下", TABLE, 5)
    world.do("济南", TABLE, firm("济南", "1", "320100"))
    world.step("济南", "历下", TABLE, 5)
    assert slow is not None and world.hear(slow).status is Status.DUPLICATE
    world.settle()
    world.expect_equal()


def test_a_firm_that_leaves_the_city_is_withdrawn_down_to_the_district() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    world.do("山东", TABLE, firm("山东", "1", "370200"))
    batch = world.ask("山东", "济南", TABLE)
    assert batch is not None
    outcome = world.hear(batch)
    assert [change.kind for change in outcome.changes] == [ChangeKind.WITHDRAWN]
    world.settle()
    world.expect_equal()
    assert not world.living("济南", TABLE) and not world.living("历下", TABLE)


def test_who_never_had_a_row_hears_nothing_of_it() -> None:
    world = province_city_districts()
    world.settle()
    world.do("山东", TABLE, firm("山东", "1", "370200"))
    world.do("山东", TABLE, firm("山东", "1", "370300"))
    world.do("山东", TABLE, Remove(RowId("山东", "1")))
    batch = world.ask("山东", "济南", TABLE)
    assert batch is not None and batch.entries == () and batch.through == 3


def test_a_deleted_row_is_deleted_everywhere_and_stays_so_after_compaction() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"), firm("山东", "2"))
    world.settle()
    world.do("山东", TABLE, Remove(RowId("山东", "1")))
    world.settle()
    world.now += 1000
    for name, node in world.nodes.items():
        world.keep(name, compact(node, world.ledgers[name], TABLE, world.now, world.now))
        assert world.ledgers[name].get(TABLE, RowId("山东", "1")) is None
    world.settle()
    world.expect_equal()
    assert set(world.living("历下", TABLE)) == {("山东", "2")}


def test_a_node_away_longer_than_the_horizon_gets_a_snapshot_and_loses_what_died() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, *(firm("山东", str(i)) for i in range(50)))
    world.settle(limit=7)
    world.cut.add(frozenset(("济南", "历下")))
    world.do("山东", TABLE, *(Remove(RowId("山东", str(i))) for i in range(0, 50, 3)))
    world.do("山东", TABLE, firm("山东", "new"))
    world.settle()
    world.now += 1000
    for name in ("山东", "济南"):
        world.keep(name, compact(world.nodes[name], world.ledgers[name], TABLE, world.now, world.now))
    world.cut.clear()
    batch = world.ask("济南", "历下", TABLE, 7)
    assert batch is not None and batch.kind == "snapshot" and batch.more
    world.settle(limit=7)
    world.expect_equal()


def test_a_new_filter_takes_back_what_it_no_longer_allows() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"), firm("山东", "2", "370103"))
    world.settle()
    city = world.nodes["济南"]
    links = tuple(
        Link("历下", (Clause(regions=("370103",)),), revision=2) if link.neighbour == "历下" else link
        for link in city.links
    )
    world.nodes["济南"] = Node("济南", links)
    world.settle()
    world.expect_equal()
    assert set(world.living("历下", TABLE)) == {("山东", "2")}


def test_differing_ranges_are_found_by_cutting_and_only_they_are_sent_again() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, *(firm("山东", f"{i:04}") for i in range(500)))
    world.settle()
    city = world.ledgers["济南"]
    for local in ("0007", "0400"):
        held = city.get(TABLE, RowId("山东", local))
        assert held is not None
        city.write([Forget(TABLE, held.row.id)])
    province = world.nodes["山东"], world.ledgers["山东"]
    whole = Segment(None, None, sent(*province, "济南", TABLE))
    assert received(city, "山东", TABLE) != whole.tally
    todo, repaired = [whole], 0
    while todo:
        parts = [part for segment in todo for part in split(*province, "济南", TABLE, segment)]
        todo = []
        for part in differing(city, "山东", TABLE, parts):
            if part.tally.count > 10:
                todo.append(part)
                continue
            batch = repair(*province, "济南", TABLE, part.after, part.upto)
            repaired += len(batch.entries)
            world.hear(batch)
    assert received(city, "山东", TABLE) == whole.tally
    assert 2 <= repaired <= 20
    world.settle()
    world.expect_equal()


def test_a_repair_overtaken_by_changes_is_not_applied() -> None:
    world = province_city_districts()
    world.do("山东", TABLE, firm("山东", "1"))
    world.settle()
    old = repair(world.nodes["山东"], world.ledgers["山东"], "济南", TABLE, None, None)
    world.do("山东", TABLE, firm("山东", "2"))
    world.settle()
    assert world.hear(old).status is Status.STALE
    world.expect_equal()


def test_early_double_and_foreign_batches_write_nothing() -> None:
    world = province_city_districts()
    world.settle()
    world.do("山东", TABLE, *(firm("山东", str(i)) for i in range(9)))
    first = world.ask("山东", "济南", TABLE, 3)
    assert first is not None
    world.hear(first)
    second = world.ask("山东", "济南", TABLE, 3)
    assert second is not None
    assert world.hear(first).status is Status.DUPLICATE
    world.hear(second)
    third = world.ask("山东", "济南", TABLE, 3)
    assert third is not None
    fresh = province_city_districts()
    assert fresh.hear(third).status is Status.EARLY
    foreign = apply(world.nodes["历下"], world.ledgers["历下"], third, world.now)
    assert foreign.reason is Reason.NOT_FOR_US and foreign.writes == ()


def test_a_district_cannot_speak_for_another() -> None:
    city = Node("济南", (Link("历下", ALL, speaks_for=frozenset({"历下"})),))
    world = World(
        [city, Node("历下", (Link("济南", ALL), Link("市中", ALL))), Node("市中", (Link("历下", ALL),))]
    )
    world.do("市中", TABLE, firm("市中", "1"))
    world.step("市中", "历下", TABLE)
    batch = world.ask("历下", "济南", TABLE)
    assert batch is not None
    outcome = world.hear(batch)
    assert (outcome.status, outcome.reason, outcome.writes) == (Status.REFUSED, Reason.FOREIGN_OWNER, ())


def test_equal_cities_in_a_circle_do_not_keep_each_other_s_memory_alive() -> None:
    names = ("济南", "青岛", "烟台")
    only = Clause(regions=("37",))
    ring = [Node(a, tuple(Link(b, (only,)) for b in names if b != a)) for a in names]
    world = World([*ring])
    world.do("济南", TABLE, firm("济南", "1"))
    world.settle()
    world.expect_equal()
    world.do("济南", TABLE, firm("济南", "1", region="11"))
    world.settle()
    world.expect_equal()
    assert not world.living("青岛", TABLE) and not world.living("烟台", TABLE)


def test_a_front_node_relays_origin_and_evidence_unchanged() -> None:
    world = province_city_districts()
    upsert = Upsert(RowId("历下", "1"), "370102", "民政局", "{}", evidence="anchor:42")
    world.do("历下", TABLE, upsert)
    world.settle()
    row = world.living("山东", TABLE)["历下", "1"]
    assert (row.owner, row.evidence) == ("历下", "anchor:42")
    assert row.digest() == world.living("历下", TABLE)["历下", "1"].digest()


def test_a_stream_that_a_link_does_not_carry_is_neither_offered_nor_heard() -> None:
    deaf = Node("济南", (Link("历下", (), hears=(Clause(kinds=(StreamKind.CATALOGUE,)),)),))
    world = World([deaf, Node("历下", (Link("济南", ALL),))])
    world.do("历下", TABLE, firm("历下", "1"))
    batch = world.ask("历下", "济南", TABLE)
    assert batch is not None and world.hear(batch).reason is Reason.STREAM_CLOSED
    with pytest.raises(CascadeError) as refused:
        world.ask("济南", "历下", TABLE)
    assert refused.value.reason is Reason.STREAM_CLOSED
