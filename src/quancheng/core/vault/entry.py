"""Entries of a thread's log: what happened to one request, each naming the one before by its hash.

The entry of a use *is* what the receipt shows, so no use exists without its entry. Entries hold no data
of the person: a holder and the facts given stand in them as salted commitments only.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quancheng.core.exchange.canonical import (
    Json,
    b64decode,
    b64encode,
    canonical,
    read_json,
    read_time,
    write_time,
)
from quancheng.core.exchange.errors import FormatError
from quancheng.core.vault.errors import Reason, VaultFault

__all__ = [
    "NOTHING",
    "SALT_BYTES",
    "Entry",
    "Kind",
    "commit_facts",
    "commit_holder",
    "open_facts",
    "read_entry",
]

NOTHING = bytes(32)
"""The previous hash of the first entry."""
SALT_BYTES = 16
_FORMAT = "quancheng-vault/1"
_HASH_LABEL = b"quancheng/vault-entry/v1\n"
_FACTS_LABEL = b"quancheng/vault-facts/v1\n"
_HOLDER_LABEL = b"quancheng/vault-holder/v1\n"
_MOST = 256 * 1024


class Kind(StrEnum):
    """What an entry says (记录种类)."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    USED = "used"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry (一条记录)."""

    city: str
    """Who keeps the log, so that entries of two cities are never confused."""
    thread: str
    """Number of the request all entries belong to."""
    seq: int
    kind: Kind
    at: datetime
    prev: bytes
    body: Mapping[str, Json]

    def to_json(self) -> dict[str, Json]:
        """As a JSON value."""
        return {
            "format": _FORMAT,
            "city": self.city,
            "thread": self.thread,
            "seq": self.seq,
            "kind": self.kind.value,
            "at": write_time(self.at),
            "prev": b64encode(self.prev),
            "body": dict(self.body),
        }

    def to_bytes(self) -> bytes:
        """Canonical bytes (RFC 8785): what is hashed and signed."""
        return canonical(self.to_json())

    @property
    def hash(self) -> bytes:
        """SHA-256 over a label and the canonical bytes."""
        return hashlib.sha256(_HASH_LABEL + self.to_bytes()).digest()


def read_entry(value: Json | bytes) -> Entry:
    """From a JSON value or canonical bytes; one entry has one spelling. Raises VaultFault (MALFORMED)."""
    try:
        said = read_json(value, _MOST) if isinstance(value, bytes) else value
        found = _entry(said)
        if canonical(said) != found.to_bytes() or (isinstance(value, bytes) and value != found.to_bytes()):
            raise VaultFault(Reason.MALFORMED, "members")
    except (FormatError, KeyError, ValueError) as wrong:
        raise VaultFault(Reason.MALFORMED, str(wrong)) from None
    return found


def _entry(said: Json) -> Entry:
    match said:
        case {
            "format": "quancheng-vault/1", "city": str(city), "thread": str(thread), "seq": int(seq),
            "kind": str(kind), "at": str(at), "prev": str(prev), "body": Mapping() as body,
        }:  # fmt: skip
            before = b64decode(prev, "prev")
            if len(before) != len(NOTHING) or seq < 1 or isinstance(seq, bool):
                raise VaultFault(Reason.MALFORMED, "seq or prev")
            return Entry(city, thread, seq, Kind(kind), read_time(at, "at"), before, body)
    raise VaultFault(Reason.MALFORMED, "not an entry")


def commit_holder(salt: bytes, person: str) -> bytes:
    """承诺: who the person is, for those who know the number and the salt; nobody else learns anything."""
    return _commit(_HOLDER_LABEL, salt, person.encode())


def commit_facts(salt: bytes, facts: Mapping[str, Json]) -> bytes:
    """承诺: the facts given. The salt is 16 random bytes; destroying it makes the commitment mute."""
    return _commit(_FACTS_LABEL, salt, canonical(dict(facts)))


def open_facts(salt: bytes, facts: Mapping[str, Json], expected: bytes) -> None:
    """Nothing when the facts are those committed to. Raises VaultFault (DATA)."""
    if not hmac.compare_digest(commit_facts(salt, facts), expected):
        raise VaultFault(Reason.DATA)


def _commit(label: bytes, salt: bytes, data: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise VaultFault(Reason.MALFORMED, f"a salt has {SALT_BYTES} bytes")
    return hashlib.sha256(label + salt + data).digest()
