"""核验回执, for anybody: needs the file and public keys, asks nobody, imports no framework.

    python -m quancheng.capabilities.vault.receipt_client FILE --keys keys.json [--policy policy.json]

``keys.json`` is ``/vault/v1/keys`` of the city, got once by a way one trusts; ``policy.json`` is
``/chain/policy.json``. Checked are

1. the file's one spelling and the city's signature;
2. the recipient's countersignature;
3. in a proof file: the whole life of the request replayed: the use was allowed;
4. in a proof file, with a policy: grant and use stand in the city's log, as witnessed by other cities.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from quancheng.core.keys import KeyFault, PublicKey, from_jwk
from quancheng.core.merkle import SHA256, MerkleHasher
from quancheng.core.sm import SM3_TREE
from quancheng.core.tlog import LogFault, NoteKey, Opening, Policy, read_bundle, verify_bundle
from quancheng.core.vault import (
    Entry,
    Reason,
    Shown,
    VaultFault,
    read_entry,
    read_receipt,
    verify_allowed,
    verify_receipt,
)

PROOF = "quancheng-vault-proof/1"
_HASHERS: Mapping[str, MerkleHasher] = {"sha256": SHA256, "sm3": SM3_TREE}


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys one trusts."""

    city: Sequence[PublicKey]
    recipients: Mapping[str, Sequence[PublicKey]]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Keys:
        """From ``/vault/v1/keys``. Raises VaultFault."""
        try:
            recipients = {
                code: [from_jwk(one) for one in rows] for code, rows in document["recipients"].items()
            }
            return cls([from_jwk(one) for one in document["city_keys"]], recipients)
        except (KeyError, TypeError, AttributeError, KeyFault) as wrong:
            raise VaultFault(Reason.MALFORMED, f"keys: {wrong}") from None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds (核验结果)."""

    shown: Shown
    countersigned: bool
    allowed: bool
    """The life of the request was in the file and allows the use."""
    witnesses: Mapping[str, datetime | int] | None
    """Who witnessed the log that holds grant and use; None when the file or the policy does not say."""


def verify_file(data: bytes, keys: Keys, policy: Policy | None = None) -> Verdict:
    """The verdict on a receipt or a proof file. Raises VaultFault, LogFault."""
    said = _proof(data)
    receipt = read_receipt(data.strip() if said is None else said["receipt"].encode())
    recipient = keys.recipients.get(str(receipt.entry.body.get("recipient", "")), ())
    countersigned = receipt.recipient is not None
    shown = verify_receipt(receipt, city=keys.city, recipient=recipient if countersigned else None)
    if said is None:
        return Verdict(shown, countersigned, False, None)
    entries = [read_entry(one.encode()) for one in said["entries"]]
    verify_allowed(receipt, entries)
    return Verdict(shown, countersigned, True, _witnessed(said["chain"], entries, policy))


def policy_of(document: Mapping[str, Any]) -> Policy:
    """From ``/chain/policy.json``. Raises VaultFault."""
    try:
        log = NoteKey.read(document["log"])
        shards = {name: (log, _HASHERS[hasher]) for name, hasher in document["shards"].items()}
        witnesses = tuple(NoteKey.read(one) for one in document["witnesses"])
        return Policy(shards, witnesses, int(document["needed"]))
    except (KeyError, TypeError, ValueError, LogFault) as wrong:
        raise VaultFault(Reason.MALFORMED, f"policy: {wrong}") from None


def _proof(data: bytes) -> dict[str, Any] | None:
    """The members of a proof file; None for a bare receipt. Raises VaultFault."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as wrong:
        raise VaultFault(Reason.MALFORMED, str(wrong)) from None
    if not isinstance(said, dict) or said.get("format") != PROOF:
        return None
    match said:
        case {"receipt": str(), "entries": list(entries), "chain": list(anchored)} if len(said) == 4:
            if all(isinstance(one, str) for one in entries) and all(
                isinstance(one, dict) for one in anchored
            ):
                return said
    raise VaultFault(Reason.MALFORMED, "proof file")


def _witnessed(
    anchored: Sequence[Mapping[str, Any]], entries: Sequence[Entry], policy: Policy | None
) -> Mapping[str, int] | None:
    if policy is None or not anchored:
        return None
    by_seq = {one.seq: one for one in entries}
    times: Mapping[str, int] = {}
    for one in anchored:
        try:
            entry, salt = by_seq[one["seq"]], base64.b64decode(one["salt"], validate=True)
            bundle = base64.b64decode(one["bundle"], validate=True)
            opening = Opening(str(one["scene"]), str(one["reference"]), salt, entry.hash)
        except (KeyError, TypeError, ValueError) as wrong:
            raise VaultFault(Reason.MALFORMED, f"chain: {wrong}") from None
        if opening.reference != f"{entry.thread}-{entry.seq}":
            raise VaultFault(Reason.HISTORY, "another entry's place in the chain")
        times = verify_bundle(read_bundle(bundle), policy, opening).times
    if entries[-1].seq not in {one["seq"] for one in anchored}:
        return None  # the checkpoint over the use is not there yet
    return times


def main(argv: Sequence[str] | None = None) -> int:
    """Check a file; 0 when all of it holds."""
    parser = argparse.ArgumentParser(description="Check a receipt of the data vault, offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--policy", type=Path)
    said = parser.parse_args(argv)
    try:
        keys = Keys.read(json.loads(said.keys.read_text("utf-8")))
        policy = policy_of(json.loads(said.policy.read_text("utf-8"))) if said.policy else None
        found = verify_file(said.file.read_bytes(), keys, policy)
    except (VaultFault, LogFault, OSError, ValueError) as wrong:
        print(f"REFUSED {wrong}", file=sys.stderr)
        return 1
    told = found.shown
    print(f"HOLDS {told.number}: {told.name} · {told.purpose} · {told.at.isoformat()}")
    print("items " + ", ".join(f"{one.code} {one.name}" for one in told.items))
    print(
        f"countersigned {found.countersigned} · allowed {found.allowed} · witnesses {dict(found.witnesses or {})}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
