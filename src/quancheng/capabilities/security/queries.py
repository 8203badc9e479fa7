"""Reads of the security services, and the handles other modules sign with."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from quancheng.capabilities.security import authority, terms
from quancheng.capabilities.security.keeping import FRESH_SECONDS, KeyHandle, open_key
from quancheng.capabilities.security.looking import (
    UseRow,
    authorities,
    backups,
    ceremonies,
    ceremony,
    clients,
    custodians,
    drills,
    held_roots,
    holding,
    overdue,
    own_slot,
    read_stamp,
    running,
    sealings,
    seals,
    stamps,
    uses_today,
)
from quancheng.capabilities.security.models import Certificate, Key, KeyChange, KeyPurpose, RevocationListRow
from quancheng.core.keys import PublicKey, to_jwk
from quancheng.core.pki import (
    Issuer,
    Purpose,
    RevocationReason,
    Revoked,
    Sealed,
    StampInfo,
    check_stamp,
    seal_verify,
)
from quancheng.core.pki.status import StatusRequest, make_status
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = [
    "KnownKey",
    "UseRow",
    "authorities",
    "backups",
    "ceremonies",
    "ceremony",
    "certificate",
    "certificates",
    "certificates_of",
    "changes_of",
    "clients",
    "custodians",
    "drills",
    "forget",
    "held_roots",
    "holding",
    "jwk_text",
    "key",
    "keys",
    "overdue",
    "own_slot",
    "public_keys",
    "purposes",
    "read_stamp",
    "revocation_list",
    "running",
    "sealings",
    "seals",
    "see_ring",
    "signer",
    "stamps",
    "status_of",
    "uses_today",
    "verify_seal",
    "verify_stamp",
    "waiting_changes",
]


@dataclass(frozen=True, slots=True)
class KnownKey:
    """公钥及其期限: what a verifier needs."""

    public: PublicKey
    kid: str
    purpose: str
    active: bool
    valid_from: datetime
    verify_until: datetime


_handles: dict[tuple[str, str], tuple[float, KeyHandle]] = {}
_handles_lock = threading.Lock()


def signer(purpose: str, *, caller: str = "") -> KeyHandle:
    """签名句柄: the active key of a purpose as ``core.keys.SigningKey``; made on first use.

    ``caller`` is whose quota counts, the purpose's first word by default (``code.issuer`` → ``code``).
    Ask each time you sign or issue (it is cached for seconds): after a rotation the next one has the new key.
    Raises NotFound: no such purpose (``resources/purposes.toml``, or ``actions.publish_purpose``).
    """
    caller = caller or purpose.partition(".")[0]
    now = time.monotonic()
    with _handles_lock:
        known = _handles.get((purpose, caller))
    # inside a transaction the cheap question is asked each time: what it cached may have been undone with it
    if known is not None and now - known[0] < FRESH_SECONDS and not connection.in_atomic_block:
        return known[1]
    row = _active(purpose)
    # one that still fits goes on: it may have uses left over
    if known is not None and known[1].public == row.public:
        handle = known[1]
    else:
        handle = KeyHandle(row, caller)
    with _handles_lock:
        _handles[(purpose, caller)] = (now, handle)
    return handle


def forget() -> None:
    """Forget the handles (tests; after a rotation in this process)."""
    with _handles_lock:
        _handles.clear()


def _active(purpose: str) -> Key:
    from quancheng.capabilities.security.actions import ensure_key

    found: Key | None = Key.objects.filter(purpose=purpose, state=Key.State.ACTIVE).first()
    if found is None or found.sign_until <= clock.now():
        return ensure_key(Call.system("security"), purpose=purpose)
    return found


def public_keys(purpose: str) -> list[KnownKey]:
    """公钥: of the active key and of those that only verify, newest first. Everybody may know them."""
    rows = Key.objects.filter(
        purpose=purpose, state__in=[Key.State.ACTIVE, Key.State.RETIRING], verify_until__gt=clock.now()
    )
    return [
        KnownKey(
            row.public, row.kid, row.purpose, row.state == Key.State.ACTIVE, row.valid_from, row.verify_until
        )
        for row in rows.order_by("-valid_from", "-pk")
    ]


def see_ring() -> None:
    """Take in what modules made in the key ring since the last look: rows for new keys, nothing else."""
    from quancheng.capabilities.security.actions import adopt
    from quancheng.capabilities.security.actions.ring import unseen

    if unseen():
        adopt(Call.system("security"))


# -- for the officer ------------------------------------------------------------------------
def keys(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """密钥列表. Filters: q (purpose or key id), state, algorithm."""
    rows = access.visible(actor, Key)
    see_ring()
    if words := params.get("q", "").strip():
        rows = rows.filter(purpose__contains=words) | rows.filter(kid__startswith=words.lower())
    if (state := params.get("state", "")) in Key.State.values:
        rows = rows.filter(state=state)
    if algorithm := params.get("algorithm", ""):
        rows = rows.filter(algorithm=algorithm)
    return pagination.page(rows, ("-valid_from", "-id"), params)


def key(actor: Actor, kid: str) -> Key:
    """One key. Raises NotFound."""
    found: Key | None = access.visible(actor, Key).filter(kid=kid).first()
    if found is None:
        raise NotFound
    return found


def purposes() -> dict[str, Text]:
    """Names of the purposes."""
    return {row.code: row.text for row in KeyPurpose.objects.all()}


def waiting_changes(actor: Actor) -> list[KeyChange]:
    """Changes that wait for a second person."""
    rows = access.visible(actor, KeyChange).filter(state=KeyChange.State.WAITING)
    return list(rows.select_related("key").order_by("asked_at"))


def changes_of(actor: Actor, row: Key) -> list[KeyChange]:
    """Changes of one key, newest first."""
    return list(access.visible(actor, KeyChange).filter(key=row).order_by("-asked_at", "-pk"))


def certificates_of(actor: Actor, row: Key) -> list[Certificate]:
    """Certificates over a key the platform holds."""
    return list(access.visible(actor, Certificate).filter(key=row).order_by("-issued_at", "-pk"))


def jwk_text(row: Key) -> str:
    """The public key as indented JWK."""
    return json.dumps({**to_jwk(row.public), "kid": row.kid}, indent=2)


# -- certificates ---------------------------------------------------------------------------
def revocation_list(slug: str) -> RevocationListRow:
    """The newest list of an authority; public. Raises NotFound."""
    row = authority.by_slug(slug)
    found = authority.latest_list(row) if row is not None else None
    if found is None:
        raise NotFound
    return found


def status_of(slug: str, request: StatusRequest) -> bytes:
    """证书状态应答 of an issuing authority, signed by it; public. Raises NotFound, Unavailable.

    Answers come from the table itself, so a revocation is known at once; they hold as long as a list.
    """
    row = authority.by_slug(slug)
    if row is None or row.purpose != Purpose.ISSUING or not request.is_for(row.x509):
        raise NotFound
    names = [f"{one:x}" for one in request.serials]
    found = {int(one.serial, 16): one for one in row.issued.filter(serial__in=names)}

    def revoked(serial: int) -> Revoked | None:
        one = found.get(serial)
        if one is None or one.revoked_at is None:
            return None
        return Revoked(serial, one.revoked_at, RevocationReason(one.revoked_reason))

    now = clock.now()
    ends = now + timedelta(hours=terms.amount("security.list_hours"))
    issuer = Issuer(open_key(row.key), row.x509)
    return make_status(request, issuer, known=found.__contains__, revoked=revoked, at=now, next_update=ends)


def certificates(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """证书列表. Filters: q (name or serial number), purpose, state (good, revoked, ended), organ."""
    rows = access.visible(actor, Certificate).select_related("department", "issuer")
    now = clock.now()
    if words := params.get("q", "").strip():
        rows = rows.filter(Q(subject__contains=words) | Q(serial__startswith=words.lower()))
    if purpose := params.get("purpose", ""):
        rows = rows.filter(purpose=purpose)
    match params.get("state", ""):
        case "good":
            rows = rows.filter(revoked_at=None, not_after__gt=now)
        case "revoked":
            rows = rows.exclude(revoked_at=None)
        case "ended":
            rows = rows.filter(revoked_at=None, not_after__lte=now)
    return pagination.page(rows, ("-issued_at", "-id"), params)


def certificate(actor: Actor, serial: str) -> Certificate:
    """One certificate. Raises NotFound."""
    rows = access.visible(actor, Certificate).select_related("department", "issuer", "key")
    found: Certificate | None = rows.filter(serial=serial).first()
    if found is None:
        raise NotFound
    return found


# -- verifying ------------------------------------------------------------------------------
def verify_stamp(token: bytes, digest: bytes | None = None) -> StampInfo:
    """核验时间戳 of this city. Raises core.pki.PkiError."""
    known = authority.trust()
    return check_stamp(token, roots=known.roots, between=known.between, lists=known.lists, digest=digest)


def verify_seal(sealing: bytes, document: bytes) -> Sealed:
    """验证签章 of this city. Raises core.pki.PkiError."""
    return seal_verify(sealing, document, authority.trust())
