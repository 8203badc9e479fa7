"""交谈: one round with a neighbour: pulses, then batches one way and the other until both have all.

Every batch is kept before the next is asked for, so a cut anywhere loses nothing: the next round goes on from
the cursors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.cascade_client import (
    MAX_PACKED,
    BadMessage,
    CascadeClient,
    CutOff,
    Refused,
    cursor_in,
    stream_in,
)
from quancheng.capabilities.cascade.hearing import hear, note_sent
from quancheng.capabilities.cascade.models import Book, Neighbour, Reading
from quancheng.capabilities.cascade.neighbours import neighbour_heard
from quancheng.capabilities.cascade.network import link_of, node, own_name, public_der, signer
from quancheng.capabilities.cascade.pulses import hear_pulse, pulse_for
from quancheng.core.cascade import Batch, CascadeError, Cursor, Status, Stream, StreamKind, dump, offer
from quancheng.kernel.actions import Call

__all__ = ["Round", "client_of", "talk"]

LIMIT = 5000
"""Entries of one batch."""


@dataclass(slots=True)
class Round:
    """What a round brought (一轮结果)."""

    batches: int = 0
    rows: int = 0
    changes: int = 0
    sent: int = 0
    fault: str = ""
    refused: list[str] = field(default_factory=list)


@contextmanager
def client_of(neighbour: Neighbour) -> Iterator[CascadeClient]:
    """A client for a neighbour."""
    key = public_der(neighbour.public_key)
    with CascadeClient(neighbour.address, neighbour.code, key, own_name(), signer()) as client:
        yield client


def talk(neighbour: Neighbour, call: Callable[[], Call], alive: Callable[[], None] = lambda: None) -> Round:
    """One round with an active neighbour that has an address. What goes wrong is kept with the neighbour.

    ``call`` makes the circumstances of each deed; ``alive`` is told after each batch and may stop the round.
    """
    done = Round()
    if neighbour.state != Neighbour.State.ACTIVE or neighbour.mode == Neighbour.Mode.WAIT:
        return done
    try:
        with client_of(neighbour) as client:
            _round(client, neighbour, call, alive, done)
        neighbour_heard(call(), code=neighbour.code)
    except (CutOff, Refused, BadMessage, CascadeError) as broken:
        done.fault = str(broken)
        neighbour_heard(call(), code=neighbour.code, fault=done.fault)
    return done


def _round(
    client: CascadeClient,
    neighbour: Neighbour,
    call: Callable[[], Call],
    alive: Callable[[], None],
    done: Round,
) -> None:
    pulse = pulse_for(neighbour)
    said = client.pulse(pulse["heads"], pulse["cursors"])
    heads = hear_pulse(call(), neighbour=neighbour, said=said)["heads"]
    for raw, epoch, seq in heads:
        stream = stream_in(raw)
        if not _has(_cursor(stream, neighbour.code), epoch, seq):
            _pull(client, neighbour, stream, call, alive, done)
    if neighbour.mode != Neighbour.Mode.BOTH:
        return
    for stream in _to_push(neighbour):
        _push(client, neighbour, stream, call, alive, done)


def _cursor(stream: Stream, neighbour: str) -> Cursor | None:
    return books.BookLedger().cursor(stream, neighbour)


def _has(cursor: Cursor | None, epoch: int, seq: int) -> bool:
    return cursor is not None and not cursor.snapshot and (cursor.epoch, cursor.seq) == (epoch, seq)


def _pull(
    client: CascadeClient,
    neighbour: Neighbour,
    stream: Stream,
    call: Callable[[], Call],
    alive: Callable[[], None],
    done: Round,
) -> None:
    cursor = _cursor(stream, neighbour.code)
    while (found := client.offer(stream, cursor, LIMIT)) is not None:
        batch, size = found
        if batch.sender != neighbour.code or batch.stream != stream:
            raise BadMessage("a batch that was not asked for")
        outcome = hear(call(), neighbour=neighbour.code, batch=batch, size=size)
        done.batches += 1
        done.rows += len(batch.entries)
        done.changes += len(outcome.changes)
        alive()
        if outcome.status is Status.REFUSED:
            done.refused.append(f"{stream.name}: {outcome.reason} {outcome.detail}"[:300])
            return
        if outcome.status is not Status.APPLIED and outcome.cursor == cursor:
            return  # neither side moves: the next round asks again
        cursor = outcome.cursor
        if not batch.more:
            return


def _to_push(neighbour: Neighbour) -> list[Stream]:
    """Streams of which a neighbour has not read all."""
    link = link_of(neighbour)
    behind = []
    readings = {one.book_id: one.theirs for one in Reading.objects.filter(neighbour=neighbour.code)}
    for book in Book.objects.filter(opened=True).order_by("kind", "name"):
        stream = Stream(StreamKind(book.kind), book.name)
        if link.carries(stream) and not _has(cursor_in(readings.get(book.pk)), book.epoch, book.seq):
            behind.append(stream)
    return behind


def _push(
    client: CascadeClient,
    neighbour: Neighbour,
    stream: Stream,
    call: Callable[[], Call],
    alive: Callable[[], None],
    done: Round,
) -> None:
    book = books.book_of(stream)
    reading = Reading.objects.filter(book=book, neighbour=neighbour.code).first()
    cursor = cursor_in(reading.theirs) if reading is not None else None
    while (batch := _fitting(neighbour.code, stream, cursor)) is not None:
        status, after, reason = client.bring(batch)
        note_sent(call(), neighbour=neighbour.code, batch=batch, status=status, reason=reason, cursor=after)
        done.sent += len(batch.entries)
        alive()
        if status == Status.REFUSED or after is None or after == cursor:
            return
        cursor = after


def _fitting(neighbour: str, stream: Stream, cursor: Cursor | None) -> Batch | None:
    """The next batch for a neighbour, of as many entries as one message may carry."""
    limit = LIMIT
    while True:
        batch = offer(node(), books.BookLedger(), neighbour, stream, cursor, limit)
        if batch is None or limit == 1 or len(dump(batch)) <= MAX_PACKED:
            return batch
        limit = max(1, limit // 4)
