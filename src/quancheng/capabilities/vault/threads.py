"""线程: a request's log as rows. Every move is written here, under the row's lock, or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from quancheng.capabilities.chain import actions as chain
from quancheng.capabilities.vault import trusted
from quancheng.capabilities.vault.models import DataRequest, EntryRow, ReceiptRow
from quancheng.core.vault import (
    SALT_BYTES,
    Entry,
    Kind,
    State,
    Thread,
    apply,
    read_entry,
    seal,
    write_receipt,
)
from quancheng.core.vault import Reason as Why
from quancheng.core.vault import VaultFault as Fault
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

SCENES = {Kind.GRANTED: "vault-grant", Kind.USED: "vault-use", Kind.WITHDRAWN: "vault-withdraw"}
"""What is anchored in the city's chain, and in which scene."""
SEALED = {Kind.USED, Kind.WITHDRAWN}
"""Entries the city signs."""


def new_salt() -> bytes:
    """Salt of a commitment."""
    return secrets.token_bytes(SALT_BYTES)


def locked(pk: int) -> DataRequest:
    """The request under its lock (PostgreSQL; SQLite has one writer), as it is now."""
    row: DataRequest = (
        DataRequest.objects.select_for_update(of=("self",)).select_related("recipient").get(pk=pk)
    )
    return row


def load(row: DataRequest) -> Thread:
    """The thread of a row: request and grant from their entries, the rest from the columns that repeat them."""
    kinds = [Kind.ASKED.value, Kind.GRANTED.value]
    thread: Thread | None = None
    for kept in row.entries.filter(kind__in=kinds).order_by("seq"):
        thread = apply(thread, read_entry(bytes(kept.data)))
    if thread is None:
        raise Fault(Why.HISTORY, row.number)
    ended = State(row.ended) if row.ended else None
    return replace(thread, seq=row.seq, head=bytes(row.head), at=row.at, uses=row.uses, ended=ended)


def entries(row: DataRequest, upto: int | None = None) -> list[Entry]:
    """The log of a request, all of it or up to an entry."""
    rows = row.entries.order_by("seq")
    if upto is not None:
        rows = rows.filter(seq__lte=upto)
    return [read_entry(bytes(one.data)) for one in rows]


def moment(row: DataRequest) -> datetime:
    """Now, as asked after the lock was taken; never before the last entry."""
    return max(clock.now(), row.at)


def begin(row: DataRequest, entry: Entry) -> EntryRow:
    """Write the first entry of a row that was just made."""
    return _append(row, entry)


def advance(row: DataRequest, move: Callable[[Thread], tuple[Thread, Entry]]) -> EntryRow:
    """Judge and write one move of a locked row: entry, columns, receipt and chain in one transaction.

    Raises VaultFault; STALE when another process wrote in between (the conditional update finds it even
    where the lock did not hold).
    """
    thread, entry = move(load(row))
    moved = DataRequest.objects.filter(pk=row.pk, seq=row.seq, head=bytes(row.head)).update(
        seq=thread.seq, head=thread.head, at=thread.at, uses=thread.uses,
        ended=thread.ended.value if thread.ended else "",
    )  # fmt: skip
    if moved != 1:
        raise Fault(Why.STALE, row.number)
    row.refresh_from_db(fields=["seq", "head", "at", "uses", "ended"])
    return _append(row, entry)


def _append(row: DataRequest, entry: Entry) -> EntryRow:
    scene = SCENES.get(entry.kind)
    kept = EntryRow.objects.create(
        request=row,
        seq=entry.seq,
        kind=entry.kind.value,
        data=entry.to_bytes(),
        at=entry.at,
        chained=bool(scene),
    )
    if entry.kind in SEALED:
        ReceiptRow.objects.create(entry=kept, data=write_receipt(seal(entry, trusted.signer())))
    if scene:
        chain.append(
            Call.system("vault", simulated=row.simulated), scene=scene, reference=reference(row, entry.seq),
            digest=entry.hash, happened_at=entry.at,
        )  # fmt: skip
    return kept  # type: ignore[no-any-return]


def reference(row: DataRequest, seq: int) -> str:
    """The business number of an entry in the chain."""
    return f"{row.number}-{seq}"
