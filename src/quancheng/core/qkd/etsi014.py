"""ETSI GS QKD 014 V1.1.1 (2019-02): what applications (SAE) and key managers (KME) say, as values.

Clause 6 gives the data formats, clause 5 the three methods. Parsing is strict: what is missing, of
another type or not padded base64 is refused with its place; unknown members are ignored, as clause 6
lets vendors add some, except mandatory extensions, which must be understood or refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quancheng.core.qkd.errors import QkdError, QkdReason

__all__ = [
    "DeliveredKey",
    "KeyContainer",
    "KeyRequest",
    "Problem",
    "Status",
    "dec_keys_path",
    "enc_keys_path",
    "key_ids",
    "key_ids_from",
    "status_path",
]

_STATUS_TEXTS = ("source_KME_ID", "target_KME_ID", "master_SAE_ID", "slave_SAE_ID")
_STATUS_NUMBERS = (
    "key_size",
    "stored_key_count",
    "max_key_count",
    "max_key_per_request",
    "max_key_size",
    "min_key_size",
    "max_SAE_ID_count",
)


def status_path(slave: str) -> str:
    """Get status (clause 5.1): asked by the master about the keys it shares with ``slave``."""
    return f"/api/v1/keys/{slave}/status"


def enc_keys_path(slave: str) -> str:
    """Get key (clause 5.2): new keys, shared with ``slave``."""
    return f"/api/v1/keys/{slave}/enc_keys"


def dec_keys_path(master: str) -> str:
    """Get key with key IDs (clause 5.3): asked by the slave for keys that ``master`` got."""
    return f"/api/v1/keys/{master}/dec_keys"


@dataclass(frozen=True, slots=True)
class Status:
    """Clause 6.1: what the key manager has for a pair of applications; sizes in bits."""

    source_kme: str
    target_kme: str
    master_sae: str
    slave_sae: str
    key_size: int
    stored_key_count: int
    max_key_count: int
    max_key_per_request: int
    max_key_size: int
    min_key_size: int
    max_sae_count: int = 0
    extension: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """As the standard writes it."""
        texts = (self.source_kme, self.target_kme, self.master_sae, self.slave_sae)
        numbers = (
            self.key_size,
            self.stored_key_count,
            self.max_key_count,
            self.max_key_per_request,
            self.max_key_size,
            self.min_key_size,
            self.max_sae_count,
        )
        plain: dict[str, Any] = dict(zip(_STATUS_TEXTS + _STATUS_NUMBERS, texts + numbers, strict=True))
        if self.extension:
            plain["status_extension"] = dict(self.extension)
        return _dump(plain)

    @classmethod
    def from_json(cls, data: bytes) -> Status:
        """Raises QkdError (MESSAGE)."""
        plain = _object(data)
        source, target, master, slave = (_text(plain, name) for name in _STATUS_TEXTS)
        size, stored, most, per, longest, least, saes = (_number(plain, name) for name in _STATUS_NUMBERS)
        extension = plain.get("status_extension", {})
        if not isinstance(extension, dict):
            raise _bad("status_extension")
        return cls(source, target, master, slave, size, stored, most, per, longest, least, saes, extension)


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """Clause 6.2: how many keys of how many bits. None: as the key manager has by default."""

    number: int | None = None
    size: int | None = None
    additional_saes: tuple[str, ...] = ()
    mandatory: tuple[Mapping[str, Any], ...] = ()
    optional: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> bytes:
        """Only what is set."""
        plain: dict[str, Any] = {
            "number": self.number,
            "size": self.size,
            "additional_slave_SAE_IDs": list(self.additional_saes) or None,
            "extension_mandatory": [dict(one) for one in self.mandatory] or None,
            "extension_optional": [dict(one) for one in self.optional] or None,
        }
        return _dump({name: value for name, value in plain.items() if value is not None})

    @classmethod
    def from_json(cls, data: bytes) -> KeyRequest:
        """Raises QkdError (MESSAGE)."""
        plain = _object(data or b"{}")
        saes = _array(plain, "additional_slave_SAE_IDs")
        if not all(isinstance(one, str) for one in saes):
            raise _bad("additional_slave_SAE_IDs")
        return cls(
            _number(plain, "number") if "number" in plain else None,
            _number(plain, "size") if "size" in plain else None,
            tuple(saes),
            _objects(plain, "extension_mandatory"),
            _objects(plain, "extension_optional"),
        )

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> KeyRequest:
        """The GET form (clause 5.2), which knows ``number`` and ``size`` only. Raises QkdError."""
        numbers: dict[str, int | None] = {}
        for name in ("number", "size"):
            text = query.get(name)
            if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
                raise _bad(name)
            numbers[name] = None if text is None else int(text)
        return cls(numbers["number"], numbers["size"])

    def checked(self, status: Status) -> tuple[int, int]:
        """Number and size in bits, if this key manager may serve them. Raises QkdError.

        Sizes are multiples of 8 between the status's bounds (clause 5.2, error 400).
        """
        if self.mandatory:
            raise QkdError(QkdReason.EXTENSION, "extension_mandatory")
        if len(self.additional_saes) > status.max_sae_count:
            raise QkdError(QkdReason.NUMBER, "additional_slave_SAE_IDs", f"at most {status.max_sae_count}")
        number = 1 if self.number is None else self.number
        size = status.key_size if self.size is None else self.size
        if not 1 <= number <= status.max_key_per_request:
            raise QkdError(QkdReason.NUMBER, "number", f"1 to {status.max_key_per_request}")
        if size % 8:
            raise QkdError(QkdReason.SIZE, "size", "size shall be a multiple of 8")
        if not status.min_key_size <= size <= status.max_key_size:
            raise QkdError(QkdReason.SIZE, "size", f"{status.min_key_size} to {status.max_key_size}")
        return number, size


@dataclass(frozen=True, slots=True)
class DeliveredKey:
    """One key with its name (clause 6.3)."""

    key_id: uuid.UUID
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyContainer:
    """Clause 6.3: keys with their names."""

    keys: tuple[DeliveredKey, ...]

    def to_json(self) -> bytes:
        """Keys in padded base64 (RFC 4648 section 4)."""
        return _dump(
            {
                "keys": [
                    {"key_ID": str(one.key_id), "key": base64.b64encode(one.key).decode()}
                    for one in self.keys
                ]
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> KeyContainer:
        """Raises QkdError (MESSAGE, KEY_ID): also when a name comes twice or there is no key."""
        plain = _object(data)
        if "keys" not in plain:
            raise _bad("keys")
        keys = tuple(DeliveredKey(_key_id(one), _key(one)) for one in _objects(plain, "keys"))
        if not keys or len({one.key_id for one in keys}) != len(keys):
            raise _bad("keys")
        return cls(keys)


def key_ids(names: Sequence[uuid.UUID]) -> bytes:
    """Clause 6.4: the body that asks for keys by name."""
    return _dump({"key_IDs": [{"key_ID": str(name)} for name in names]})


def key_ids_from(data: bytes) -> tuple[uuid.UUID, ...]:
    """The names in a clause 6.4 body, each once. Raises QkdError (MESSAGE, KEY_ID)."""
    plain = _object(data)
    names = tuple(_key_id(one) for one in _objects(plain, "key_IDs"))
    if not names or len(set(names)) != len(names):
        raise _bad("key_IDs")
    return names


@dataclass(frozen=True, slots=True)
class Problem:
    """Clause 6.5: what went wrong."""

    message: str
    details: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> bytes:
        """As the standard writes it."""
        plain: dict[str, Any] = {"message": self.message}
        if self.details:
            plain["details"] = [dict(one) for one in self.details]
        return _dump(plain)

    @classmethod
    def from_json(cls, data: bytes) -> Problem:
        """Raises QkdError (MESSAGE)."""
        plain = _object(data)
        return cls(_text(plain, "message"), _objects(plain, "details"))


def _bad(place: str) -> QkdError:
    return QkdError(QkdReason.MESSAGE, place)


def _dump(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, separators=(",", ":")).encode()


def _object(data: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _bad("json") from error
    if not isinstance(plain, dict):
        raise _bad("json")
    return plain


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two members of one name mean two readings of one message: refused."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _bad("json")
    return members


def _text(plain: Mapping[str, Any], name: str) -> str:
    value = plain.get(name)
    if not isinstance(value, str):
        raise _bad(name)
    return value


def _number(plain: Mapping[str, Any], name: str) -> int:
    value = plain.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _bad(name)
    return value


def _array(plain: Mapping[str, Any], name: str) -> list[Any]:
    value = plain.get(name, [])
    if not isinstance(value, list):
        raise _bad(name)
    return value


def _objects(plain: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    values = _array(plain, name)
    if not all(isinstance(one, dict) for one in values):
        raise _bad(name)
    return tuple(values)


def _key_id(one: Mapping[str, Any]) -> uuid.UUID:
    text = _text(one, "key_ID")
    try:
        name = uuid.UUID(text)
    except ValueError as error:
        raise QkdError(QkdReason.KEY_ID, "key_ID") from error
    if str(name) != text.lower():
        raise QkdError(QkdReason.KEY_ID, "key_ID", "8-4-4-4-12")
    return name


def _key(one: Mapping[str, Any]) -> bytes:
    try:
        key = base64.b64decode(_text(one, "key"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad("key") from error
    if not key:
        raise _bad("key")
    return key
