"""Records: what stands in a log is a salted commitment, never the data.

Whoever holds the payload and the salt can open it; when both are destroyed, nothing of the person is
left in the log, and the log still holds (deletion requests).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from quancheng.core.merkle import MerkleHasher
from quancheng.core.tlog.errors import LogFault, LogReason

__all__ = ["SALT_BYTES", "Opening", "commit", "commitment"]

SALT_BYTES = 16
_LABEL = b"quancheng/record/v1\n"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment (承诺开示): scene, reference, salt and the payload's bytes."""

    scene: str
    reference: str
    salt: bytes
    payload: bytes


def commitment(hasher: MerkleHasher, opening: Opening) -> bytes:
    """HASH(label ‖ len(scene) ‖ scene ‖ len(reference) ‖ reference ‖ salt ‖ payload); lengths in two bytes.

    The salt is 16 random bytes (Halevi–Micali: hiding needs as much entropy as security is wanted).
    """
    if len(opening.salt) != SALT_BYTES:
        raise LogFault(LogReason.MALFORMED, f"a salt has {SALT_BYTES} bytes")
    parts = b"".join(
        len(part).to_bytes(2, "big") + part for part in (opening.scene.encode(), opening.reference.encode())
    )
    return hasher.digest(_LABEL + parts + opening.salt + opening.payload)


def commit(hasher: MerkleHasher, opening: Opening, expected: bytes) -> None:
    """Nothing when the opening fits the commitment. Raises LogFault (RECORD)."""
    if not hmac.compare_digest(commitment(hasher, opening), expected):
        raise LogFault(LogReason.RECORD, "the opening does not fit the commitment")
