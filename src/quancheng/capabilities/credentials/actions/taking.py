"""Into the wallet: offer, token, nonce, credential. Everything secret is kept as a digest and works once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from quancheng.capabilities.credentials import issuing
from quancheng.capabilities.credentials.models import Issued, Nonce, Offer
from quancheng.core.keys import thumbprint, to_jwk
from quancheng.core.openid4vc import VcError, VcFault, holder_key
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer as the holder sees it: the code in the QR, the number to type into the wallet."""

    offer: Offer
    code: str
    tx_code: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """Credentials, one for each proven key; or the fault, which must be kept as well."""

    credentials: tuple[str, ...] = ()
    fault: VcFault | None = None


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@action("credentials.offer.make", idempotent=False)
def invite(call: Call, *, licence: Any) -> Invitation:
    """领取: offer a licence to its holder's wallet. Raises Forbidden, Conflict (it does not hold now)."""
    code, tx_code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    if not licence.good:
        raise Conflict(Text("这张证照现在无效，不能领取。", "The licence does not hold now."))
    row = Offer(
        code_digest=digest_of(code), tx_digest=digest_of(f"{code}:{tx_code}"), licence=licence,
        person_id=licence.person_id, made_at=call.at,
        expires_at=call.at + timedelta(minutes=rulebook.find("credentials.offer_minutes").integer()),
    )  # fmt: skip
    row.save()
    access.require(call.actor, "offer", row)
    audit.note(licence=licence.number)
    return Invitation(row, code, tx_code)


@action("credentials.offer.redeem", idempotent=False)
def redeem(call: Call, *, code: str, tx_code: str) -> str | VcFault:
    """A wallet brings code and number: an access token, or the fault. A wrong number counts and stays counted."""
    access.require(call.actor, "deliver", Offer)
    row = Offer.objects.select_for_update().filter(code_digest=digest_of(code)).first()
    if row is None or row.state != Offer.State.OFFERED or row.expires_at <= call.at:
        return VcFault(VcError.INVALID_GRANT, "the code is unknown, used, locked or over")
    if not hmac.compare_digest(row.tx_digest, digest_of(f"{code}:{tx_code}")):
        row.tries += 1
        if row.tries >= rulebook.find("credentials.tx_tries").integer():
            row.state = Offer.State.LOCKED
        row.save(update_fields=["tries", "state"])
        audit.note(offer=row.pk, wrong=row.tries)
        return VcFault(VcError.INVALID_GRANT, "the transaction code is wrong")
    token = secrets.token_urlsafe(32)
    row.state, row.token_digest = Offer.State.REDEEMED, digest_of(token)
    row.expires_at = call.at + timedelta(minutes=rulebook.find("credentials.token_minutes").integer())
    row.save(update_fields=["state", "token_digest", "expires_at"])
    audit.note(offer=row.pk)
    return token


@action("credentials.nonce.give", idempotent=False)
def give_nonce(call: Call) -> str:
    """A nonce for a wallet's proof."""
    access.require(call.actor, "deliver", Offer)
    nonce = secrets.token_urlsafe(24)
    minutes = rulebook.find("credentials.token_minutes").integer()
    Nonce.objects.create(digest=digest_of(nonce), expires_at=call.at + timedelta(minutes=minutes))
    return nonce


@action("credentials.credential.deliver", idempotent=False)
def deliver(call: Call, *, token: str, configuration: str, proofs: Sequence[str]) -> Delivered:
    """发放凭证: one credential for each key proven. The token works once; nonces too."""
    access.require(call.actor, "deliver", Offer)
    rows = Offer.objects.select_for_update().filter(token_digest=digest_of(token), state=Offer.State.REDEEMED)
    row = rows.first()
    if row is None or row.expires_at <= call.at:
        return Delivered(fault=VcFault(VcError.INVALID_TOKEN, "unknown, used or over"))
    if configuration != row.licence.type.code:
        return Delivered(fault=VcFault(VcError.UNKNOWN_CONFIGURATION, configuration[:60]))
    if not row.licence.good:
        return Delivered(fault=VcFault(VcError.INVALID_CREDENTIAL_REQUEST, "the licence no longer holds"))
    try:
        keys = [_proven(proof, call.at) for proof in proofs]
    except VcFault as fault:
        return Delivered(fault=fault)
    until = _until(row.licence, call.at)
    made = [_credential(row, key, call.at, until) for key in keys]
    row.state = Offer.State.DONE
    row.save(update_fields=["state"])
    audit.note(licence=row.licence.number, credentials=len(made))
    events.emit(
        "credentials.credential.issued",
        str(row.pk),
        {"person_id": row.person_id, "type": row.licence.type.name, "number": row.licence.number,
         "simulated": row.licence.simulated},
    )  # fmt: skip
    return Delivered(tuple(made))


def _proven(proof: str, at: datetime) -> Any:
    key, nonce = holder_key(proof, issuing.issuer(), int(at.timestamp()))
    gone, _rows = Nonce.objects.filter(digest=digest_of(nonce), expires_at__gt=at).delete()
    if not gone:
        raise VcFault(VcError.INVALID_NONCE, "the nonce is unknown, used or over; get a fresh one")
    return key


def _until(licence: Any, at: datetime) -> datetime:
    longest = at + timedelta(days=rulebook.find("credentials.days").integer())
    if licence.valid_to is None:
        return longest
    end = datetime.combine(licence.valid_to + timedelta(days=1), time.min, tzinfo=clock.LOCAL)
    return min(longest, end.astimezone(UTC))


def _credential(row: Offer, key: Any, at: datetime, until: datetime) -> str:
    index = secrets.randbelow(issuing.SIZE)
    while Issued.objects.filter(status_index=index).exists():
        index = secrets.randbelow(issuing.SIZE)
    Issued.objects.create(
        licence=row.licence, person_id=row.person_id, key=thumbprint(key).hex(), status_index=index,
        issued_at=at, expires_at=until,
    )  # fmt: skip
    return issuing.credential(row.licence, to_jwk(key), index, at, until)


@action("credentials.credential.stop")
def stop_credential(call: Call, *, issued: Issued) -> Issued:
    """停用: a credential in a wallet I no longer have. Raises Forbidden, Conflict."""
    access.require(call.actor, "stop", issued)
    if not Issued.objects.filter(pk=issued.pk, stopped_at=None).update(stopped_at=call.at):
        raise Conflict(Text("这份凭证已经停用。", "The credential was stopped already."))
    issued.refresh()
    audit.note(issued=issued.pk)
    return issued


@action("credentials.tidy")
def tidy(call: Call) -> int:
    """Forget nonces that are over."""
    access.require(call.actor, "deliver", Offer)
    gone, _rows = Nonce.objects.filter(expires_at__lte=call.at).delete()
    audit.note(nonces=gone)
    return gone  # type: ignore[no-any-return]
