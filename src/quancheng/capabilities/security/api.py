"""API of the security services: /api/v1/security/; public keys for verifiers."""

from __future__ import annotations

import base64
from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from quancheng.capabilities.security import actions, metering, queries
from quancheng.capabilities.security.entrance import ClientSecret, call_as
from quancheng.capabilities.security.models import Client
from quancheng.core.keys import to_jwk
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound

router = Router(tags=["security"])


class KeyOut(Schema):
    """公钥: a JSON Web Key with the time in which signatures of it count."""

    kid: str
    purpose: str
    active: bool
    valid_from: datetime
    verify_until: datetime
    jwk: dict[str, str]


class KeysOut(Schema):
    """Public keys of a purpose, the active one first."""

    keys: list[KeyOut]


@router.get("/keys/{purpose}", response=KeysOut, summary="公钥 Public keys of a purpose", auth=None)
def public_keys(request: HttpRequest, purpose: str) -> KeysOut:
    """Everybody may know them. 404 for a purpose without keys."""
    found = queries.public_keys(purpose)
    if not found:
        raise NotFound
    return KeysOut(
        keys=[
            KeyOut(
                kid=one.kid,
                purpose=one.purpose,
                active=one.active,
                valid_from=one.valid_from,
                verify_until=one.verify_until,
                jwk={**to_jwk(one.public), "kid": one.kid},
            )
            for one in found
        ]
    )


# -- signing and sealing for departments' programs ---------------------------------------------
class SignIn(Schema):
    """What is to be signed."""

    data: str
    """base64, 64 KiB at most."""
    family: str = "es256"
    """``es256`` or ``sm2``."""
    reference: str = ""


class SignOut(Schema):
    """A signature and the key that verifies it."""

    signature: str
    """base64 of r || s."""
    algorithm: str
    kid: str
    jwk: dict[str, str]
    digest: str
    at: datetime
    reference: str


class SealIn(Schema):
    """A document to be sealed, by its digest."""

    number: str
    """Number of the seal."""
    digest: str
    """SM3 of the document, hexadecimal."""
    place: str
    """Where the document is, in ASCII."""
    reference: str = ""


class SealOut(Schema):
    """SES_Signature of GB/T 38540."""

    id: int
    sealing: str
    """base64 of the DER."""
    seal: str
    at: datetime
    reference: str


class UseOut(Schema):
    """Use of a service today."""

    service: str
    used: int
    per_day: int


class UsesOut(Schema):
    """Use of the services today."""

    caller: str
    services: list[UseOut]


@router.post("/sign", response=SignOut, summary="签名 Sign", auth=ClientSecret())
def sign(request: HttpRequest, body: SignIn) -> SignOut:
    """A signature by the city's signing key; with an ``Idempotency-Key`` the same request gets the same answer.

    429 with the quota in the problem details when today's quota is used up.
    """
    client: Client = request.auth  # type: ignore[attr-defined]
    row = actions.sign(
        call_as(request, client), client_code=client.code, family=body.family, data=body.data,
        reference=body.reference,
    )  # fmt: skip
    return SignOut(
        signature=base64.b64encode(bytes(row.signature)).decode(),
        algorithm=row.key.algorithm,
        kid=row.key.kid,
        jwk=to_jwk(row.key.public),
        digest=row.digest,
        at=row.at,
        reference=row.reference,
    )


@router.post("/seal", response=SealOut, summary="用章 Seal a document", auth=ClientSecret())
def seal(request: HttpRequest, body: SealIn) -> SealOut:
    """The department's electronic seal on a document, time-stamped; the document itself stays with its owner."""
    client: Client = request.auth  # type: ignore[attr-defined]
    row = actions.seal_document(
        call_as(request, client), number=body.number, digest=body.digest, place=body.place, caller=client.code,
        reference=body.reference,
    )  # fmt: skip
    return SealOut(
        id=row.pk,
        sealing=base64.b64encode(bytes(row.der)).decode(),
        seal=row.seal.number,
        at=row.at,
        reference=row.reference,
    )


@router.get("/use", response=UsesOut, summary="用量 Use today", auth=ClientSecret())
def use(request: HttpRequest) -> UsesOut:
    """What the caller used of each service today, and its quota."""
    client: Client = request.auth  # type: ignore[attr-defined]
    return UsesOut(
        caller=client.code,
        services=[
            UseOut(service=name, used=used, per_day=limit)
            for name, used, limit in metering.uses_of(client.code, clock.today())
        ],
    )
