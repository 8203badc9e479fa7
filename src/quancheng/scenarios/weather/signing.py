"""签名: a detached Ed25519 signature over the CAP bytes as published.

XML-DSig is left out on purpose: a detached signature survives any re-serialisation of the feed and
is checked with three lines of code. The public key is served beside the feed.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from quancheng.kernel.keyfile import load_or_make


def sign(document: bytes) -> str:
    """Signature of a document, base64."""
    return base64.b64encode(_key().sign(document)).decode()


def is_genuine(document: bytes, signature: str, public_pem: bytes) -> bool:
    """Whether ``signature`` over ``document`` was made with the key of ``public_pem``."""
    try:
        key = serialization.load_pem_public_key(public_pem)
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(base64.b64decode(signature, validate=True), document)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def public_pem() -> bytes:
    """The public key, PEM."""
    return (
        _key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@cache
def _key() -> Ed25519PrivateKey:
    return load_or_make(Path(settings.HOME) / "keys" / "cap-ed25519.pem")
