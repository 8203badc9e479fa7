"""密钥圈 (``kernel.keyring``): the keys modules keep in files, governed like the keys kept here.

Their private parts stay where they are; a row stands for each, so that the officer sees, rotates and ends
them in one place. A purpose of the key ring has no dot in its name, one of this module has.
"""

from __future__ import annotations

from datetime import datetime

from quancheng.capabilities.security import terms
from quancheng.capabilities.security.models import Key, KeyPurpose
from quancheng.core.keys import Algorithm, to_spki
from quancheng.kernel import access, audit, events, keyring
from quancheng.kernel.actions import Call, action

__all__ = ["adopt", "ended", "in_ring", "rotated", "unseen"]

RING = "keyring"
"""What stands in ``Key.sealed_by``."""


def in_ring(purpose: str) -> bool:
    """Whether the keys of a purpose are those of the key ring."""
    return "." not in purpose


def unseen() -> bool:
    """Whether the key ring holds something the rows do not say."""
    rows = Key.objects.filter(handle=Key.Handle.RING).values_list("kid", "state")
    active = {kid for kid, state in rows if state == Key.State.ACTIVE}
    known = {kid for kid, _ in rows}
    return any(
        one.public.kid.hex() not in known or (one.signs and one.public.kid.hex() not in active)
        for one in keyring.kept()
    )


@action("security.key.adopt")
def adopt(call: Call) -> int:
    """登记密钥圈: a row for each key that modules made since the last time; how many."""
    access.require(call.actor, "make", Key)
    found = _adopted(call)
    audit.note(adopted=found)
    return len(found)


def rotated(call: Call, purpose: str, algorithm: str) -> Key:
    """A new key in the ring, of the algorithm of the one before; inside an action."""
    public = keyring.rotate(purpose, Algorithm(algorithm))
    _adopted(call)
    made: Key = Key.objects.get(kid=public.kid.hex())
    audit.note(key=made.kid, purpose=purpose, algorithm=algorithm)
    return made


def ended(key: Key) -> None:
    """The private part goes; what a compromised key signed counts no more. Inside an action."""
    keyring.end(key.purpose, key.public, trusted=key.compromised_at is None)


def _adopted(call: Call) -> list[str]:
    known = {row.kid: row for row in Key.objects.select_for_update().filter(handle=Key.Handle.RING)}
    lives = dict(KeyPurpose.objects.values_list("code", "life"))
    made = []
    for one in keyring.kept():
        row = known.get(one.public.kid.hex())
        if one.signs:
            _only_verifies(one.purpose, call.at, but=one.public.kid.hex())
        if row is None:
            made.append(_row(call, one, lives.get(one.purpose, "security.key_days")))
        elif one.signs and row.state == Key.State.RETIRING:
            row.state = Key.State.ACTIVE
            row.save(update_fields=["state"])
    return made


def _only_verifies(purpose: str, at: datetime, *, but: str) -> None:
    for row in Key.objects.filter(purpose=purpose, state=Key.State.ACTIVE).exclude(kid=but):
        row.state, row.verify_until = Key.State.RETIRING, at + terms.days("security.key_verify_days")
        row.save(update_fields=["state", "verify_until"])


def _row(call: Call, one: keyring.Kept, life: str) -> str:
    ends = one.since + terms.days(life)
    row, created = Key.objects.get_or_create(
        kid=one.public.kid.hex(),
        defaults={
            "purpose": one.purpose,
            "algorithm": str(one.public.algorithm),
            "spki": to_spki(one.public),
            "state": Key.State.ACTIVE if one.signs else Key.State.RETIRING,
            "handle": Key.Handle.RING,
            "sealed_by": RING,
            "valid_from": one.since,
            "sign_until": ends,
            "verify_until": max(ends, call.at) + terms.days("security.key_verify_days"),
            "created_by": str(call.actor),
        },
    )
    if created:
        events.emit("security.key.made", f"key:{row.kid}", {"purpose": one.purpose})
    return str(row.kid)
