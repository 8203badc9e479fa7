"""The ledger in tables answers as the one in memory does, under the same life."""

from __future__ import annotations

import random

import pytest

from quancheng.capabilities.cascade.book import BookLedger
from quancheng.capabilities.cascade.models import Book
from quancheng.core.cascade import (
    Clause,
    HandOver,
    Ledger,
    Link,
    MemoryLedger,
    Node,
    Remove,
    RowId,
    Stream,
    StreamKind,
    Upsert,
    apply,
    compact,
    offer,
    produce,
)
from quancheng.kernel.models import writing

pytestmark = pytest.mark.django_db
STREAM = Stream(StreamKind.TABLE, "法人库")
HERE = Node("本", (Link("彼", (Clause(regions=("3701",)),)),))
THERE = Node("彼", (Link("本", (Clause(),)),))


def _same(one: Ledger, other: Ledger) -> None:
    assert one.head(STREAM) == other.head(STREAM)
    assert list(one.changes(STREAM, 0, 1000)) == list(other.changes(STREAM, 0, 1000))
    assert list(one.changes(STREAM, 7, 3)) == list(other.changes(STREAM, 7, 3))
    ids = [copy.row.id for copy in other.span(STREAM, None, None, 1000)]
    for after, upto in ((None, None), (ids[2], None), (None, ids[-2]), (ids[1], ids[4])):
        assert list(one.span(STREAM, after, upto, 5)) == list(other.span(STREAM, after, upto, 5))
    assert list(one.dead(STREAM, 10**9, 1000)) == list(other.dead(STREAM, 10**9, 1000))
    assert one.cursor(STREAM, "彼") == other.cursor(STREAM, "彼")
    for row in ids:
        assert one.get(STREAM, row) == other.get(STREAM, row)


def test_it_keeps_what_memory_keeps_through_edits_batches_and_forgetting() -> None:
    chance = random.Random(3)
    memory, there = MemoryLedger(), MemoryLedger()
    with writing("test"):
        for turn in range(1, 13):
            edits = []
            for _ in range(8):
                row = RowId("本", f"{chance.choice('甲乙a~Z')}{chance.randrange(6)}")
                edits.append(
                    Remove(row)
                    if chance.random() < 0.2
                    else Upsert(row, chance.choice(["370102", "3702"]), "o", f'{{"t":{turn}}}')
                )
            found = produce(THERE, there, STREAM, [_theirs(edit) for edit in edits], turn)
            there.write(found.writes)
            owned = [c.row.id for c in there.span(STREAM, None, None, 99) if c.live and c.row.owner == "彼"]
            if turn == 5:
                there.write(produce(THERE, there, STREAM, [HandOver(owned[0], "本")], turn).writes)
            ours = produce(
                HERE, memory, STREAM, [edit for edit in edits if _own(memory, edit.id)], turn
            ).writes
            memory.write(ours)
            BookLedger().write(ours)
            while (batch := offer(THERE, there, "本", STREAM, memory.cursor(STREAM, "彼"), 5)) is not None:
                ledger = BookLedger()
                ledger.fetch(
                    STREAM, [entry.row.id if hasattr(entry, "row") else entry.id for entry in batch.entries]
                )
                first, second = apply(HERE, memory, batch, turn), apply(HERE, ledger, batch, turn)
                assert first == second
                memory.write(first.writes)
                ledger.write(second.writes, heard=True)
            _same(BookLedger(), memory)
        gone = compact(HERE, memory, STREAM, 10, 12).writes
        assert gone == compact(HERE, BookLedger(), STREAM, 10, 12).writes
        memory.write(gone)
        BookLedger().write(gone)
        _same(BookLedger(), memory)
    assert Book.objects.get().seq == memory.head(STREAM).seq  # type: ignore[union-attr]


def _own(ledger: Ledger, row: RowId) -> bool:
    held = ledger.get(STREAM, row)
    return held is None or held.row.owner == "本"


def _theirs(edit: Upsert | Remove) -> Upsert | Remove:
    row = RowId("彼", edit.id.local)
    if isinstance(edit, Remove):
        return Remove(row)
    return Upsert(row, edit.region, edit.organ, edit.body)
