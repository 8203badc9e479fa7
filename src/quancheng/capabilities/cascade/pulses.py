"""心跳: where both logs end and how far each side has read; also when nothing changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.cascade_client import (
    BadMessage,
    cursor_in,
    cursor_out,
    head_in,
    head_out,
    stream_in,
    stream_out,
)
from quancheng.capabilities.cascade.models import Book, Neighbour, Reading
from quancheng.capabilities.cascade.network import link_of
from quancheng.core.cascade import (
    Head,
    Heartbeat,
    Lateness,
    Pulse,
    Stream,
    StreamKind,
    hear_beat,
    hear_cursor,
    lateness,
)
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action

__all__ = ["hear_pulse", "pulse_for", "pulse_of", "state_of", "touch"]


def pulse_for(neighbour: Neighbour) -> dict[str, Any]:
    """What we say to a neighbour: the ends of the logs it may read, our cursors into its logs."""
    link = link_of(neighbour)
    heads, cursors = [], []
    readings = {one.book_id: one for one in Reading.objects.filter(neighbour=neighbour.code)}
    for book in Book.objects.order_by("kind", "name"):
        stream = Stream(StreamKind(book.kind), book.name)
        if book.opened and link.carries(stream):
            heads.append(head_out(stream, Head(book.epoch, book.seq)))
        found = readings.get(book.pk)
        if found is not None and found.cursor is not None:
            cursors.append({"stream": stream_out(stream), "cursor": found.cursor})
    return {"heads": heads, "cursors": cursors}


@action("cascade.pulse", idempotent=False)
def hear_pulse(call: Call, *, neighbour: Neighbour, said: Mapping[str, Any]) -> dict[str, Any]:
    """听取心跳: keeps what the neighbour says of both logs; returns its heads by stream. Raises Forbidden, BadMessage."""
    access.require(call.actor, "exchange", Neighbour)
    link, now = link_of(neighbour), int(call.at.timestamp())
    heads, cursors = said.get("heads"), said.get("cursors")
    if not isinstance(heads, list) or not isinstance(cursors, list) or len(heads) + len(cursors) > 20_000:
        raise BadMessage("a pulse says heads and cursors")
    found: list[list[Any]] = []
    for value in heads:
        stream, head = head_in(value)
        if link.hears_of(stream):
            _beat(neighbour, stream, head, now)
            found.append([stream_out(stream), head.epoch, head.seq])
    for value in cursors:
        if not isinstance(value, dict):
            raise BadMessage("a pulse says cursors by stream")
        stream, cursor = stream_in(value.get("stream")), cursor_in(value.get("cursor"))
        if (book := books.book_of(stream)) is not None and link.carries(stream):
            row, _ = Reading.objects.get_or_create(book=book, neighbour=neighbour.code)
            row.theirs = cursor_out(cursor)
            row.save(update_fields=["theirs"])
    neighbour.heard_at, neighbour.fault, neighbour.fault_at = call.at, "", None
    neighbour.save(update_fields=["heard_at", "fault", "fault_at"])
    audit.note(neighbour=neighbour.code, streams=len(found))
    return {"heads": found}


def _beat(neighbour: Neighbour, stream: Stream, head: Head, now: int) -> None:
    book = books.open_book(stream)
    row, _ = Reading.objects.get_or_create(book=book, neighbour=neighbour.code, defaults={"heard_at": now})
    beat = Heartbeat(neighbour.code, stream, head.epoch, head.seq, now)
    _keep(row, hear_beat(pulse_of(row), beat, cursor_in(row.cursor), now))


def touch(neighbour: str, stream: Stream, now: int) -> None:
    """Take the present cursor into the pulse; inside an action."""
    row = Reading.objects.filter(
        book__kind=stream.kind.value, book__name=stream.name, neighbour=neighbour
    ).first()
    if row is not None:
        _keep(row, hear_cursor(pulse_of(row), cursor_in(row.cursor), now))


def _keep(row: Reading, pulse: Pulse) -> None:
    row.heard_at, row.behind_since = pulse.heard_at, pulse.behind_since
    if pulse.beat is not None:
        row.beat_epoch, row.beat_seq, row.beat_at = pulse.beat.epoch, pulse.beat.seq, pulse.beat.at
    row.save(update_fields=["heard_at", "behind_since", "beat_epoch", "beat_seq", "beat_at"])


def pulse_of(row: Reading) -> Pulse:
    """What is known of one feed."""
    stream = Stream(StreamKind(row.book.kind), row.book.name)
    beat = (
        Heartbeat(row.neighbour, stream, row.beat_epoch, row.beat_seq, row.beat_at) if row.beat_at else None
    )
    return Pulse(row.heard_at, beat, row.behind_since)


def state_of(neighbour: Neighbour, readings: list[Reading], now: int) -> Lateness:
    """The state of a neighbour: silent as a whole, else late when any of its feeds is."""
    since = neighbour.heard_at or neighbour.created_at
    whole = lateness(Pulse(int(since.timestamp())), now, neighbour.late_after, neighbour.silent_after)
    if whole is Lateness.SILENT:
        return whole
    late = any(
        row.behind_since is not None and now - row.behind_since > neighbour.late_after for row in readings
    )
    return Lateness.LATE if late else Lateness.FRESH
