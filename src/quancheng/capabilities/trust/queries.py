"""Reads of licences: the wallet of the asker, verification by anybody who holds the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from quancheng.capabilities.trust import lifecycle
from quancheng.capabilities.trust.blobs import digest_like
from quancheng.capabilities.trust.blobs import path_of as blob_path
from quancheng.capabilities.trust.blobs import put as store_blob
from quancheng.capabilities.trust.models import Licence, LicenceType
from quancheng.capabilities.trust.sealing import commitment_of, hash_of, is_code
from quancheng.capabilities.trust.values import masked
from quancheng.core.identity import mask, mask_name
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = [
    "Verdict", "blob_path", "by_code", "card_rows", "digest_like", "held", "held_types", "intact", "licence", "licence_type",
    "licence_types",
    "store_blob", "verification_url", "verify", "wallet",
]  # fmt: skip

ORDER = ("-issued_at", "-id")


def wallet(actor: Actor) -> QuerySet[Licence]:
    """The licences the asker holds: own ones, or those of the firm acted for (卡包)."""
    found = access.visible(actor, Licence).select_related("type", "issued_by")
    if actor.firm_id is not None:
        return found.filter(firm_id=actor.firm_id)
    return found.filter(person_id=actor.person_id) if actor.person_id else found.none()


def licence(actor: Actor, number: str) -> Licence:
    """One licence the asker may see; raises NotFound."""
    found = access.visible(actor, Licence).select_related("type", "issued_by").filter(number=number).first()
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


def held_types(*, person_id: int | None = None, firm_id: int | None = None) -> frozenset[str]:
    """Types of licences valid today of one holder; for checks of applications."""
    if person_id is None and firm_id is None:
        return frozenset()
    column, holder = ("firm_id", firm_id) if firm_id is not None else ("person_id", person_id)
    today = connection.ops.adapt_datefield_value(clock.today())
    with connection.cursor() as cursor:  # plain SQL: every application asks this
        cursor.execute(_HELD[column], [holder, Licence.Status.VALID.value, today, today, today])
        return frozenset(code for (code,) in cursor.fetchall())


_HELD_BY = (
    "SELECT DISTINCT kind.code FROM trust_licence held JOIN trust_licencetype kind ON kind.id = held.type_id"
    " WHERE held.{} = %s AND held.status = %s AND held.valid_from <= %s"
    " AND (held.valid_to IS NULL OR held.valid_to >= %s) AND (held.check_until IS NULL OR held.check_until >= %s)"
)
_HELD = {column: _HELD_BY.format(column) for column in ("firm_id", "person_id")}


def held(actor: Actor, code: str) -> Licence | None:
    """The licence of a type that is valid today in the asker's wallet, the newest first."""
    return next((one for one in wallet(actor).filter(type__code=code).order_by(*ORDER) if one.good), None)


def licence_types() -> list[LicenceType]:
    """All licence types, by code."""
    return list(LicenceType.objects.order_by("code"))


def licence_type(code: str) -> LicenceType:
    """A type by code; raises NotFound."""
    found = LicenceType.objects.filter(code=code).first()
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What anybody may know about a code (核验结果): minimal data only."""

    outcome: str
    """genuine, expired, suspended, overdue, replaced, future, revoked, tampered or unknown."""
    text: Text
    type: Text | None = None
    number: str = ""
    holder: str = ""
    issuer: Text | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    simulated: bool = False


_UNKNOWN = Verdict(
    "unknown",
    Text("查无此证：核验码不存在或输入有误。", "Unknown: no licence has this code, or it was mistyped."),
)


def by_code(actor: Actor, code: str) -> Licence:
    """The licence of a verification code, for counting and comparing, not for showing; raises NotFound."""
    code = code.strip().upper()
    rows = access.visible(actor, Licence, verb="verify").select_related("type", "issued_by")
    found = rows.filter(code=code).first() if is_code(code) else None
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


def verify(actor: Actor, code: str) -> Verdict:
    """Say whether a code belongs to a genuine licence; holder and number are masked."""
    try:
        found = by_code(actor, code)
    except NotFound:
        return _UNKNOWN
    if not intact(found):
        return Verdict(
            "tampered",
            Text(
                "记录与签发时的指纹不符，请勿采信。",
                "The record does not match its fingerprint: do not rely on it.",
            ),
        )
    outcome, text = _state(found)
    return Verdict(
        outcome,
        text,
        found.type.text,
        mask(found.number, 4, 5),
        mask_name(found.holder_name),
        found.issued_by.text,
        found.valid_from,
        found.valid_to,
        found.simulated,
    )


def intact(found: Licence) -> bool:
    """Whether the content still gives the hash and commitment of the day of issue."""
    content = found.content()
    return found.content_hash == hash_of(content) and found.commitment == commitment_of(found.salt, content)


def verification_url(found: Licence) -> str:
    """The address a code leads to."""
    return f"{settings.PUBLIC_URL}/verify/{found.code}/"


def card_rows(found: Licence, *, reveal: bool = False) -> list[dict[str, Any]]:
    """What the face of the card says, in the order of its type; sensitive items masked."""
    rows = []
    for item in found.type.items:
        value = found.items.get(item["key"], "")
        if item["key"] == "photo" or value in ("", None):
            continue
        shown = str(value)
        if item.get("sensitive") and not reveal:
            shown = masked(shown)
        rows.append(
            {"label": Text.of(item["name"]), "value": shown, "sensitive": bool(item.get("sensitive"))}
        )
    return rows


def _state(found: Licence) -> tuple[str, Text]:
    state = found.state
    said = lifecycle.meaning(state)
    return ("genuine" if said.good else state.value), said.verdict
