"""签发密钥: the keys that sign credentials; ES256 by default, SM2 when the city says so."""

from __future__ import annotations

from django.conf import settings

from quancheng.core.keys import Algorithm, PublicKey, SigningKey
from quancheng.kernel import keyring

PURPOSE = "code-issuer"


def name() -> str:
    """Name of the issuer in tokens."""
    return f"quancheng.{settings.CITY}"


def signer() -> SigningKey:
    """The key that signs now."""
    algorithm = Algorithm(getattr(settings, "QUANCHENG_CODE_ALGORITHM", "ES256"))
    return keyring.signer(PURPOSE, algorithm)


def trusted() -> tuple[PublicKey, ...]:
    """Every key whose credentials may still live."""
    return keyring.trusted(PURPOSE) or (signer().public,)
