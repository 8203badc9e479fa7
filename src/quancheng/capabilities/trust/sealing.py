"""证照指纹: content hash, salted commitment, licence number and verification code. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["canonical", "code_of", "commitment_of", "hash_of", "is_code", "licence_number"]

CODE_LENGTH = 20
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def canonical(content: Mapping[str, Any]) -> bytes:
    """One byte form for one content: sorted keys, no spaces, UTF-8."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def hash_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content."""
    return hashlib.sha256(canonical(content)).hexdigest()


def commitment_of(salt: str, content: Mapping[str, Any]) -> str:
    """Salted commitment: without the salt nobody can test guesses of the content against it."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical(content)).hexdigest()


def code_of(secret: str, number: str) -> str:
    """Verification code: 100 bits nobody can guess without the platform's secret."""
    digest = hmac.new(secret.encode(), f"licence:{number}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode()[:CODE_LENGTH]


def is_code(text: str) -> bool:
    """Whether a text could be a verification code."""
    return len(text) == CODE_LENGTH and _CODE.issuperset(text)


def licence_number(prefix: str, region: str, year: int, serial: int) -> str:
    """YDZ-370102-2026-000123-K with an ISO 7064 MOD 37,36 check character."""
    body = f"{prefix}{region[:6]}{year}{serial:06d}"
    return f"{prefix}-{region[:6]}-{year}-{serial:06d}-{_check(body)}"


def _check(body: str) -> str:
    product = 36
    for char in body:
        total = (product + _ALPHABET.index(char)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]
