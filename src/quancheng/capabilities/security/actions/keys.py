"""Keys: made, drawn upon, rotated with a second person, retired."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from quancheng.capabilities.security import keeping, telling, terms
from quancheng.capabilities.security.metering import draw
from quancheng.capabilities.security.models import BackupRecord, Key, KeyChange, KeyPurpose, RestoreDrill
from quancheng.core.keys import Algorithm, MemoryKey, to_spki
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

__all__ = [
    "ask_change",
    "decide_change",
    "draw_uses",
    "ensure_key",
    "publish_purpose",
    "remind",
    "retire_due",
    "rotate",
]


_BY_PEOPLE = Q(purpose__startswith="ca.") | Q(purpose__startswith="seal.")
"""Authorities and seals are renewed by people: their certificates and seals must be made anew."""


@action("security.purpose.publish")
def publish_purpose(
    call: Call, *, code: str, name: dict[str, str], algorithm: str, life: str = "security.key_days"
) -> KeyPurpose:
    """公布密钥用途. The algorithm of a purpose holds for keys made from now on. Raises InvalidInput."""
    access.require(call.actor, "publish", KeyPurpose)
    if algorithm not in {str(one) for one in Algorithm}:
        raise InvalidInput(fields={"algorithm": Text("没有这种算法。", "There is no such algorithm.")})
    row: KeyPurpose
    row, _ = KeyPurpose.objects.update_or_create(
        code=code, defaults={"name": Text.of(name).to_dict(), "algorithm": algorithm, "life": life}
    )
    audit.note(purpose=code, algorithm=algorithm)
    return row


@action("security.key.ensure")
def ensure_key(call: Call, *, purpose: str) -> Key:
    """确保有在用密钥: the active key of a purpose, made when there is none. Raises NotFound, Forbidden."""
    access.require(call.actor, "make", Key)
    found: Key | None = Key.objects.filter(purpose=purpose, state=Key.State.ACTIVE).first()
    return found or _made(call, _purpose(purpose))


@action("security.key.draw")
def draw_uses(call: Call, *, key_id: int, caller: str) -> int:
    """领用签名次数: a block of uses for a module of the platform; how many. Raises TooMany, NotFound."""
    key = _locked(key_id)
    access.require(call.actor, "draw", key)
    given = draw(caller, "key", call.at.date(), terms.amount("security.block_signatures"))
    key.uses += given
    key.save(update_fields=["uses"])
    audit.note(key=key.kid, purpose=key.purpose, caller=caller, uses=given)
    return given


@action("security.key.rotate")
def rotate(call: Call, *, purpose: str) -> Key:
    """轮换密钥: a new active key; the old one verifies until its end. By rule or after a second person agreed."""
    access.require(call.actor, "make", Key)
    return _rotated(call, purpose)


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
    row = KeyChange.objects.select_for_update().filter(pk=change_id).select_related("key").first()
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


@action("security.key.retire_due")
def retire_due(call: Call) -> dict[str, int]:
    """到期处理: keys at the end of signing are rotated, at the end of verifying destroyed; how many each."""
    access.require(call.actor, "make", Key)
    rotated = destroyed = 0
    for key in Key.objects.filter(state=Key.State.ACTIVE, sign_until__lte=call.at).exclude(_BY_PEOPLE):
        _rotated(call, key.purpose)
        rotated += 1
    ended = Key.objects.filter(state__in=[Key.State.RETIRING, Key.State.RETIRED], verify_until__lte=call.at)
    for key in ended:
        _destroy(key)
        destroyed += 1
    audit.note(rotated=rotated, destroyed=destroyed)
    return {"rotated": rotated, "destroyed": destroyed}


@action("security.key.remind")
def remind(call: Call) -> dict[str, int]:
    """提醒: officers hear of keys that people must renew, and of backups and drills that are late."""
    access.require(call.actor, "make", Key)
    soon = call.at + terms.days("security.key_remind_days")
    ending = list(Key.objects.filter(_BY_PEOPLE, state=Key.State.ACTIVE, sign_until__lte=soon))
    for key in ending:
        telling.ending(call, key)
    late = {
        Text("备份", "backup"): not BackupRecord.objects.filter(
            at__gt=call.at - terms.days("security.backup_days")
        ).exists(),
        Text("恢复演练", "restore drill"): not RestoreDrill.objects.filter(
            good=True, at__gt=call.at - terms.days("security.drill_days")
        ).exists(),
    }
    for what, is_late in late.items():
        if is_late:
            telling.late(call, what)
    audit.note(ending=len(ending), late=sum(late.values()))
    return {"ending": len(ending), "late": sum(late.values())}


def _carry_out(call: Call, row: KeyChange) -> None:
    key = row.key
    if row.kind == KeyChange.Kind.ROTATE:
        _rotated(call, key.purpose)
        return
    active = key.state == Key.State.ACTIVE
    key.compromised_at, key.state = call.at, Key.State.RETIRED
    key.verify_until = min(key.verify_until, call.at)
    _destroy(key)
    if active:
        _made(call, _purpose(key.purpose))
    events.emit("security.key.compromised", f"key:{key.kid}", {"purpose": key.purpose})


def _rotated(call: Call, purpose: str) -> Key:
    kind = _purpose(purpose)
    for old in Key.objects.select_for_update().filter(purpose=purpose, state=Key.State.ACTIVE):
        old.state = Key.State.RETIRING
        if not purpose.startswith("ca."):  # an authority signs lists for what it issued until the end
            old.verify_until = call.at + terms.days("security.key_verify_days")
        old.save(update_fields=["state", "verify_until"])
    return _made(call, kind)


def _made(call: Call, purpose: KeyPurpose) -> Key:
    memory = MemoryKey.generate(Algorithm(purpose.algorithm))
    ends: datetime = call.at + terms.days(purpose.life)
    row: Key = Key.objects.create(
        purpose=purpose.code,
        algorithm=purpose.algorithm,
        kid=memory.public.kid.hex(),
        spki=to_spki(memory.public),
        sealed=keeping.sealed_private(memory, purpose.code),
        valid_from=call.at,
        sign_until=ends,
        verify_until=ends + terms.days("security.key_verify_days"),
        created_by=str(call.actor),
    )
    audit.note(key=row.kid, purpose=purpose.code, algorithm=purpose.algorithm)
    events.emit("security.key.made", f"key:{row.kid}", {"purpose": purpose.code})
    return row


def _destroy(key: Key) -> None:
    """Overwrites the private part with nothing. Copies in backups end with the backups."""
    key.sealed, key.state = b"", Key.State.DESTROYED
    key.save()


def _purpose(code: str) -> KeyPurpose:
    row: KeyPurpose | None = KeyPurpose.objects.filter(code=code).first()
    if row is None:
        raise NotFound(Text(f"没有密钥用途{code}。", f"There is no key purpose {code}."))
    return row


def _locked(key_id: int) -> Key:
    row: Key | None = Key.objects.select_for_update().filter(pk=key_id).first()
    if row is None:
        raise NotFound
    return row


def _visible(call: Call, key_id: int, verb: str) -> Key:
    row = access.visible(call.actor, Key, verb=verb).filter(pk=key_id).first()
    if row is None:
        access.require(call.actor, verb, Key)
        raise NotFound
    return row
