"""Proof bundles: all one needs to check that a record stands in a witnessed log.

``QLP1``: CBOR array ``[1, index, size, path, leaf, note]``, deterministic; ``path`` is the hashes of the
inclusion proof one after another. Frozen; docs/formats/ledger-proof.md has cases.
"""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core import cose
from quancheng.core.merkle import ProofError, verify_inclusion
from quancheng.core.tlog.errors import LogFault, LogReason
from quancheng.core.tlog.policy import Policy, Witnessed, witnessed
from quancheng.core.tlog.records import Opening, commit

__all__ = ["Bundle", "read_bundle", "verify_bundle", "write_bundle"]

_VERSION = 1
_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Bundle:
    """A leaf, where it stands, its path, and the checkpoint note of that tree."""

    index: int
    size: int
    path: tuple[bytes, ...]
    leaf: bytes
    """The commitment."""
    note: str

    @property
    def proof_bytes(self) -> int:
        """Bytes of index, size and path: what the proof costs beside leaf and checkpoint."""
        return len(cose.encode([self.index, self.size, b"".join(self.path)]))


def write_bundle(bundle: Bundle) -> bytes:
    """The bytes of a bundle."""
    return cose.encode([_VERSION, bundle.index, bundle.size, b"".join(bundle.path), bundle.leaf, bundle.note])


def read_bundle(data: bytes) -> Bundle:
    """From bytes. Raises LogFault (MALFORMED)."""
    try:
        value = cose.decode(data)
    except cose.CoseFault as wrong:
        raise LogFault(LogReason.MALFORMED, str(wrong)) from None
    match value:
        case [1, int(index), int(size), bytes(path), bytes(leaf), str(note)]:
            if len(path) % _WIDTH or len(leaf) != _WIDTH or not 0 <= index < size:
                raise LogFault(LogReason.MALFORMED, "lengths")
            hashes = tuple(path[at : at + _WIDTH] for at in range(0, len(path), _WIDTH))
            made = Bundle(int(index), int(size), hashes, leaf, note)
            if write_bundle(made) == data:  # to Python true and 1.0 are 1; to the format they are not
                return made
    raise LogFault(LogReason.MALFORMED, "not a proof bundle")


def verify_bundle(bundle: Bundle, policy: Policy, opening: Opening | None = None) -> Witnessed:
    """Who witnessed when, when all of it holds. Raises LogFault.

    1 the checkpoint is signed and witnessed as the policy asks; 2 the leaf is in that tree; 3 the opening,
    when given, fits the leaf.
    """
    good = witnessed(bundle.note, policy)
    if good.checkpoint.size != bundle.size:
        raise LogFault(LogReason.PROOF, "the checkpoint has another size")
    try:
        leaf = good.hasher.leaf(bundle.leaf)
        verify_inclusion(good.hasher, leaf, bundle.index, good.checkpoint.head, bundle.path)
    except ProofError as wrong:
        raise LogFault(LogReason.PROOF, str(wrong)) from None
    if opening is not None:
        commit(good.hasher, opening, bundle.leaf)
    return good
