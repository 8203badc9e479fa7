"""Anchoring: entries in the caller's transaction, heads signed over them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quancheng.capabilities.chain import nodekeys, tree
from quancheng.capabilities.chain.models import Entry, Head, Shard
from quancheng.capabilities.chain.scenes import known
from quancheng.core.text import Text
from quancheng.core.tlog import (
    Checkpoint,
    LogFault,
    Opening,
    Policy,
    Signature,
    add_signature,
    commitment,
    open_note,
    sign_note,
    witnessed,
)
from quancheng.core.tlog.records import SALT_BYTES
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Item:
    """What is anchored: scene, the business's own number, SHA-256 of the content, when it happened."""

    scene: str
    reference: str
    digest: bytes
    happened_at: datetime


@action("chain.entry.append")
def append(
    call: Call, *, scene: str, reference: str, digest: bytes, happened_at: datetime | None = None
) -> Entry:
    """存证: one entry, in the caller's transaction: both are there afterwards, or neither.

    Raises Forbidden, InvalidInput (no such scene, not a digest).
    """
    access.require(call.actor, "append", Shard)
    item = Item(scene, reference, digest, happened_at or call.at)
    entry = _append(call, [item])[0]
    audit.note(scene=scene, reference=reference, shard=entry.shard.origin, index=entry.index)
    return entry


@action("chain.entry.batch", idempotent=False)
def append_many(call: Call, *, items: Sequence[Item]) -> int:
    """成批存证. Returns how many. Raises as ``append``."""
    access.require(call.actor, "append", Shard)
    made = _append(call, items)
    audit.note(count=len(made))
    return len(made)


def _append(call: Call, items: Sequence[Item]) -> list[Entry]:
    for one in items:
        if known(one.scene) is None or len(one.digest) != 32 or not 0 < len(one.reference) <= 120:
            raise InvalidInput(
                Text(
                    f"存证内容无效：场景 {one.scene}，编号 {one.reference[:40]}。",
                    f"Cannot be anchored: scene {one.scene}, reference {one.reference[:40]}.",
                )
            )
    shard = _shard(call.at)
    salts = [secrets.token_bytes(SALT_BYTES) for _one in items]
    leaves = [
        commitment(shard.tree, Opening(one.scene, one.reference, salt, one.digest))
        for one, salt in zip(items, salts, strict=True)
    ]
    first = tree.grow(shard, leaves)
    rows = [
        Entry(
            shard=shard, index=first + place, leaf=leaf, scene=one.scene, reference=one.reference,
            digest=one.digest, salt=salt, happened_at=one.happened_at, at=call.at,
            simulated=call.actor.simulated,
        )
        for place, (one, salt, leaf) in enumerate(zip(items, salts, leaves, strict=True))
    ]  # fmt: skip
    return list(Entry.objects.bulk_create(rows))


def _shard(at: datetime) -> Shard:
    name = nodekeys.origin(at)
    Shard.objects.get_or_create(origin=name, defaults={"opened_at": at, "hasher": nodekeys.hasher_name()})
    return Shard.objects.select_for_update().get(origin=name)  # type: ignore[no-any-return]


@action("chain.entry.forget")
def forget_entry(call: Call, *, entry: Entry) -> Entry:
    """销毁承诺内容: digest and salt go, the leaf stays; nothing of the person can be recognised any more.

    Raises Forbidden.
    """
    access.require(call.actor, "destroy", entry)
    entry.digest, entry.salt = None, None
    entry.save(update_fields=["digest", "salt"])
    audit.note(shard=entry.shard.origin, index=entry.index)
    return entry


@action("chain.head.make", idempotent=False)
def make_head(call: Call, *, shard: Shard) -> Head:
    """签发检查点: sign the head of a shard; the same size again is the same head. Raises Forbidden."""
    access.require(call.actor, "sign", shard)
    row = Shard.objects.select_for_update().get(pk=shard.pk)
    existing = Head.objects.filter(shard=row, size=row.size).first()
    if existing is not None:
        return existing  # type: ignore[no-any-return]
    at = tree.head(row)
    body = Checkpoint(row.origin, at.size, at.root, (f"hash {row.hasher}",))
    note = sign_note(body.text(), [(nodekeys.base(), nodekeys.log_signer())])
    head = Head.objects.create(
        shard=row, size=at.size, root=at.root, note=note.text(), made_at=call.at,
        needed=nodekeys.needed(len(nodekeys.members())),
    )  # fmt: skip
    audit.note(origin=row.origin, size=at.size, root=at.root.hex())
    return head  # type: ignore[no-any-return]


@action("chain.head.witness", idempotent=False)
def keep_answers(call: Call, *, head: Head, lines: Sequence[Signature]) -> Head:
    """收存见证: add cosignatures that hold. Raises Forbidden, Conflict (one that is false: nothing is kept)."""
    access.require(call.actor, "sign", head.shard)
    row = Head.objects.select_for_update().get(pk=head.pk)
    note = add_signature(open_note(row.note), list(lines))
    full = nodekeys.policy({row.shard.origin: row.shard.tree})
    try:
        good = witnessed(note.text(), Policy(full.logs, full.witnesses, 0))
    except LogFault as wrong:
        raise Conflict(Text(f"见证签名不成立：{wrong}", f"A cosignature does not hold: {wrong}")) from None
    row.note, row.witnesses = note.text(), len(good.times)
    row.needed = nodekeys.needed(len(full.witnesses))  # of the alliance as it is now
    if row.witnessed_at is None and row.witnesses >= row.needed > 0:
        row.witnessed_at = call.at
    row.save(update_fields=["note", "witnesses", "needed", "witnessed_at"])
    audit.note(origin=row.shard.origin, size=row.size, witnesses=row.witnesses)
    return row  # type: ignore[no-any-return]
