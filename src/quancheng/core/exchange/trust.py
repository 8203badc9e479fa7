"""可信公钥清单: the list of trusted keys as a file, for verifiers that have nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from quancheng.core.exchange.signing import KeyRole, TrustedKey, TrustedKeys

__all__ = ["read_trusted", "write_trusted"]

_NAMES = {"owner", "algorithm", "public", "roles", "valid_from", "valid_until", "revoked"}


def write_trusted(keys: TrustedKeys) -> bytes:
    """The list's bytes (写清单)."""
    return canonical([_entry(key) for _, key in sorted(keys.keys.items())])


def read_trusted(data: bytes, limit: int = 2**20) -> TrustedKeys:
    """Read a list (读清单); ``FormatError`` with the place, ``KeyFault`` for a key listed twice."""
    entries = read_json(data, limit)
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise FormatError("$", "应为列表", "a list is wanted")
    return TrustedKeys.of(_key(entry, f"$[{index}]") for index, entry in enumerate(entries))


def _entry(key: TrustedKey) -> Json:
    return {
        "owner": key.owner,
        "algorithm": key.algorithm,
        "public": b64encode(key.public_der),
        "roles": sorted(str(role) for role in key.roles),
        "valid_from": write_time(key.valid_from),
        "valid_until": write_time(key.valid_until),
        "revoked": None if key.revoked is None else write_time(key.revoked),
    }


def _key(entry: Json, place: str) -> TrustedKey:
    if not isinstance(entry, Mapping) or entry.keys() != _NAMES:
        raise FormatError(place, f"应有且只有 {sorted(_NAMES)}", f"exactly {sorted(_NAMES)} are wanted")
    owner, algorithm, roles, revoked = (entry[n] for n in ("owner", "algorithm", "roles", "revoked"))
    if not isinstance(owner, str) or not isinstance(algorithm, str) or not isinstance(roles, list):
        raise FormatError(place, "取值类型不符", "wrong types")
    if not roles or not set(roles) <= set(KeyRole):
        raise FormatError(f"{place}.roles", "未知的用途", "unknown roles")
    return TrustedKey(
        owner,
        algorithm,
        b64decode(entry["public"], f"{place}.public"),
        frozenset(map(KeyRole, roles)),
        read_time(entry["valid_from"], f"{place}.valid_from"),
        read_time(entry["valid_until"], f"{place}.valid_until"),
        None if revoked is None else read_time(revoked, f"{place}.revoked"),
    )
