"""对账: counts of both sides, the ranges that differ, and their repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.cascade_client import CascadeClient, cursor_in, segment_in, segment_out
from quancheng.capabilities.cascade.hearing import hear
from quancheng.capabilities.cascade.models import Book, Count, Neighbour, Reading
from quancheng.capabilities.cascade.network import link_of, node
from quancheng.core.cascade import (
    Segment,
    Status,
    Stream,
    StreamKind,
    Tally,
    differing,
    received,
    sent,
    split,
)
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action

__all__ = ["count", "find_differences", "given", "keep_count", "mend", "parts", "taken"]

SMALL = 500
"""A segment of at most so many rows is repaired as a whole."""
ROUNDS = 6


def given(neighbour: Neighbour, stream: Stream) -> Tally:
    """What we give a neighbour of a stream. Rows of our own that need no route are summed in one statement."""
    book = books.book_of(stream)
    if book is None:
        return Tally()
    link = link_of(neighbour)
    free = any(
        clause.carries(stream) and clause.regions is None and clause.organs is None and clause.owners is None
        for clause in link.clauses
    )
    if free and not _has_supplies(book):
        return _summed("live", (book.pk,))
    return sent(node(), books.BookLedger(), neighbour.code, stream)


def taken(neighbour: str, stream: Stream) -> Tally:
    """What we have of a stream from a neighbour."""
    book = books.book_of(stream)
    if book is None:
        return Tally()
    return received(books.BookLedger(), neighbour, stream)


def _has_supplies(book: Book) -> bool:
    return bool(book.holding_set.filter(live=True).exclude(history="").exists())


def _summed(where: str, arguments: Sequence[Any]) -> Tally:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT digest FROM cascade_holding WHERE book_id = %s AND {where}",  # noqa: S608
            arguments,
        )
        return Tally.of(bytes(row[0]) for row in cursor)


def parts(neighbour: Neighbour, stream: Stream, segments: Sequence[Segment]) -> list[Segment]:
    """Segments of what we give, each cut into sixteen with our own tallies."""
    this, ledger, found = node(), books.BookLedger(), list[Segment]()
    for one in segments:
        ours = sent(this, ledger, neighbour.code, stream, one.after, one.upto)
        whole = Segment(one.after, one.upto, ours)
        found.extend(split(this, ledger, neighbour.code, stream, whole))
    return found


def count(client: CascadeClient, neighbour: Neighbour, stream: Stream, call: Call) -> Count:
    """Count both sides of a stream from a neighbour and keep the result."""
    theirs, ours = client.counts(stream), taken(neighbour.code, stream)
    return keep_count(call, neighbour=neighbour.code, stream=stream, ours=ours, theirs=theirs)


def find_differences(client: CascadeClient, neighbour: Neighbour, stream: Stream) -> list[Segment]:
    """The small ranges in which we have something else than the neighbour gives, by halving digests."""
    ledger, found = books.BookLedger(), list[Segment]()
    open_ones = list(differing(ledger, neighbour.code, stream, [Segment(None, None, client.counts(stream))]))
    for _ in range(ROUNDS):
        small = [one for one in open_ones if one.tally.count <= SMALL]
        found += small
        large = [one for one in open_ones if one.tally.count > SMALL]
        if not large:
            return found
        open_ones = list(differing(ledger, neighbour.code, stream, client.split(stream, large)))
    return found + open_ones


def mend(
    client: CascadeClient,
    neighbour: Neighbour,
    stream: Stream,
    call: Callable[[], Call],
    alive: Callable[[], None] = lambda: None,
) -> Count:
    """Find differences, replace only these ranges, count again."""
    found = find_differences(client, neighbour, stream)
    done = 0
    for segment in found:
        batch = client.repair(stream, segment.after, segment.upto)
        outcome = hear(call(), neighbour=neighbour.code, batch=batch)
        done += outcome.status is Status.APPLIED
        alive()
    theirs, ours = client.counts(stream), taken(neighbour.code, stream)
    return keep_count(
        call(), neighbour=neighbour.code, stream=stream, ours=ours, theirs=theirs,
        differing=[segment_out(one) for one in found], repaired=done,
    )  # fmt: skip


@action("cascade.count", idempotent=False)
def keep_count(
    call: Call,
    *,
    neighbour: str,
    stream: Stream,
    ours: Tally,
    theirs: Tally,
    differing: Sequence[dict[str, Any]] | None = None,
    repaired: int = 0,
) -> Count:
    """记下对账结果; differing although we read all is told as an event. Raises Forbidden."""
    access.require(call.actor, "exchange", Book)
    book = books.open_book(stream)
    reading = Reading.objects.filter(book=book, neighbour=neighbour).first()
    cursor = cursor_in(reading.cursor) if reading is not None else None
    settled = (
        reading is not None
        and cursor is not None
        and not cursor.snapshot
        and (cursor.epoch, cursor.seq) >= (reading.beat_epoch, reading.beat_seq)
    )
    values: dict[str, Any] = {
        "at": call.at, "ours": ours.count, "theirs": theirs.count, "our_digest": ours.hex(),
        "their_digest": theirs.hex(), "equal": ours == theirs, "settled": settled,
        "differing": list(differing or []), "repaired": repaired,
    }  # fmt: skip
    kept, _ = Count.objects.update_or_create(book=book, neighbour=neighbour, defaults=values)
    audit.note(neighbour=neighbour, stream=str(book), ours=ours.count, theirs=theirs.count, equal=kept.equal)
    if settled and not kept.equal:
        data = {"stream": str(book), "ours": ours.count, "theirs": theirs.count}
        events.emit("cascade.counts.differ", f"{neighbour}/{book}", data)
    return kept


def stream_of(book: Book) -> Stream:
    """The stream of a book."""
    return Stream(StreamKind(book.kind), book.name)


def segments_in(values: Any) -> list[Segment]:
    """Segments from JSON, a bounded number."""
    return [segment_in(value) for value in list(values)[:256]]
