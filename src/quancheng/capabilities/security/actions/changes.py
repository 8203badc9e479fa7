"""Changes of keys: asked for by one officer, decided by another."""

from __future__ import annotations

from quancheng.capabilities.security import telling
from quancheng.capabilities.security.actions.certificates import revoke_over
from quancheng.capabilities.security.actions.keys import destroy, made, rotated
from quancheng.capabilities.security.models import Key, KeyChange
from quancheng.capabilities.security.words import STAYS
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

__all__ = ["ask_change", "decide_change"]


@action("security.key.ask_change")
def ask_change(call: Call, *, key_id: int, kind: str, reason: str) -> KeyChange:
    """申请变更密钥: rotation, or the end of a key that may be known to others. Raises InvalidInput, Conflict."""
    key = _visible(call, key_id, "change")
    access.require(call.actor, "change", key)
    if kind not in KeyChange.Kind.values:
        raise InvalidInput(fields={"kind": Text("请选择轮换或泄露停用。", "Choose rotation or compromise.")})
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明理由。", "Say why.")})
    if key.state == Key.State.DESTROYED or (kind == KeyChange.Kind.ROTATE and key.state != Key.State.ACTIVE):
        raise Conflict(Text("只有在用的密钥可以轮换。", "Only an active key can be rotated."))
    if kind == KeyChange.Kind.ROTATE and key.purpose in STAYS:
        raise Conflict(STAYS[key.purpose])
    if key.changes.filter(state=KeyChange.State.WAITING).exists():
        raise Conflict(
            Text("这把密钥已有待复核的申请。", "A change of this key waits for its second person.")
        )
    row: KeyChange = KeyChange.objects.create(
        key=key, kind=kind, reason=reason.strip()[:300], asked_by=call.actor.user_id or 0,
        asked_name=str(call.actor), asked_at=call.at,
    )  # fmt: skip
    telling.change_asked(call, row)
    audit.note(key=key.kid, purpose=key.purpose, kind=kind, reason=row.reason)
    events.emit("security.change.asked", f"key:{key.kid}", {"kind": kind, "purpose": key.purpose})
    return row


@action("security.key.decide_change")
def decide_change(call: Call, *, change_id: int, agreed: bool) -> KeyChange:
    """复核变更: by another officer than asked for it; carried out at once. Raises Forbidden, Conflict."""
    row = KeyChange.objects.select_for_update(of=("self",)).filter(pk=change_id).select_related("key").first()
    if row is None:
        raise NotFound
    access.require(call.actor, "decide", row)
    if row.state != KeyChange.State.WAITING:
        raise Conflict(Text("申请已处理。", "This was decided already."))
    if row.asked_by == call.actor.user_id:
        raise Forbidden(Text("须由另一人复核。", "Another person than the one who asked has to agree."))
    row.state = KeyChange.State.DONE if agreed else KeyChange.State.DECLINED
    row.decided_name, row.decided_at = str(call.actor), call.at
    row.save(update_fields=["state", "decided_name", "decided_at"])
    if agreed:
        _carry_out(call, row)
    audit.note(key=row.key.kid, kind=row.kind, agreed=agreed, asked_by=row.asked_name)
    events.emit("security.change.decided", f"key:{row.key.kid}", {"kind": row.kind, "agreed": agreed})
    return row  # type: ignore[no-any-return]


def _carry_out(call: Call, row: KeyChange) -> None:
    key = row.key
    if row.kind == KeyChange.Kind.ROTATE:
        if key.state != Key.State.ACTIVE:  # the job or another person was first
            raise Conflict(Text("只有在用的密钥可以轮换。", "Only an active key can be rotated."))
        rotated(call, key.purpose)
        return
    active = key.state == Key.State.ACTIVE
    key.compromised_at, key.state = call.at, Key.State.RETIRED
    key.verify_until = min(key.verify_until, call.at)
    if active and key.handle == Key.Handle.RING:  # the ring's own order: what signs next, then what ends
        key.save()
        rotated(call, key.purpose)
    destroy(key)
    if active and key.handle != Key.Handle.RING:
        made(call, key.purpose)
    revoke_over(call, key)
    events.emit("security.key.compromised", f"key:{key.kid}", {"purpose": key.purpose})


def _visible(call: Call, key_id: int, verb: str) -> Key:
    row = access.visible(call.actor, Key, verb=verb).filter(pk=key_id).first()
    if row is None:
        access.require(call.actor, verb, Key)
        raise NotFound
    return row
