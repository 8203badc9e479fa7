"""API of the security services: /api/v1/security/; public keys for verifiers."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from quancheng.capabilities.security import queries
from quancheng.core.keys import to_jwk
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
