"""Anchoring to an alliance chain: what of the log goes there, in which order, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Max

from quancheng.capabilities.chain.anchor_client import contract
from quancheng.capabilities.chain.models import AnchorTx, Entry, Head
from quancheng.capabilities.chain.threads import GRANT, USE, WITHDRAW, first_of, thread_of
from quancheng.core.anchor import Checkpoint, Grant, Outcome, Revoke, Step, Use, origin_id
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action

KINDS = {GRANT: AnchorTx.Kind.GRANT, WITHDRAW: AnchorTx.Kind.REVOKE, USE: AnchorTx.Kind.USE}
BACK = 1000
"""Entries looked at again: at the turn of the month two shards may be written at once."""


@action("chain.anchor.engine", idempotent=False)
def note_engine(call: Call, *, engine: str, deployed: bool) -> AnchorTx:
    """登记锚定引擎: the contract steps go to from now on. Raises Forbidden."""
    access.require(call.actor, "anchor", AnchorTx)
    row = AnchorTx.objects.create(
        engine=engine, kind=AnchorTx.Kind.DEPLOY, data=b"", state=AnchorTx.State.DONE, due_at=call.at,
        sent_at=call.at, done_at=call.at,
    )  # fmt: skip
    audit.note(engine=engine, deployed=deployed)
    return row  # type: ignore[no-any-return]


@action("chain.anchor.queue", idempotent=False)
def queue_anchors(call: Call, *, engine: str, limit: int = 5000) -> int:
    """排队: what of the log this engine lacks, in the log's order; a new engine lacks all of it. How many.

    Raises Forbidden.
    """
    access.require(call.actor, "anchor", AnchorTx)
    entries, heads = _new_entries(engine, limit), _new_heads(engine, limit)
    if len(entries) == limit:  # heads wait until the entries before them are in the queue
        heads = [one for one in heads if _place(one) < _place(entries[-1])]
    ordered = sorted([*entries, *heads], key=_place)
    grants = _grants(entries)
    rows = [_row(engine, one, grants) for one in ordered]
    AnchorTx.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        audit.note(engine=engine, count=len(rows))
    return len(rows)


def _place(source: Entry | Head) -> tuple[datetime, int, int]:
    """Where it stands in the log: a head after its last entry, before the next."""
    shard = source.shard
    at = 2 * source.size - 1 if isinstance(source, Head) else 2 * source.index
    return shard.opened_at, shard.pk, at


def _new_entries(engine: str, limit: int) -> list[Entry]:
    queued = AnchorTx.objects.filter(engine=engine, entry__isnull=False)
    since = (queued.aggregate(last=Max("entry_id"))["last"] or 0) - BACK
    there = queued.filter(entry_id__gt=since).values("entry_id")
    rows = Entry.objects.filter(scene__in=KINDS, pk__gt=since).exclude(pk__in=there)
    return list(rows.select_related("shard").order_by("pk")[:limit])


def _new_heads(engine: str, limit: int) -> list[Head]:
    """Witnessed heads above what is queued: on the chain a log only grows."""
    queued = AnchorTx.objects.filter(engine=engine, head__isnull=False)
    above = dict(queued.values_list("head__shard_id").annotate(size=Max("head__size")).order_by())
    rows = Head.objects.exclude(witnessed_at=None).select_related("shard")
    for shard, size in above.items():
        rows = rows.exclude(shard_id=shard, size__lte=size)
    return list(rows.order_by("pk")[:limit])


def _grants(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The grant of each thread: most stand among the entries themselves."""
    found: dict[str, Entry] = {}
    rows = list(entries)
    for row in rows:
        if row.scene == GRANT:
            found.setdefault(thread_of(row.reference), row)
    lacking = {thread_of(one.reference) for one in rows} - set(found)
    return found | first_of(GRANT, lacking)


def _row(engine: str, source: Entry | Head, grants: Mapping[str, Entry]) -> AnchorTx:
    if isinstance(source, Head):
        step: Step = Checkpoint(origin_id(source.shard.origin), source.size, bytes(source.root))
        return AnchorTx(
            engine=engine, kind=AnchorTx.Kind.CHECKPOINT, head=source, data=contract().encode(step),
            due_at=source.witnessed_at,
        )  # fmt: skip
    row = AnchorTx(engine=engine, kind=KINDS[source.scene], entry=source, data=b"", due_at=source.at)
    granted = grants.get(thread_of(source.reference))
    if granted is None:  # nothing to name on the chain: shown to the supervisor as what it is
        row.state, row.fault = AnchorTx.State.REFUSED, "NotGranted"
        return row
    ids = bytes(granted.leaf), bytes(source.leaf)
    step = {GRANT: Grant(ids[1]), WITHDRAW: Revoke(ids[0]), USE: Use(*ids)}[source.scene]
    row.data = contract().encode(step)
    return row


@action("chain.anchor.sent", idempotent=False)
def note_sent(call: Call, *, rows: Sequence[AnchorTx], transactions: Sequence[str]) -> int:
    """记录已发出的交易. Raises Forbidden."""
    access.require(call.actor, "anchor", AnchorTx)
    for row, name in zip(rows, transactions, strict=True):
        row.state, row.transaction, row.sent_at = AnchorTx.State.SENT, name, call.at
    AnchorTx.objects.bulk_update(rows, ["state", "transaction", "sent_at"], batch_size=500)
    audit.note(count=len(rows), first=transactions[0] if transactions else "")
    return len(rows)


@action("chain.anchor.settle", idempotent=False)
def settle_anchors(
    call: Call, *, done: Sequence[tuple[AnchorTx, Outcome | None]], refused: Sequence[tuple[AnchorTx, str]]
) -> int:
    """记录结果: what stands on the chain (without an outcome: it stood there before), what its rules refuse.

    Raises Forbidden.
    """
    access.require(call.actor, "anchor", AnchorTx)
    rows = []
    for row, outcome in done:
        row.state, row.done_at, row.fault = AnchorTx.State.DONE, call.at, ""
        if outcome is not None:
            row.block, row.gas = outcome.block, outcome.gas
        rows.append(row)
    for row, why in refused:
        row.state, row.fault = AnchorTx.State.REFUSED, why[:200]
        rows.append(row)
    AnchorTx.objects.bulk_update(rows, ["state", "done_at", "fault", "block", "gas"], batch_size=500)
    audit.note(done=len(done), refused=len(refused))
    return len(rows)
