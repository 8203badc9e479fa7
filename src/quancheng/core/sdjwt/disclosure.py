"""Disclosures (RFC 9901 section 4.2): a salted claim or element, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.core.jose import JoseFault, b64, unb64
from quancheng.core.sdjwt.errors import SdFault, SdReason
from quancheng.core.sm import sm3

__all__ = ["DIGESTS", "ELEMENT", "HASHES", "HASH_NAME", "Disclosure", "Sd", "hash_of"]

DIGESTS, ELEMENT, HASH_NAME = "_sd", "...", "_sd_alg"
HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    "sha-256": lambda data: hashlib.sha256(data).digest(),
    "sha-384": lambda data: hashlib.sha384(data).digest(),
    "sha-512": lambda data: hashlib.sha512(data).digest(),
    "sm3": sm3,
}
"""Hashes by the names of the IANA registry; sm3 is ours."""


@dataclass(frozen=True, slots=True)
class Sd:
    """可选披露: marks the name of a claim, or an element of an array, as disclosed only when the holder wants."""

    value: Any

    def __hash__(self) -> int:
        return hash(str(self.value))


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A disclosure as it travels, and what it says; ``name`` is None for an element of an array."""

    text: str
    name: str | None
    value: Any

    @classmethod
    def make(cls, salt: str, name: str | None, value: Any) -> Disclosure:
        """A fresh one; the salt has at least 128 random bits (section 9.3)."""
        parts = [salt, value] if name is None else [salt, name, value]
        return cls(b64(json.dumps(parts, ensure_ascii=False).encode()), name, value)

    @classmethod
    def read(cls, text: str) -> Disclosure:
        """From the token. Raises SdFault."""
        try:
            parts = json.loads(unb64(text))
        except (ValueError, JoseFault, RecursionError):
            raise SdFault(SdReason.DISCLOSURE, "not base64url of JSON") from None
        match parts:
            case [str(), value]:
                return cls(text, None, value)
            case [str(), str(name), value]:
                if name in (DIGESTS, ELEMENT):
                    raise SdFault(SdReason.RESERVED, name)
                return cls(text, name, value)
        raise SdFault(SdReason.DISCLOSURE, "not [salt, value] or [salt, name, value]")

    def digest(self, hash_name: str) -> str:
        """Its digest, base64url."""
        return b64(hash_of(hash_name)(self.text.encode()))


def hash_of(name: object) -> Callable[[bytes], bytes]:
    """A hash by name. Raises SdFault."""
    found = HASHES.get(name) if isinstance(name, str) else None
    if found is None:
        raise SdFault(SdReason.HASH, repr(name))
    return found
