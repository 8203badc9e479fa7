"""Signing the head of a stream's tree and keeping the signed head elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction

from quancheng.core.merkle import CompactRange, MerkleHasher, Node
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.audit import outside
from quancheng.kernel.audit.canonical import stamp
from quancheng.kernel.audit.errors import AuditBroken
from quancheng.kernel.audit.hashing import GENESIS, hasher
from quancheng.kernel.audit.keys import origin, signing_key
from quancheng.kernel.audit.signednote import SignedHead, sign
from quancheng.kernel.audit.writing import MAIN

if TYPE_CHECKING:
    from quancheng.kernel.audit.models import Checkpoint, Stream

KEPT_LEVELS = (8, 16, 24, 32, 40)
"""Levels of the tree whose perfect subtrees are kept as rows for proofs."""
_CHUNK = 4096


def checkpoint(stream: str = MAIN) -> Checkpoint | None:
    """Sign the stream's present head and write it to the table and the file outside.

    Returns the newest checkpoint, None for a stream without entries. Reads committed entries
    only, so it may not run inside a transaction. Two processes may do it at once.
    Raises AuditBroken, signing nothing, when the entries since the last one do not chain.
    """
    from quancheng.kernel.audit.models import Stream

    if connection.in_atomic_block and not _inside_testcase():
        raise RuntimeError("检查点不能在事务内生成。 A checkpoint cannot be made in a transaction.")
    head = Stream.objects.filter(pk=stream).first()
    if head is None or head.size == 0:
        return None
    latest = _latest(stream)
    if latest is None or latest.size < head.size:
        latest = _extend(head, latest)
    outside.append(stream, lambda size: _later_than(stream, size))
    return latest


def checkpoint_all() -> dict[str, int]:
    """Checkpoint every stream; sizes by stream. One broken stream does not stop the others.

    Raises AuditBroken at the end if any was broken.
    """
    from quancheng.kernel.audit.models import Stream

    sizes: dict[str, int] = {}
    broken: list[AuditBroken] = []
    for name in Stream.objects.order_by("name").values_list("name", flat=True):
        try:
            made = checkpoint(name)
        except AuditBroken as error:
            broken.append(error)
        else:
            sizes[name] = made.size if made else 0
    if broken:
        raise AuditBroken(
            Text(
                "".join(error.detail.zh for error in broken),
                " ".join(error.detail.en for error in broken),
            )
        )
    return sizes


def head(stream: str = MAIN) -> str | None:
    """The newest signed note of a stream, to publish or to hand to a witness."""
    latest = _latest(stream)
    return latest.note if latest else None


def _latest(stream: str) -> Checkpoint | None:
    from quancheng.kernel.audit.models import Checkpoint

    found: Checkpoint | None = Checkpoint.objects.filter(stream=stream).order_by("-size").first()
    return found


def _extend(head: Stream, latest: Checkpoint | None) -> Checkpoint:
    """Make, sign and keep the checkpoint at the head, going on from the latest one."""
    from quancheng.kernel.audit.models import Checkpoint

    tree = hasher(head.algorithm)
    before = _range(tree, latest)
    after, made = before.append_nodes(_leaves(tree, head, before.size))
    said = SignedHead(origin(head.name), after.head(), tree.name)
    row = Checkpoint(
        stream=head.name,
        size=after.size,
        root=said.head.root.hex(),
        note=sign(said, signing_key()),
        nodes=",".join(node.hex() for node in after.nodes),
        created_at=clock.now(),
    )
    try:
        with transaction.atomic():
            Checkpoint.objects.append([row])
            _keep_nodes(head.name, made)
    except IntegrityError:  # another process signed the same head a moment ago
        other: Checkpoint = Checkpoint.objects.get(stream=head.name, size=row.size)
        return other
    return row


def _range(tree: MerkleHasher, latest: Checkpoint | None) -> CompactRange:
    if latest is None:
        return CompactRange(tree)
    nodes = tuple(bytes.fromhex(node) for node in latest.nodes.split(","))
    before = CompactRange(tree, latest.size, nodes)
    if before.root().hex() != latest.root:
        raise _broken(latest.stream, latest.size, "检查点状态不符", "checkpoint state altered")
    return before


def _leaves(tree: MerkleHasher, head: Stream, done: int) -> Iterator[bytes]:
    """Leaf hashes of the entries after ``done`` up to the head, checked to be one chain."""
    from quancheng.kernel.audit.models import AuditEntry

    entries = AuditEntry.objects.filter(stream=head.name)
    last = GENESIS
    if done:
        last = entries.filter(sequence=done).values_list("hash", flat=True).first() or ""
    rows = entries.filter(sequence__gt=done, sequence__lte=head.size).order_by("sequence")
    expected = done + 1
    for sequence, previous, own in rows.values_list("sequence", "previous", "hash").iterator(
        chunk_size=_CHUNK
    ):
        if sequence != expected or previous != last:
            raise _broken(head.name, expected, "此处链条断开", "the chain is cut here")
        yield tree.leaf(bytes.fromhex(own))
        last, expected = own, expected + 1
    if expected != head.size + 1 or last != head.hash:
        raise _broken(head.name, expected, "链尾与链头不符", "the tail does not meet the head")


def _keep_nodes(stream: str, made: tuple[Node, ...]) -> None:
    from quancheng.kernel.audit.models import TreeNode

    TreeNode.objects.bulk_create(
        [
            TreeNode(stream=stream, level=node.level, index=node.index, hash=node.hash.hex())
            for node in made
            if node.level in KEPT_LEVELS
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


def _later_than(stream: str, size: int) -> Iterator[tuple[str, str]]:
    from quancheng.kernel.audit.models import Checkpoint

    rows = Checkpoint.objects.filter(stream=stream, size__gt=size).order_by("size")
    for moment, note in rows.values_list("created_at", "note"):
        yield stamp(moment), note


def _broken(stream: str, sequence: int, zh: str, en: str) -> AuditBroken:
    return AuditBroken(
        Text(f"审计流 {stream} 第 {sequence} 条:{zh}。", f"Stream {stream}, entry {sequence}: {en}.")
    )


def _inside_testcase() -> bool:
    """True when only the wrapping transaction of a Django TestCase is open."""
    return all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
