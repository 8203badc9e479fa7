"""What the writers of licences share: numbers, fingerprints, history, news."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings

from quancheng.capabilities.trust import lifecycle
from quancheng.capabilities.trust.lifecycle import Deed
from quancheng.capabilities.trust.models import Licence, LicenceChange, LicenceType, Serial
from quancheng.capabilities.trust.sealing import code_of, commitment_of, hash_of, licence_number
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.db.serials import next_number
from quancheng.kernel.errors import Conflict, InvalidInput

MOST = 300
"""Characters of a reason."""


def reason_of(text: str, label: Text, field: str = "reason") -> str:
    """A reason, cut to length. Raises InvalidInput when there is none."""
    text = text.strip()
    if not text:
        needed = Text(f"请填写{label.zh}。", f"Give {label.en}.")
        raise InvalidInput(needed, fields={field: needed})
    return text[:MOST]


def locked(licence: Licence) -> Licence:
    """The row as it is now, held until the transaction ends: of two deeds at once the second sees the first."""
    return (
        Licence.objects.select_for_update(of=("self",)).select_related("type", "issued_by").get(pk=licence.pk)
    )  # type: ignore[no-any-return]


def stepped(licence: Licence, deed: Deed) -> lifecycle.Kept:
    """What is kept after the deed. Raises Conflict."""
    try:
        return lifecycle.after(lifecycle.Kept(licence.status), deed)
    except lifecycle.DeedRefused as refused:
        raise Conflict(refused.text) from refused


def numbered(licence: Licence, region: str) -> Licence:
    """Number, verification code, fingerprint and place in the status lists; saves the row."""
    year = licence.valid_from.year
    serial = _next_serial(licence.type, region, year)
    licence.number = licence_number(licence.type.prefix, region, year, serial)
    licence.code = code_of(settings.SECRET_KEY, licence.number)
    licence.salt = secrets.token_hex(16)
    content = licence.content()
    licence.content_hash = hash_of(content)
    licence.commitment = commitment_of(licence.salt, content)
    licence.save()
    licence.status_index = lifecycle.status_index(settings.SECRET_KEY, licence.pk)
    licence.save(update_fields=["status_index"])
    return licence


def remember(call: Call, licence: Licence, deed: Deed, reason: str = "", **what: Any) -> LicenceChange:
    """One row of history."""
    return LicenceChange.objects.create(  # type: ignore[no-any-return]
        licence=licence, deed=deed.value, at=call.at, by_name=call.actor.name[:120], by_id=call.actor.user_id,
        reason=reason[:MOST], what=what,
    )  # fmt: skip


def tell(verb: str, licence: Licence, **more: Any) -> None:
    """Emit ``trust.licence.<verb>``; a firm's news go to the account of its representative."""
    agent = more.pop("submitted_by_id", None)
    if agent is None and licence.firm_id is not None:
        head = licence.firm.legal_person  # type: ignore[union-attr]
        agent = getattr(getattr(head, "user", None), "pk", None)
    events.emit(
        f"trust.licence.{verb}",
        licence.number,
        {
            "number": licence.number, "type": licence.type.name, "type_code": licence.type.code,
            "person_id": licence.person_id, "firm_id": licence.firm_id, "submitted_by_id": agent,
            "simulated": licence.simulated, **more,
        },
    )  # fmt: skip


def _next_serial(kind: LicenceType, region: str, year: int) -> int:
    return next_number(Serial, f"{kind.prefix}:{region[:6]}:{year}")
