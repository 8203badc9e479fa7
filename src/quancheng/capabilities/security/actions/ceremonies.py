"""Key ceremonies: the roots' private parts under a key that only a quorum of custodians can put together."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from typing import Any

from django.db import transaction

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.security import authority, keeping, terms, vault
from quancheng.capabilities.security.actions.certificates import ensure_authority, issuing_under, sign_list
from quancheng.capabilities.security.actions.keys import rotate
from quancheng.capabilities.security.models import (
    Certificate,
    Gathering,
    GivenShare,
    Key,
    KeyCeremony,
    ShareSlot,
)
from quancheng.capabilities.security.repository import ceremony_keys
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.pki import Issuer, PkiError, Purpose, Share, combine, split
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, Unavailable

__all__ = [
    "cancel_ceremony",
    "close_gathering",
    "close_old_gatherings",
    "give_share",
    "open_gathering",
    "start_ceremony",
    "take_share",
]

CUSTODIAN = "security.custodian"
MOST = 9


@action("security.ceremony.start")
def start_ceremony(call: Call, *, name: str, threshold: int, custodians: list[int]) -> KeyCeremony:
    """发起密钥仪式: a new key, split among custodians; each takes the share alone. Raises InvalidInput, Conflict.

    The roots stay under the master key until every custodian has taken the share; then that copy is gone.
    """
    access.require(call.actor, "start", KeyCeremony)
    holders = _holders(call, name, threshold, custodians)
    opened = {key.pk: keeping.open_key(key) for key in _roots(call)}
    return _begun(call, opened, holders, name=name, threshold=threshold)


@action("security.ceremony.take", idempotent=False)
def take_share(call: Call, *, slot_id: int) -> str:
    """领取份额: one's own, shown this once; then it is deleted here. Raises Forbidden, Conflict."""
    slot = (
        ShareSlot.objects.select_for_update(of=("self",))
        .filter(pk=slot_id)
        .select_related("ceremony")
        .first()
    )
    if slot is None:
        raise NotFound
    access.require(call.actor, "take", slot)
    if not slot.sealed or slot.ceremony.state != KeyCeremony.State.HANDING:
        raise Conflict(Text("份额已领取，不再显示。", "The share was taken and is not shown again."))
    text = vault.open_sealed(vault.master(), bytes(slot.sealed), f"share {slot.ceremony_id} {slot.index}")
    slot.sealed, slot.seen_at = b"", call.at
    slot.save(update_fields=["sealed", "seen_at"])
    audit.note(ceremony=slot.ceremony_id, share=slot.index)
    if not slot.ceremony.slots.filter(seen_at=None).exists():
        _complete(call, slot.ceremony)
    return text.decode()


@action("security.ceremony.cancel")
def cancel_ceremony(call: Call, *, ceremony_id: int) -> KeyCeremony:
    """取消仪式 while shares are handed out: nothing has changed yet. Raises Conflict."""
    row = _ceremony(ceremony_id)
    access.require(call.actor, "cancel", row)
    if row.state != KeyCeremony.State.HANDING:
        raise Conflict(Text("仪式已结束。", "The ceremony is over."))
    row.slots.update(sealed=b"")
    row.state, row.wrapped, row.done_at = KeyCeremony.State.CANCELLED, {}, call.at
    row.save(update_fields=["state", "wrapped", "done_at"])
    audit.note(ceremony=row.pk)
    return row


@action("security.gathering.open")
def open_gathering(
    call: Call,
    *,
    ceremony_id: int,
    kind: str,
    name: str = "",
    threshold: int = 0,
    custodians: list[int] | None = None,
) -> Gathering:
    """发起会合 of custodians: a drill, new issuing authorities, or a new splitting among others.

    A new splitting needs the name, threshold and custodians of the ceremony that follows it.
    Raises InvalidInput, Conflict.
    """
    row = _ceremony(ceremony_id)
    access.require(call.actor, "gather", row)
    if kind not in Gathering.Kind.values:
        raise InvalidInput(fields={"kind": Text("请选择目的。", "Choose what for.")})
    if row.state != KeyCeremony.State.DONE:
        raise Conflict(Text("仪式还没有完成。", "The ceremony is not complete."))
    if row.gatherings.filter(state=Gathering.State.OPEN).exists():
        raise Conflict(Text("已有一次会合在进行。", "A gathering is under way."))
    plan: dict[str, Any] = {}
    if kind == Gathering.Kind.RESPLIT:
        _holders(call, name, threshold, custodians or [])
        plan = {"name": name, "threshold": threshold, "custodians": custodians}
    made: Gathering = Gathering.objects.create(
        ceremony=row, kind=kind, plan=plan, opened_name=str(call.actor), opened_at=call.at
    )
    audit.note(ceremony=row.pk, kind=kind)
    events.emit("security.gathering.opened", f"ceremony:{row.pk}", {"kind": kind})
    return made


@action("security.gathering.give", idempotent=False)
def give_share(call: Call, *, gathering_id: int, text: str) -> Gathering:
    """交份额. A wrong share is refused at once; with the last that is needed the gathering does its work.

    Raises InvalidInput (mistyped, wrong, of another ceremony), Conflict, Forbidden.
    """
    row = (
        Gathering.objects.select_for_update(of=("self",))
        .filter(pk=gathering_id)
        .select_related("ceremony")
        .first()
    )
    if row is None:
        raise NotFound
    access.require(call.actor, "give", row)
    if row.state != Gathering.State.OPEN:
        raise Conflict(Text("会合已结束。", "The gathering is over."))
    share = _own_share(call, row.ceremony, text)
    if row.given.filter(index=share.index).exists():
        raise Conflict(Text("这份已交过。", "This share was handed in already."))
    GivenShare.objects.create(
        gathering=row, index=share.index, name=str(call.actor), at=call.at,
        sealed=vault.seal(vault.master(), share.text.encode(), f"given {row.pk} {share.index}"),
    )  # fmt: skip
    audit.note(ceremony=row.ceremony_id, share=share.index, kind=row.kind)
    if row.given.count() >= row.ceremony.threshold:
        _finish(call, row)
    return row  # type: ignore[no-any-return]


@action("security.gathering.close")
def close_gathering(call: Call, *, gathering_id: int) -> Gathering:
    """结束会合 that does not come together: what was handed in is forgotten. Raises Conflict, NotFound."""
    row = Gathering.objects.select_for_update().filter(pk=gathering_id).select_related("ceremony").first()
    if row is None:
        raise NotFound
    access.require(call.actor, "gather", row.ceremony)
    if row.state != Gathering.State.OPEN:
        raise Conflict(Text("会合已结束。", "The gathering is over."))
    _ended(call, row, Gathering.State.FAILED, {"error": "份额未到齐 The shares did not come together"})
    return row  # type: ignore[no-any-return]


@action("security.gathering.close_old")
def close_old_gatherings(call: Call) -> int:
    """结束过期会合: shares do not lie here longer than ``security.gathering_hours``; how many were closed."""
    access.require(call.actor, "gather", KeyCeremony)
    since = call.at - timedelta(hours=terms.amount("security.gathering_hours"))
    rows = list(
        Gathering.objects.select_for_update().filter(state=Gathering.State.OPEN, opened_at__lte=since)
    )
    for row in rows:
        _ended(call, row, Gathering.State.FAILED, {"error": "过期未到齐 The time was over"})
    return len(rows)


def _holders(call: Call, name: str, threshold: int, custodians: list[int]) -> dict[int, str]:
    """The custodians by user id, in order. Raises InvalidInput at the field that is wrong."""
    known = {one.pk: str(one) for one in people.officials(call.actor, CUSTODIAN)}
    _check_people(name, threshold, custodians, known)
    return {one: known[one] for one in custodians}


def _begun(
    call: Call, opened: dict[int, MemoryKey], holders: dict[int, str], *, name: str, threshold: int
) -> KeyCeremony:
    """A new key over the opened roots, its shares laid out for those who shall hold them.

    One at a time: shares that lie here untaken are a second way to the roots. Raises Conflict.
    """
    if KeyCeremony.objects.filter(state=KeyCeremony.State.HANDING).exists():
        raise Conflict(
            Text(
                "另一次仪式正在发放份额，请先完成或取消。",
                "Another ceremony is handing out its shares: finish or cancel it first.",
            )
        )
    secret = os.urandom(32)
    made = split(secret, threshold=threshold, count=len(holders))
    row: KeyCeremony = KeyCeremony.objects.create(
        name=name.strip()[:80],
        threshold=threshold,
        count=len(holders),
        commitments=[one.hex() for one in made.commitments],
        check_value=_check_value(secret),
        backup_public=ceremony_keys(secret).public_key().public_bytes_raw().hex(),
        wrapped={str(pk): _wrapped(secret, pk, key).hex() for pk, key in opened.items()},
        started_name=str(call.actor),
        started_at=call.at,
    )
    for (user, holder), share in zip(holders.items(), made.shares, strict=True):
        ShareSlot.objects.create(
            ceremony=row, index=share.index, user_id=user, name=holder,
            sealed=vault.seal(vault.master(), share.text.encode(), f"share {row.pk} {share.index}"),
        )  # fmt: skip
    audit.note(ceremony=row.pk, threshold=threshold, custodians=list(holders.values()))
    events.emit("security.ceremony.started", f"ceremony:{row.pk}", {"custodians": len(holders)})
    return row


def _check_people(name: str, threshold: int, custodians: list[int], holders: dict[int, Any]) -> None:
    wrong: dict[str, Text] = {}
    if not name.strip():
        wrong["name"] = Text("请写名称。", "Give it a name.")
    if len(set(custodians)) != len(custodians) or not 2 <= len(custodians) <= MOST:
        wrong["custodians"] = Text(
            f"请选2至{MOST}位不同的保管人。", f"Choose 2 to {MOST} different custodians."
        )
    elif not set(custodians) <= holders.keys():
        wrong["custodians"] = Text("有人不是密钥保管人。", "Somebody is no key custodian.")
    if not 2 <= threshold <= max(2, len(custodians)):
        wrong["threshold"] = Text(
            "门限须在2和保管人数之间。", "The threshold is between 2 and the number of custodians."
        )
    if wrong:
        raise InvalidInput(fields=wrong)


def _roots(call: Call) -> list[Key]:
    """The roots' keys that are still under the master key. Raises Conflict: none, or being handed out."""
    for family in authority.FAMILIES:
        ensure_authority(authority.by_rule(call), family=family)
    roots = Key.objects.select_for_update().filter(purpose__startswith="ca.root-", state=Key.State.ACTIVE)
    found = [one for one in roots if one.sealed_by == vault.MASTER]
    if not found:
        raise Conflict(Text("根密钥已由多人分持。", "The roots are held by custodians already."))
    return found


def _wrapped(secret: bytes, pk: int, key: MemoryKey) -> bytes:
    row = Key.objects.get(pk=pk)
    return vault.seal(_kek(secret), key.private_bytes(), keeping.bound(row.purpose, row.kid))


def _kek(secret: bytes) -> bytes:
    return hashlib.sha256(b"quancheng ceremony key 1" + secret).digest()


def _check_value(secret: bytes) -> str:
    return hashlib.sha256(b"quancheng ceremony check 1" + secret).hexdigest()


def _complete(call: Call, row: KeyCeremony) -> None:
    """Every share is with its custodian: the copies under the master key go."""
    for pk, sealed in row.wrapped.items():
        Key.objects.filter(pk=int(pk)).update(sealed=bytes.fromhex(sealed), sealed_by=f"ceremony:{row.pk}")
    row.state, row.wrapped, row.done_at = KeyCeremony.State.DONE, {}, call.at
    row.save(update_fields=["state", "wrapped", "done_at"])
    events.emit("security.ceremony.done", f"ceremony:{row.pk}", {})


def _ceremony(ceremony_id: int) -> KeyCeremony:
    row: KeyCeremony | None = KeyCeremony.objects.select_for_update().filter(pk=ceremony_id).first()
    if row is None:
        raise NotFound
    return row


def _own_share(call: Call, ceremony: KeyCeremony, text: str) -> Share:
    try:
        share = Share.from_text(text)
    except PkiError as wrong:
        raise authority.refused(wrong, "share") from None
    known = ceremony.commitments
    if not 0 < share.index <= len(known) or share.commitment.hex() != known[share.index - 1]:
        raise InvalidInput(
            fields={
                "share": Text("不是这次仪式发出的份额。", "This share was not handed out by this ceremony.")
            }
        )
    if not ceremony.slots.filter(index=share.index, user_id=call.actor.user_id).exists():
        raise InvalidInput(fields={"share": Text("这是别人的份额。", "This is somebody else's share.")})
    return share


def _finish(call: Call, row: Gathering) -> None:
    """Put the key together in memory, do what it was for, forget the shares."""
    try:
        with transaction.atomic():  # all of its work or none
            outcome = _worked(call, row)
        row.state = Gathering.State.DONE
    except (PkiError, Unavailable, InvalidInput, Conflict) as wrong:
        outcome, row.state = {"error": str(wrong)}, Gathering.State.FAILED
    _ended(call, row, row.state, outcome)


def _ended(call: Call, row: Gathering, state: str, outcome: dict[str, Any]) -> None:
    row.given.all().delete()
    row.state, row.outcome, row.ended_at = state, outcome, call.at
    row.save(update_fields=["state", "outcome", "ended_at"])
    audit.note(gathering=row.pk, outcome=outcome)
    events.emit("security.gathering.ended", f"ceremony:{row.ceremony_id}", {"state": str(row.state)})


def _worked(call: Call, row: Gathering) -> dict[str, Any]:
    shares = [
        Share.from_text(
            vault.open_sealed(vault.master(), bytes(one.sealed), f"given {row.pk} {one.index}").decode()
        )
        for one in row.given.all()
    ]
    secret = combine(shares, [bytes.fromhex(one) for one in row.ceremony.commitments])
    if _check_value(secret) != row.ceremony.check_value:
        raise Unavailable(Text("合成的密钥不对。", "The key put together is a wrong one."))
    opened = {
        key.pk: _unwrapped(secret, key) for key in Key.objects.filter(sealed_by=f"ceremony:{row.ceremony_id}")
    }
    outcome: dict[str, Any] = {"shares": sorted(one.index for one in shares), "keys": len(opened)}
    if row.kind == Gathering.Kind.RENEW:
        outcome["issued"] = [one.slug for one in _renewed(call, opened)]
    if row.kind == Gathering.Kind.RESPLIT:
        plan = row.plan
        holders = _holders(authority.by_rule(call), plan["name"], plan["threshold"], plan["custodians"])
        outcome["ceremony"] = _begun(call, opened, holders, name=plan["name"], threshold=plan["threshold"]).pk
    return outcome


def _unwrapped(secret: bytes, key: Key) -> MemoryKey:
    """A root's key. Raises Unavailable: it cannot be opened, or is not that of the public part."""
    private = vault.open_sealed(_kek(secret), bytes(key.sealed), keeping.bound(key.purpose, key.kid))
    found = MemoryKey.from_private(Algorithm(key.algorithm), private)
    if found.public != key.public:
        raise Unavailable(Text("私钥与公钥不符。", "The private key is not that of the public key."))
    return found


def _renewed(call: Call, opened: dict[int, MemoryKey]) -> list[Certificate]:
    """New issuing authorities under the roots, and new lists of the roots."""
    made = []
    system = authority.by_rule(call)
    for family in authority.FAMILIES:
        root = authority.newest(Purpose.ROOT, family, call.at)
        if root is None or root.key_id not in opened:
            continue
        issuer = Issuer(opened[root.key_id], root.x509)
        rotate(system, purpose=f"ca.issuing-{family}")
        made.append(issuing_under(system, issuer, root, family))
        sign_list(system, root, issuer)
    return made
