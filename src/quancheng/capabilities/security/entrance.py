"""谁在调用: a department's program proves itself by its code and secret."""

from __future__ import annotations

import base64
import binascii
import hmac

from django.http import HttpRequest
from ninja.security import HttpBearer

from quancheng.capabilities.security.actions.services import digest_of
from quancheng.capabilities.security.models import Client
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import NotSignedIn
from quancheng.kernel.middleware import call_of

__all__ = ["ClientSecret", "call_as", "client_of"]

ROLE = "security.client"


class ClientSecret(HttpBearer):
    """``Authorization: Bearer <code>:<secret>``."""

    def authenticate(self, request: HttpRequest, token: str) -> Client | None:
        code, _, secret = token.partition(":")
        return _proved(code, secret)


def client_of(request: HttpRequest) -> Client | None:
    """The caller by Basic or Bearer, None without credentials. Raises NotSignedIn for wrong ones."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return None
    if kind.lower() == "basic":
        try:
            rest = base64.b64decode(rest, validate=True).decode()
        except (binascii.Error, ValueError):
            raise NotSignedIn from None
    code, _, secret = rest.partition(":")
    found = _proved(code, secret)
    if found is None:
        raise NotSignedIn
    return found


def _proved(code: str, secret: str) -> Client | None:
    row: Client | None = Client.objects.filter(code=code[:40], active=True).first()
    if row is None or not hmac.compare_digest(row.secret_hash, digest_of(secret[:200])):
        return None
    return row


def call_as(request: HttpRequest, client: Client) -> Call:
    """A deed of the program, for its department; key from the header ``Idempotency-Key``."""
    grant = RoleGrant(ROLE, frozenset({client.department_id}))
    actor = Actor(ActorKind.DEVICE, client.code, grants=(grant,), simulated=client.simulated)
    return Call(actor, key=call_of(request).key, request_id=getattr(request, "request_id", ""))
