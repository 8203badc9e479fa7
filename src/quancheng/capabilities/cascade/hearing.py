"""接收: a batch heard is thought out before the transaction and written inside it, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.cascade_client import cursor_out
from quancheng.capabilities.cascade.models import Book, Letter, Neighbour, Reading
from quancheng.capabilities.cascade.network import node
from quancheng.capabilities.cascade.pulses import touch
from quancheng.capabilities.cascade.wishes import take_notices, take_verdicts
from quancheng.core.cascade import (
    Batch,
    Cursor,
    Edit,
    HandOver,
    Outcome,
    Reclaim,
    Status,
    Stream,
    apply,
    compact,
    produce,
)
from quancheng.core.cascade.batch import id_of
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import NotFound

__all__ = ["Thought", "forget_dead", "hear", "note_sent", "publish"]


@dataclass(frozen=True, slots=True)
class Thought:
    """An outcome and the state of the book that it was thought out on."""

    outcome: Outcome
    stamp: int


def _stamp(stream: Stream) -> int:
    book = books.book_of(stream)
    return book.stamp if book is not None else 0


def _think_hear(
    call: Call, *, neighbour: str, batch: Batch, size: int = 0, homecoming: bool = False
) -> Thought:
    stamp = _stamp(batch.stream)
    ledger = books.BookLedger()
    ledger.fetch(batch.stream, (id_of(entry) for entry in batch.entries))
    return Thought(apply(node(), ledger, batch, int(call.at.timestamp()), homecoming), stamp)


@action("cascade.hear", idempotent=False, prepare=_think_hear)
def hear(
    call: Call,
    *,
    neighbour: str,
    batch: Batch,
    size: int = 0,
    homecoming: bool = False,
    prepared: Thought,
) -> Outcome:
    """接收一批数据: writes what the core decides, notes the batch, tells of findings. Raises Forbidden, NotFound.

    What was heard before writes nothing but the note of it. ``size``: bytes as it came.
    """
    access.require(call.actor, "exchange", Book)
    sender = Neighbour.objects.filter(code=neighbour).first()
    if sender is None:
        raise NotFound()
    book = books.lock(batch.stream)
    outcome = prepared.outcome
    if book.stamp != prepared.stamp:  # somebody wrote meanwhile: think again, alone
        outcome = _think_hear(call, neighbour=neighbour, batch=batch, homecoming=homecoming).outcome
    books.BookLedger().write(outcome.writes, heard=True)
    _log(call, book, neighbour, batch, outcome, size)
    take_notices(call, book, outcome.notices, neighbour)
    take_verdicts(call, book, outcome.changes)
    audit.note(
        neighbour=neighbour, stream=str(book), status=str(outcome.status), changes=len(outcome.changes)
    )
    if outcome.changes:
        data = {"neighbour": neighbour, "stream": str(book), "changes": len(outcome.changes)}
        events.emit("cascade.batch.applied", str(book), data)
    return outcome


def _log(call: Call, book: Book, neighbour: str, batch: Batch, outcome: Outcome, size: int) -> None:
    """Note a batch that came. Those that said nothing new are not worth a row."""
    if outcome.status is Status.DUPLICATE:
        return
    Letter.objects.create(
        neighbour=neighbour, book=book, kind=str(batch.kind), status=str(outcome.status),
        reason=f"{outcome.reason or ''} {outcome.detail}".strip()[:300], rows=len(batch.entries),
        changes=len(outcome.changes), size=size, since=batch.since, through=batch.through, at=call.at,
    )  # fmt: skip
    touch(neighbour, batch.stream, int(call.at.timestamp()))


@action("cascade.sent", idempotent=False)
def note_sent(
    call: Call, *, neighbour: str, batch: Batch, status: str, reason: str, cursor: Cursor | None
) -> int:
    """记下推送的批次 and how far the neighbour has read now. Raises Forbidden."""
    access.require(call.actor, "exchange", Book)
    book = books.open_book(batch.stream)
    Letter.objects.create(
        neighbour=neighbour, incoming=False, book=book, kind=str(batch.kind), status=status[:10],
        reason=reason[:300], rows=len(batch.entries), since=batch.since, through=batch.through, at=call.at,
    )  # fmt: skip
    Reading.objects.update_or_create(book=book, neighbour=neighbour, defaults={"theirs": cursor_out(cursor)})
    audit.note(neighbour=neighbour, stream=str(book), entries=len(batch.entries), status=status)
    return len(batch.entries)


def _rows(edits: Sequence[Edit]) -> list[Any]:
    return [edit.id for edit in edits]


def _think_publish(call: Call, *, stream: Stream, edits: Sequence[Edit]) -> Thought:
    stamp = _stamp(stream)
    ledger = books.BookLedger()
    ledger.fetch(stream, _rows(edits))
    return Thought(produce(node(), ledger, stream, edits, int(call.at.timestamp())), stamp)


@action("cascade.publish", idempotent=False, prepare=_think_publish)
def publish(call: Call, *, stream: Stream, edits: Sequence[Edit], prepared: Thought) -> Outcome:
    """发布本节点的改动: edits of own rows; of foreign rows they become requests. Raises Forbidden, CascadeError.

    What changes nothing writes nothing.
    """
    special = any(isinstance(edit, HandOver | Reclaim) for edit in edits)
    access.require(call.actor, "manage" if special else "publish", Book)
    book = books.lock(stream)
    outcome = prepared.outcome
    if book.stamp != prepared.stamp:
        outcome = _think_publish(call, stream=stream, edits=edits).outcome
    books.BookLedger().write(outcome.writes)
    take_notices(call, book, outcome.notices, "")
    audit.note(stream=str(book), edits=len(edits), changes=len(outcome.changes))
    return outcome


@action("cascade.forget_dead", idempotent=False)
def forget_dead(call: Call, *, stream: Stream, before: int) -> int:
    """清除墓碑: forgets rows that died before a moment (seconds); how many writes. Raises Forbidden."""
    access.require(call.actor, "publish", Book)
    books.lock(stream)
    ledger = books.BookLedger()
    writes = compact(node(), ledger, stream, before, int(call.at.timestamp()), 5000).writes
    ledger.write(writes)
    audit.note(stream=f"{stream.kind}/{stream.name}", writes=len(writes))
    return len(writes)
