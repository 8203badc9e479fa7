"""信任的密钥: with which the city signs receipts, and those of recipients, old ones included."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from quancheng.capabilities.vault.models import RecipientKey
from quancheng.core.keys import Algorithm, PublicKey, SigningKey, from_jwk, to_jwk
from quancheng.kernel import keyring

PURPOSE = "vault-receipt"


def city() -> str:
    """Name of the city in entries."""
    return f"{settings.CITY}.quancheng/vault"


def signer() -> SigningKey:
    """Signs receipts and notices of this city."""
    return keyring.signer(PURPOSE, Algorithm.ES256)


def city_keys() -> tuple[PublicKey, ...]:
    """Keys whose signatures on receipts count."""
    signer()
    return keyring.trusted(PURPOSE)


def recipient_keys(code: str) -> tuple[PublicKey, ...]:
    """All keys a recipient ever had: a receipt of last year still verifies."""
    rows = RecipientKey.objects.filter(recipient__code=code).order_by("-pk")
    return tuple(from_jwk(one.jwk) for one in rows)


def document() -> dict[str, Any]:
    """信任名单 for outside verifiers: public keys of the city and of every recipient."""
    recipients: dict[str, list[Any]] = {}
    for one in RecipientKey.objects.select_related("recipient").order_by("recipient__code", "pk"):
        recipients.setdefault(one.recipient.code, []).append(one.jwk)
    return {
        "format": "quancheng-vault-keys/1", "city": city(), "city_keys": [to_jwk(key) for key in city_keys()],
        "recipients": recipients,
    }  # fmt: skip
