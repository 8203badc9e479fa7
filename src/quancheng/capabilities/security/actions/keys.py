"""Keys: made, drawn upon, rotated, retired; those of the key ring with them."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from quancheng.capabilities.security import keeping, telling, terms
from quancheng.capabilities.security.actions import ring
from quancheng.capabilities.security.metering import day_of, draw
from quancheng.capabilities.security.models import BackupRecord, Key, KeyPurpose, RestoreDrill
from quancheng.capabilities.security.words import STAYS
from quancheng.core.keys import Algorithm, MemoryKey, to_spki
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput, NotFound

__all__ = [
    "draw_uses",
    "ensure_key",
    "publish_purpose",
    "remind",
    "retire_due",
    "rotate",
]


_BY_PEOPLE = Q(purpose__startswith="ca.") | Q(purpose__startswith="seal.") | Q(handle=Key.Handle.RING)
"""Renewed by people: certificates of authorities and seals must be made anew, and outsiders (witnesses,
neighbours on a link, gates) be told the new key of a purpose of the key ring."""


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
    if ring.in_ring(purpose):
        raise NotFound(
            Text(
                f"{purpose}的密钥由密钥圈保管，模块自行取用。",
                f"The keys of {purpose} are in the key ring; its module takes them from there.",
            )
        )
    found = _active(purpose)
    if found is None:
        return _made_once(call, purpose)
    if found.sign_until <= call.at and not purpose.startswith(("ca.", "seal.")):
        return rotated(call, purpose)  # the job is late: a key at its end signs no more
    return found


def _active(purpose: str) -> Key | None:
    found: Key | None = Key.objects.filter(purpose=purpose, state=Key.State.ACTIVE).first()
    return found


def _made_once(call: Call, purpose: str) -> Key:
    """Two first uses at once keep one key."""
    try:
        with transaction.atomic():
            return made(call, purpose)
    except IntegrityError:
        found = _active(purpose)
        if found is None:
            raise
        return found


def count_use(key: Key) -> None:
    """One more signature; two callers at once are both counted. Inside an action."""
    Key.objects.filter(pk=key.pk).update(uses=F("uses") + 1)


@action("security.key.draw")
def draw_uses(call: Call, *, key_id: int, caller: str) -> int:
    """领用签名次数: a block of uses for a module of the platform; how many. Raises TooMany, NotFound."""
    key = _locked(key_id)
    access.require(call.actor, "draw", key)
    given = draw(caller, "key", day_of(call.at), terms.amount("security.block_signatures"))
    key.uses += given
    key.save(update_fields=["uses"])
    audit.note(key=key.kid, purpose=key.purpose, caller=caller, uses=given)
    return given


@action("security.key.rotate")
def rotate(call: Call, *, purpose: str) -> Key:
    """轮换密钥: a new active key; the old one verifies until its end. By rule or after a second person agreed."""
    access.require(call.actor, "make", Key)
    return rotated(call, purpose)


@action("security.key.retire_due")
def retire_due(call: Call) -> dict[str, int]:
    """到期处理: keys at the end of signing are rotated, at the end of verifying destroyed; how many each."""
    access.require(call.actor, "make", Key)
    renewed = ended = 0
    for key in Key.objects.filter(state=Key.State.ACTIVE, sign_until__lte=call.at).exclude(_BY_PEOPLE):
        rotated(call, key.purpose)
        renewed += 1
    past = Key.objects.filter(state__in=[Key.State.RETIRING, Key.State.RETIRED], verify_until__lte=call.at)
    for key in past:
        destroy(key)
        ended += 1
    audit.note(rotated=renewed, destroyed=ended)
    return {"rotated": renewed, "destroyed": ended}


@action("security.key.remind")
def remind(call: Call) -> dict[str, int]:
    """提醒: officers hear of keys that people must renew, and of backups and drills that are late."""
    access.require(call.actor, "make", Key)
    soon = call.at + terms.days("security.key_remind_days")
    due = Key.objects.filter(_BY_PEOPLE, state=Key.State.ACTIVE, sign_until__lte=soon)
    ending = list(due.exclude(purpose__in=STAYS))
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


def rotated(call: Call, purpose: str) -> Key:
    """A new active key; the one before verifies until its end. Inside an action."""
    if ring.in_ring(purpose):
        return ring.rotated(call, purpose, _latest(purpose).algorithm)
    for old in Key.objects.select_for_update().filter(purpose=purpose, state=Key.State.ACTIVE):
        old.state = Key.State.RETIRING
        if not purpose.startswith("ca."):  # an authority signs lists for what it issued until the end
            old.verify_until = call.at + terms.days("security.key_verify_days")
        old.save(update_fields=["state", "verify_until"])
    return made(call, purpose)


def made(call: Call, code: str) -> Key:
    """The next key of a purpose. Raises NotFound. Inside an action."""
    purpose = _purpose(code)
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


def destroy(key: Key) -> None:
    """Overwrites the private part with nothing. Copies in backups end with the backups. Inside an action."""
    key.sealed, key.state = b"", Key.State.DESTROYED
    key.save()
    if key.handle == Key.Handle.RING:
        ring.ended(key)


def _latest(purpose: str) -> Key:
    row: Key | None = Key.objects.filter(purpose=purpose).order_by("-valid_from", "-pk").first()
    if row is None:
        raise NotFound(Text(f"{purpose}还没有密钥。", f"{purpose} has no key yet."))
    return row


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
