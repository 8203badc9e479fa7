"""维护: old notes of batches go; a restored node gets its rows back and begins a new life of its logs."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.hearing import hear
from quancheng.capabilities.cascade.models import Book, Letter, Neighbour, Remark
from quancheng.capabilities.cascade.network import link_of, node
from quancheng.capabilities.cascade.talking import client_of
from quancheng.core.cascade import Stream, StreamKind, recover
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict

__all__ = ["begin_epoch", "bring_home", "prune_letters"]


@action("cascade.prune", idempotent=False)
def prune_letters(call: Call, *, keep_days: int) -> int:
    """清理批次日志和提示 older than so many days; how many. Raises Forbidden."""
    access.require(call.actor, "publish", Book)
    before = call.at - timedelta(days=keep_days)
    gone = Letter.objects.filter(at__lt=before).delete()[0] + Remark.objects.filter(at__lt=before).delete()[0]
    audit.note(gone=gone)
    return gone


def bring_home(call: Call) -> int:
    """After a restore: take back from all active neighbours what they keep of our own rows; how many changed.

    Raises CutOff, Refused, BadMessage: then nothing is lost, ask again before ``begin_epoch``.
    """
    changed = 0
    for neighbour in Neighbour.objects.filter(state=Neighbour.State.ACTIVE).exclude(mode=Neighbour.Mode.WAIT):
        link = link_of(neighbour)
        with client_of(neighbour) as client:
            for book in Book.objects.order_by("kind", "name"):
                stream = Stream(StreamKind(book.kind), book.name)
                if not link.hears_of(stream):
                    continue
                after, more = None, True
                while more:
                    batch = client.home(stream, after)
                    outcome = hear(call, neighbour=neighbour.code, batch=batch, homecoming=True)
                    changed += len(outcome.changes)
                    after, more = batch.upto, batch.more
    return changed


@action("cascade.begin_epoch", idempotent=False)
def begin_epoch(call: Call, *, stream: Stream) -> int:
    """启用新纪元: after a restore and after ``bring_home``, all own rows are issued again. Returns the epoch.

    Raises Forbidden, Conflict.
    """
    access.require(call.actor, "manage", Book)
    book = books.lock(stream)
    if not book.opened:
        raise Conflict(Text("这个数据流还没有日志。", "This stream has no log yet."))
    epoch = book.epoch + 1
    ledger = books.BookLedger()
    for outcome in recover(node(), ledger, stream, epoch, int(call.at.timestamp())):
        ledger.write(outcome.writes)
    audit.note(stream=str(book), epoch=epoch)
    events.emit("cascade.epoch.begun", str(book), {"epoch": epoch})
    return epoch
