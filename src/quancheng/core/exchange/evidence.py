"""证据: what each side keeps of one exchange, as one self-contained JSON file.

The file holds both signed headers, the digests of both bodies (the bodies themselves only while the
keeper wants to hold them), the public keys, the leaf's inclusion proof and the stamp of the keeper's
batch. Every member is bound by a signature or by the stamped leaf; extra members are refused. Only
a body may be missing (``null``): retention rules delete personal data, the digest still proves it.

The leaf covers the signatures, so the stamp says that they existed at its time: evidence outlives
the validity of the keys (the idea of archive time stamps, RFC 4998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

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
from quancheng.core.exchange.message import Signed, request_from_header, response_from_header
from quancheng.core.exchange.signing import Signature, key_name
from quancheng.core.exchange.stamping import Proof, Stamp

__all__ = [
    "Evidence",
    "evidence_leaf",
    "read_evidence",
    "signed_from_json",
    "signed_to_json",
    "write_evidence",
]

EVIDENCE_FORMAT = "quancheng-evidence/1"
_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Evidence:
    """One side's evidence (一方证据). ``response`` is ``None`` when no answer came."""

    keeper: str
    kept: datetime
    request: Signed
    response: Signed | None
    proof: Proof
    stamp: Stamp
    keys: Mapping[str, bytes]


def evidence_leaf(keeper: str, kept: datetime, request: Signed, response: Signed | None) -> bytes:
    """The bytes that go into the keeper's batch (证据叶): who kept which signatures when."""
    return canonical(
        {
            "format": EVIDENCE_FORMAT,
            "keeper": keeper,
            "kept": write_time(kept),
            "request": _leaf_part(request),
            "response": None if response is None else _leaf_part(response),
        }
    )


def write_evidence(evidence: Evidence) -> bytes:
    """The file's bytes (写证据文件): canonical JSON."""
    return canonical(
        {
            "format": EVIDENCE_FORMAT,
            "keeper": evidence.keeper,
            "kept": write_time(evidence.kept),
            "request": signed_to_json(evidence.request),
            "response": None if evidence.response is None else signed_to_json(evidence.response),
            "keys": {name: b64encode(key) for name, key in evidence.keys.items()},
            "proof": {
                "index": evidence.proof.index,
                "path": [step.hex() for step in evidence.proof.path],
            },
            "stamp": evidence.stamp.body() | {"signature": _write_signature(evidence.stamp.signature)},
        }
    )


def read_evidence(data: bytes, limit: int = _LIMIT) -> Evidence:
    """Read an evidence file strictly (读证据文件); ``FormatError`` with the place otherwise.

    Reading proves nothing yet: ``verify`` does.
    """
    names = ("format", "keeper", "kept", "request", "response", "keys", "proof", "stamp")
    top = _members(read_json(data, limit), "$", names)
    if top["format"] != EVIDENCE_FORMAT:
        raise FormatError("format", "不是证据文件", "not an evidence file of this format")
    request = signed_from_json(top["request"], "request")
    response = None if top["response"] is None else signed_from_json(top["response"], "response")
    request_from_header(cast(Json, request.header))
    if response is not None:
        response_from_header(cast(Json, response.header))
    stamp = _read_stamp(top["stamp"])
    signatures = [stamp.signature, request.signature, *([response.signature] if response else [])]
    return Evidence(
        _text(top["keeper"], "keeper"),
        read_time(top["kept"], "kept"),
        request,
        response,
        _read_proof(top["proof"]),
        stamp,
        _read_keys(top["keys"], {signature.key for signature in signatures}),
    )


def _leaf_part(signed: Signed) -> Json:
    return {"digest": b64encode(signed.digest), "signature": _write_signature(signed.signature)}


def _write_signature(signature: Signature) -> Json:
    return {
        "algorithm": signature.algorithm,
        "key": signature.key,
        "value": b64encode(signature.value),
    }


def signed_to_json(signed: Signed) -> Json:
    """A signed message as JSON (签名报文写出): on the wire and in evidence."""
    return {
        "header": signed.header,
        "body_digest": b64encode(signed.body_digest),
        "signature": _write_signature(signed.signature),
        "body": None if signed.body is None else b64encode(signed.body),
    }


def signed_from_json(value: Json, place: str) -> Signed:
    """Read one strictly (签名报文读入); proves nothing yet."""
    members = _members(value, place, ("header", "body_digest", "signature", "body"))
    header, body = members["header"], members["body"]
    if not isinstance(header, Mapping):
        raise FormatError(f"{place}.header", "应为对象", "an object is wanted")
    return Signed(
        header,
        b64decode(members["body_digest"], f"{place}.body_digest"),
        _read_signature(members["signature"], f"{place}.signature"),
        None if body is None else b64decode(body, f"{place}.body"),
    )


def _read_signature(value: Json, place: str) -> Signature:
    members = _members(value, place, ("algorithm", "key", "value"))
    return Signature(
        _text(members["algorithm"], f"{place}.algorithm"),
        _text(members["key"], f"{place}.key"),
        b64decode(members["value"], f"{place}.value"),
    )


def _read_stamp(value: Json) -> Stamp:
    names = ("kind", "authority", "batch", "time", "size", "root", "previous", "signature")
    members = _members(value, "stamp", names)
    return Stamp(
        _text(members["kind"], "stamp.kind"),
        _text(members["authority"], "stamp.authority"),
        _text(members["batch"], "stamp.batch"),
        read_time(members["time"], "stamp.time"),
        _count(members["size"], "stamp.size"),
        _hash(members["root"], "stamp.root"),
        _hash(members["previous"], "stamp.previous"),
        _read_signature(members["signature"], "stamp.signature"),
    )


def _read_proof(value: Json) -> Proof:
    members = _members(value, "proof", ("index", "path"))
    path = members["path"]
    if not isinstance(path, Sequence) or isinstance(path, str) or len(path) > 64:
        raise FormatError("proof.path", "应为哈希列表", "a list of hashes is wanted")
    steps = tuple(_hash(step, f"proof.path[{index}]") for index, step in enumerate(path))
    return Proof(_count(members["index"], "proof.index"), steps)


def _read_keys(value: Json, used: set[str]) -> dict[str, bytes]:
    members = _members(value, "keys", tuple(used))
    keys = {name: b64decode(key, f"keys.{name}") for name, key in members.items()}
    for name, key in keys.items():
        if key_name(key) != name:
            raise FormatError(f"keys.{name}", "公钥与标识不符", "a key that does not have this name")
    return keys


def _members(value: Json, place: str, names: Sequence[str]) -> Mapping[str, Json]:
    if not isinstance(value, Mapping) or value.keys() != set(names):
        raise FormatError(place, f"应有且只有 {sorted(names)}", f"exactly {sorted(names)} are wanted")
    return value


def _text(value: Json, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(place, "应为文本", "a text is wanted")
    return value


def _count(value: Json, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FormatError(place, "应为非负整数", "a count is wanted")
    return value


def _hash(value: Json, place: str) -> bytes:
    if isinstance(value, str) and len(value) == 64 and not value.strip("0123456789abcdef"):
        return bytes.fromhex(value)
    raise FormatError(place, "应为 64 位小写十六进制", "64 lower-case hex digits are wanted")
