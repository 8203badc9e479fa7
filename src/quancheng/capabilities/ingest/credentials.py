"""设备凭据: random secrets, of which a salted hash is kept, and fingerprints of client certificates.

A secret has 192 random bits, so one SHA-256 is as good as a slow hash would be for words people choose,
and a gateway can check thousands of devices a second when the power comes back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_BYTES = 24
_SALT = 8


def new_secret() -> str:
    """A fresh secret: 32 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> str:
    """``salt$sha256`` in hexadecimal, with a salt of its own."""
    salt = secrets.token_bytes(_SALT)
    return f"{salt.hex()}${_digest(salt, secret)}"


def matches(secret: str, kept: str) -> bool:
    """Whether ``secret`` is the one whose hash was kept; takes as long for a wrong one."""
    salt, _, digest = kept.partition("$")
    try:
        raw = bytes.fromhex(salt)
    except ValueError:
        return False
    return bool(digest) and hmac.compare_digest(_digest(raw, secret), digest)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a DER certificate, lower-case hexadecimal."""
    return hashlib.sha256(certificate).hexdigest()


def _digest(salt: bytes, secret: str) -> str:
    return hashlib.sha256(salt + secret.encode("utf-8", "surrogatepass")).hexdigest()
