"""The small parts: region prefixes, routes, catch-up decisions, tallies, heartbeats, versions, ledgers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.cascade import (
    CascadeError,
    CatchUp,
    Clause,
    Copy,
    Cursor,
    Finding,
    Forget,
    Head,
    Heartbeat,
    Lateness,
    Link,
    MemoryLedger,
    Node,
    Pulse,
    Put,
    Reason,
    Row,
    RowId,
    Scope,
    SetCursor,
    SetHead,
    Standing,
    Status,
    Stream,
    StreamKind,
    Supply,
    Tally,
    Version,
    catch_up,
    hear_beat,
    hear_cursor,
    lateness,
    region_prefix,
)
from quancheng.core.cascade.route import best_path
from tests.core.cascade.sqlite_ledger import SqliteLedger

TABLE = Stream(StreamKind.TABLE, "t")


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("370000", "37"),  # GB/T 2260: 山东省
        ("370100", "3701"),  # 济南市
        ("370102", "370102"),  # 历下区
        ("370102001", "370102001"),  # a street (GB/T 10114)
        ("370102000", "370102"),
        ("370102001000", "370102001"),
        ("370102001003", "370102001003"),
        ("37", "37"),
        ("3701", "3701"),
        ("000000", ""),
        ("", ""),
    ],
)
def test_region_prefixes(code: str, prefix: str) -> None:
    assert region_prefix(code) == prefix


@pytest.mark.parametrize("code", ["3", "37010", "37010a", "３７０１", "3701020010031", " 3701 "])
def test_what_is_no_region_code_is_refused(code: str) -> None:
    with pytest.raises(CascadeError) as refused:
        region_prefix(code)
    assert refused.value.reason is Reason.BAD_ROUTE


def test_a_route_without_clauses_lets_nothing_pass() -> None:
    scope = Scope("370102", "organ", "历下")
    assert not Link("x").admits(TABLE, scope)
    assert not Link("x", (Clause(regions=()),)).admits(TABLE, scope)
    assert not Link("x", (Clause(kinds=(StreamKind.CATALOGUE,)),)).admits(TABLE, scope)
    assert not Link("x", (Clause(streams=("u",)),)).admits(TABLE, scope)
    assert not Link("x", (Clause(owners=("市中",)),)).admits(TABLE, scope)
    assert not Link("x", (Clause(organs=("other",), regions=("37",)),)).admits(TABLE, scope)
    assert Link("x", (Clause(organs=("organ",), regions=("37",), owners=("历下",)),)).admits(TABLE, scope)


def test_nodes_with_twice_the_same_neighbour_or_themselves_are_refused() -> None:
    for links in ((Link("a"), Link("a")), (Link("me"),)):
        with pytest.raises(CascadeError) as refused:
            Node("me", links)
        assert refused.value.reason is Reason.BAD_ROUTE
    with pytest.raises(CascadeError) as refused:
        Node("me").link("a")
    assert refused.value.reason is Reason.UNKNOWN_LINK
    for name in ("", "a ", "a\x00", "x" * 201):
        with pytest.raises(CascadeError) as refused:
            Link(name)
        assert refused.value.reason is Reason.BAD_NAME


def test_the_best_path_is_the_shortest_that_avoids_the_reader() -> None:
    paths = (("a", "b"), ("c",), ("a", "x"))
    assert best_path(paths, "x") == ("c",)
    assert best_path(paths, "c") == ("a", "b")
    assert best_path((("x",),), "x") is None
    assert best_path(((), ("x",)), "x") == ()


@pytest.mark.parametrize(
    ("cursor", "way"),
    [
        (None, CatchUp.SNAPSHOT),
        (Cursor(2, 50, 3), CatchUp.NOTHING),
        (Cursor(2, 49, 3), CatchUp.DELTAS),
        (Cursor(2, 20, 3), CatchUp.DELTAS),
        (Cursor(2, 19, 3), CatchUp.SNAPSHOT),
        (Cursor(1, 49, 3), CatchUp.SNAPSHOT),
        (Cursor(2, 49, 2), CatchUp.SNAPSHOT),
        (Cursor(2, 49, 3, True, RowId("a", "1")), CatchUp.RESUME),
        (Cursor(2, 19, 3, True, RowId("a", "1")), CatchUp.SNAPSHOT),
    ],
)
def test_changes_or_snapshot(cursor: Cursor | None, way: CatchUp) -> None:
    assert catch_up(cursor, Head(2, 50, 20), 3) is way


def test_a_reader_ahead_of_the_log_proves_a_lost_memory() -> None:
    with pytest.raises(CascadeError) as refused:
        catch_up(Cursor(2, 51, 3), Head(2, 50, 20), 3)
    assert refused.value.reason is Reason.REWOUND


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20), st.randoms())
@settings(max_examples=30, deadline=None)
def test_a_tally_knows_no_order_and_can_be_taken_apart(digests: list[bytes], chance: random.Random) -> None:
    mixed = list(digests)
    chance.shuffle(mixed)
    half = len(mixed) // 2
    whole, left, right = Tally.of(digests), Tally.of(mixed[:half]), Tally.of(mixed[half:])
    assert left.plus(right) == whole and whole.minus(right) == left
    assert int(whole.hex(), 16) == whole.total and len(whole.hex()) == 64
    if digests:
        assert Tally.of(digests[1:]) != whole


VERSIONS = st.builds(Version, st.integers(1, 5), st.integers(0, 5), st.integers(0, 50))


@given(VERSIONS, st.integers(1, 6), st.integers(1, 60))
def test_the_next_version_is_always_greater_and_taken(version: Version, epoch: int, number: int) -> None:
    following = version.next(epoch, number)
    assert following > version and following.term == version.term and not following.untaken


def test_fresh_late_and_silent() -> None:
    pulse = Pulse(heard_at=0)
    assert lateness(pulse, 60, 300, 60) is Lateness.FRESH
    assert lateness(pulse, 61, 300, 60) is Lateness.SILENT
    pulse = hear_beat(pulse, Heartbeat("济南", TABLE, 1, 10, 90), None, 100)
    assert pulse.behind_since == 100
    pulse = hear_beat(pulse, Heartbeat("济南", TABLE, 1, 12, 390), Cursor(1, 10, 1), 400)
    assert lateness(pulse, 400, 300, 60) is Lateness.FRESH
    assert lateness(pulse, 401, 300, 60) is Lateness.LATE
    assert hear_cursor(pulse, Cursor(1, 12, 1, snapshot=True), 401).behind_since == 100
    pulse = hear_cursor(pulse, Cursor(1, 12, 1), 401)
    assert lateness(pulse, 401, 300, 60) is Lateness.FRESH
    assert lateness(pulse, 461, 300, 60) is Lateness.SILENT


def test_a_heartbeat_overtaken_on_the_way_is_no_sign_of_life() -> None:
    pulse = hear_beat(Pulse(0), Heartbeat("济南", TABLE, 1, 10, 90), Cursor(1, 10, 1), 100)
    assert hear_beat(pulse, Heartbeat("济南", TABLE, 1, 9, 80), Cursor(1, 10, 1), 200) == pulse
    assert hear_beat(pulse, Heartbeat("济南", TABLE, 1, 10, 90), Cursor(1, 10, 1), 200) == pulse


def test_every_word_a_person_reads_has_two_languages() -> None:
    for vocabulary in (Reason, Status, Finding, Lateness):
        for word in vocabulary:
            assert word.text.zh and word.text.en and word.text.zh != word.text.en


def some_copy(seq: int, local: str, live: bool, at: int) -> Copy:
    row = Row(RowId("o", local), "o", Version(1, 1, seq), "37", "x", "{}" if live else "", not live)
    trail = (Standing(Scope("3", "x", "o"), (("o",),)), Standing(None, ((),)))
    return Copy(row, seq, at, True, False, (Supply("o", ("o",)),), trail)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.booleans()), max_size=30))
@settings(max_examples=25, deadline=None)
def test_the_memory_ledger_and_the_sqlite_ledger_answer_alike(
    deeds: list[tuple[str, bool, bool]],
) -> None:
    ledgers = (MemoryLedger(), SqliteLedger())
    for seq, (local, live, forget) in enumerate(deeds, 1):
        write = (
            Forget(TABLE, RowId("o", local)) if forget else Put(TABLE, some_copy(seq, local, live, seq // 2))
        )
        cursor = Cursor(1, seq, 1, live, RowId("o", local) if live else None)
        for ledger in ledgers:
            ledger.write([write, SetHead(TABLE, Head(1, seq, 0)), SetCursor(TABLE, "n", cursor)])
    memory, sqlite = ledgers
    assert memory.head(TABLE) == sqlite.head(TABLE)
    assert memory.cursor(TABLE, "n") == sqlite.cursor(TABLE, "n")
    for limit in (1, 3, 100):
        for after in (0, 5, 17):
            assert list(memory.changes(TABLE, after, limit)) == list(sqlite.changes(TABLE, after, limit))
            assert list(memory.dead(TABLE, after, limit)) == list(sqlite.dead(TABLE, after, limit))
        for low in (None, RowId("o", "c")):
            for high in (None, RowId("o", "f")):
                assert list(memory.span(TABLE, low, high, limit)) == list(
                    sqlite.span(TABLE, low, high, limit)
                )
    for local in "abc":
        assert memory.get(TABLE, RowId("o", local)) == sqlite.get(TABLE, RowId("o", local))
