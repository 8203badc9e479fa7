"""加密存储: documents in envelopes; the master key is a file of its owner only, changed without touching data."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from quancheng.capabilities.quantum.models import SealedDocument, StorageKey
from quancheng.core.linkkey import (
    Envelope,
    LinkFault,
    MasterKey,
    Suite,
    open_envelope,
    rewrap,
    seal_envelope,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, secrets
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, NotFound, Unavailable

__all__ = ["open_document", "rotate_storage", "store_document"]


def _folder() -> Path:
    return Path(settings.HOME) / "quantum" / "storage"


def _master(name: str) -> MasterKey:
    """The master key from its file; made on first use."""
    secret = secrets.load_or_make_secret(_folder() / f"{name}.key")
    return MasterKey(name, hashlib.sha256(secret.encode()).digest())


def _current(call: Call) -> MasterKey:
    row = StorageKey.objects.filter(retired_at=None).order_by("-pk").first()
    if row is None:
        row = StorageKey.objects.create(name="m1", since=call.at)
    return _master(row.name)


@action("quantum.document.store")
def store_document(
    call: Call,
    *,
    number: str,
    title: str,
    text: str,
    department_id: int,
    suite: str = str(Suite.AES_256_GCM),
    simulated: bool = False,
) -> SealedDocument:
    """存入加密文档: sealed before it is written. Raises Conflict (the number is taken)."""
    if SealedDocument.objects.filter(number=number).exists():
        raise Conflict(Text(f"文号 {number} 已存在。", f"The number {number} is taken."))
    master = _current(call)
    data = text.encode()
    envelope = seal_envelope(master, data, number.encode(), Suite(suite))
    row: SealedDocument = SealedDocument.objects.create(
        number=number,
        title=title,
        department_id=department_id,
        envelope=envelope.to_bytes(),
        master=master.name,
        size=len(data),
        stored_at=call.at,
        simulated=simulated or call.actor.simulated,
    )
    access.require(call.actor, "store", row)
    audit.note(document=number, master=master.name, size=len(data))
    events.emit("quantum.document.stored", number, {"number": number})
    return row


@action("quantum.document.open", idempotent=False)
def open_document(call: Call, *, number: str) -> str:
    """打开加密文档: each opening is audited. Raises NotFound, Unavailable (the envelope does not open)."""
    row = access.visible(call.actor, SealedDocument).filter(number=number).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "open", row)
    audit.note(document=number)
    try:
        envelope = Envelope.from_bytes(bytes(row.envelope))
        return open_envelope(_master(row.master), envelope, number.encode()).decode()
    except LinkFault as fault:
        raise Unavailable(
            Text(
                f"文档 {number} 的密文打不开（{fault.text.zh}），可能被改动或主密钥不对。",
                f"The envelope of {number} does not open ({fault.text.en}).",
            )
        ) from fault


@action("quantum.storage.rotate", idempotent=False)
def rotate_storage(call: Call) -> int:
    """换主密钥: every envelope is rewrapped, no data is touched; returns how many. Raises Unavailable."""
    access.require(call.actor, "rotate", StorageKey)
    old = _current(call)
    StorageKey.objects.filter(retired_at=None).update(retired_at=call.at)
    name = f"m{StorageKey.objects.count() + 1}"
    StorageKey.objects.create(name=name, since=call.at)
    new = _master(name)
    count = 0
    for row in SealedDocument.objects.select_for_update().filter(master=old.name).iterator():
        try:
            envelope = rewrap(old, new, Envelope.from_bytes(bytes(row.envelope)))
        except LinkFault as fault:
            raise Unavailable(
                Text(
                    f"文档 {row.number} 的密文打不开，主密钥没有更换。",
                    f"The envelope of {row.number} does not open; nothing was changed.",
                )
            ) from fault
        row.envelope, row.master = envelope.to_bytes(), name
        row.save()
        count += 1
    audit.note(old=old.name, new=name, documents=count)
    return count
