"""Inclusion proofs: this entry is in the log whose head was signed (RFC 9162 section 2.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quancheng.core.merkle import MerkleHasher, prove_inclusion, verify_inclusion
from quancheng.core.text import Text
from quancheng.kernel.audit.checkpointing import KEPT_LEVELS
from quancheng.kernel.audit.hashing import hasher
from quancheng.kernel.audit.keys import trusted_keys
from quancheng.kernel.audit.signednote import BadNote, open_note
from quancheng.kernel.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from quancheng.kernel.audit.models import AuditEntry


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """All somebody outside needs, beside the signer's public key: the entry's text and this."""

    entry: str
    """Canonical text of the entry."""
    index: int
    path: tuple[str, ...]
    """Hashes from the leaf's sibling to the root, hex."""
    note: str
    """Signed checkpoint."""

    def verify(self, keys: Sequence[Ed25519PublicKey] | None = None) -> None:
        """Return if the entry is in the signed log.

        Raises BadNote for the signature, ``core.merkle.ProofError`` for the path. Without
        ``keys`` this city's own keys are trusted.
        """
        said = open_note(self.note, trusted_keys() if keys is None else keys)
        tree = hasher(said.algorithm)
        leaf = tree.leaf(tree.digest(self.entry.encode()))
        path = [bytes.fromhex(node) for node in self.path]
        verify_inclusion(tree, leaf, self.index, said.head, path)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, for download."""
        return {
            "entry": self.entry,
            "index": self.index,
            "path": list(self.path),
            "note": self.note,
        }


def inclusion_proof(entry: AuditEntry) -> InclusionProof:
    """Prove an entry against the newest checkpoint that covers it.

    Raises NotFound when none does yet (they are made each minute), BadNote or ProofError when
    the stored tree was altered.
    """
    from quancheng.kernel.audit.models import Checkpoint, Stream

    covering = Checkpoint.objects.filter(stream=entry.stream, size__gte=entry.sequence)
    newest = covering.order_by("-size").first()
    if newest is None:
        raise NotFound(
            Text(
                f"第 {entry.sequence} 条尚未纳入检查点，请一分钟后再试。",
                f"Entry {entry.sequence} is in no checkpoint yet; try again in a minute.",
            )
        )
    tree = hasher(Stream.objects.get(pk=entry.stream).algorithm)
    source = _TableNodes(tree, entry.stream)
    index = entry.sequence - 1
    path = prove_inclusion(tree, source, index, newest.size)
    proof = InclusionProof(entry.canonical(tree.name), index, tuple(node.hex() for node in path), newest.note)
    proof.verify()
    return proof


@dataclass(frozen=True, slots=True)
class _TableNodes:
    """Perfect subtrees out of the tables: rows at the kept levels, leaves below them."""

    tree: MerkleHasher
    stream: str

    def node(self, level: int, index: int) -> bytes:
        """Fold the nodes of the nearest kept level below."""
        kept = max((known for known in KEPT_LEVELS if known <= level), default=0)
        first, count = index << (level - kept), 1 << (level - kept)
        hashes = self._row(kept, first, count)
        if len(hashes) != count:
            raise BadNote(f"the stored tree of {self.stream} lacks nodes at level {kept}")
        while len(hashes) > 1:
            pairs = zip(hashes[::2], hashes[1::2], strict=True)
            hashes = [self.tree.node(left, right) for left, right in pairs]
        return hashes[0]

    def _row(self, level: int, first: int, count: int) -> list[bytes]:
        from quancheng.kernel.audit.models import AuditEntry, TreeNode

        if level:
            rows = TreeNode.objects.filter(
                stream=self.stream, level=level, index__gte=first, index__lt=first + count
            ).order_by("index")
            return [bytes.fromhex(own) for own in rows.values_list("hash", flat=True)]
        entries = AuditEntry.objects.filter(
            stream=self.stream, sequence__gt=first, sequence__lte=first + count
        ).order_by("sequence")
        leaf = self.tree.leaf
        return [leaf(bytes.fromhex(own)) for own in entries.values_list("hash", flat=True)]
