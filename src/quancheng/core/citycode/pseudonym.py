"""Pseudonyms: another name for a person in each scene and period, which only the city can join."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["SUBJECT_BYTES", "pseudonym"]

SUBJECT_BYTES = 12


def pseudonym(secret: bytes, person: str, scene: str, period: str) -> bytes:
    """HMAC-SHA-256 over the three, length-prefixed, cut to 12 bytes (RFC 2104; 2^48 names before a chance match)."""
    parts = b"".join(
        len(part).to_bytes(2, "big") + part for part in (person.encode(), scene.encode(), period.encode())
    )
    return hmac.new(secret, parts, hashlib.sha256).digest()[:SUBJECT_BYTES]
