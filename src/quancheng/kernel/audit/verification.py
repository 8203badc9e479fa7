"""Checking the whole past: chain, checkpoints in the table, checkpoints outside.

For each stream:

1. Signed heads are collected from the file outside and the table and their signatures checked;
   two heads of one size must agree, and the table may not lack one the file has.
2. Entries are walked in order: sequence without gap, link to the entry before, content against
   its own hash. This finds an edit, a deletion, a swap.
3. At each signed size the Merkle root of the walked leaves must be the signed one. As all signed
   roots come from one walk, successive checkpoints are consistent (RFC 9162 section 2.1.4).
   This finds an edit whose author also recomputed every later hash.
4. The walk must reach the stream's head and every signed size. This finds a truncation.

What it cannot find: a change to entries not yet under a checkpoint, with hashes and head
recomputed. Checkpoints are therefore made each minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from quancheng.core.merkle import CompactRange, MerkleHasher
from quancheng.kernel.audit import outside
from quancheng.kernel.audit.canonical import FIELDS, Row, entry_text
from quancheng.kernel.audit.hashing import GENESIS, hasher
from quancheng.kernel.audit.report import Kind, Report
from quancheng.kernel.audit.signed_heads import SignedHeads, collect

if TYPE_CHECKING:
    from quancheng.kernel.audit.models import Checkpoint, Stream

MOST_PROBLEMS = 100
"""Problems reported of one stream; a walk goes on counting nothing after so many."""
_CHUNK = 2000


def verify(stream: str | None = None, since: datetime | None = None) -> Report:
    """Verify one stream or all; from the last checkpoint before ``since`` if given.

    Never writes, and may run while entries are added. See the module's plan above.
    """
    began = time.perf_counter()
    report = Report()
    names = {stream} if stream else _all_streams()
    for name in sorted(names):
        _verify_stream(name, since, report)
    report.streams = len(names)
    report.seconds = time.perf_counter() - began
    return report


def _all_streams() -> set[str]:
    """Streams any of table, checkpoints or files knows: deleting one does not hide it."""
    from quancheng.kernel.audit.models import Checkpoint, Stream

    signed = Checkpoint.objects.values_list("stream", flat=True).distinct()
    heads = Stream.objects.values_list("name", flat=True)
    return set(heads) | set(signed) | outside.known_streams()


def _verify_stream(name: str, since: datetime | None, report: Report) -> None:
    from quancheng.kernel.audit.models import Stream

    heads = collect(name, report)  # before the head is read: never ahead of it
    report.checkpoints += len(heads.roots)
    head = Stream.objects.filter(pk=name).first()
    if head is None:
        report.found(
            name, 0, Kind.NO_HEAD,
            f"审计流 {name} 不存在或链头已被删除。", f"Stream {name} does not exist or lost its head.",
        )  # fmt: skip
        return
    start = _starting_point(name, since) if since else None
    walk = _Walk(head, hasher(head.algorithm), heads, report, start)
    walk.run()
    report.entries += walk.walked


def _starting_point(name: str, since: datetime) -> Checkpoint | None:
    from quancheng.kernel.audit.models import Checkpoint

    found: Checkpoint | None = (
        Checkpoint.objects.filter(stream=name, created_at__lte=since).order_by("-size").first()
    )
    return found


@dataclass(slots=True)
class _Walk:
    """One pass over a stream's entries."""

    head: Stream
    tree: MerkleHasher
    heads: SignedHeads
    report: Report
    start: Checkpoint | None
    walked: int = 0
    whole: bool = True
    """No entry is missing so far, so roots can be compared."""
    range: CompactRange = field(init=False)
    last_signed: int = 0

    def run(self) -> None:
        """Walk, then compare the end with the head and the signed sizes."""
        self.range = CompactRange(self.tree)
        last = GENESIS
        if self.start is not None and (link := self._resume(self.start)) is not None:
            last = link
        expected = self.range.size + 1
        before = len(self.report.problems)
        pending: list[bytes] = []
        for row, own in self._rows(expected):
            sequence = row[0]
            if len(self.report.problems) - before >= MOST_PROBLEMS:
                return
            if sequence != expected:
                self._gap(expected, sequence)
            elif row[-1] != last:
                self._found(sequence, Kind.UNCHAINED, "与前一条不相连", "does not chain to the one before")
            if self._digest(row) != own:
                self._found(sequence, Kind.ALTERED, "内容与其哈希不符", "content does not match its hash")
            pending.append(self._leaf(own))
            last, expected = own, sequence + 1
            self.walked += 1
            if sequence in self.heads.roots:
                self._extend(pending)
                self._compare_root(sequence)
        self._end(expected - 1, last)

    def _rows(self, first: int) -> Iterator[tuple[Row, str]]:
        from quancheng.kernel.audit.models import AuditEntry

        entries = AuditEntry.objects.filter(stream=self.head.name, sequence__gte=first)
        columns = entries.order_by("sequence", "id").values_list(*FIELDS, "hash")
        limit = self.head.size
        for values in columns.iterator(chunk_size=_CHUNK):
            if values[0] > limit:  # added while we walk, or beyond the head: see _end
                return
            yield values[:-1], values[-1]

    def _resume(self, start: Checkpoint) -> str | None:
        """Begin at a checkpoint whose stored state proves to be the signed one."""
        from quancheng.kernel.audit.models import AuditEntry

        if self.heads.roots.get(start.size) != start.root:
            return None
        try:
            nodes = tuple(bytes.fromhex(node) for node in start.nodes.split(","))
            state = CompactRange(self.tree, start.size, nodes)
        except ValueError:
            return None
        if state.root().hex() != start.root:
            return None
        self.range, self.last_signed = state, start.size
        found = AuditEntry.objects.filter(stream=self.head.name, sequence=start.size)
        return found.values_list("hash", flat=True).first() or ""

    def _digest(self, row: Row) -> str:
        try:
            text = entry_text(self.head.name, self.tree.name, row)
        except (TypeError, ValueError, AttributeError):
            return ""  # a column no longer holds what it should
        return self.tree.digest(text.encode("utf-8", "replace")).hex()

    def _leaf(self, own: str) -> bytes:
        try:
            return self.tree.leaf(bytes.fromhex(own))
        except ValueError:
            return self.tree.leaf(own.encode())

    def _extend(self, pending: list[bytes]) -> None:
        if self.whole:
            self.range = self.range.extend(pending)
        pending.clear()

    def _compare_root(self, size: int) -> None:
        if self.whole and self.range.root().hex() != self.heads.roots[size]:
            self.whole = False  # later roots differ too; this one is where it began
            self._found(
                self.last_signed + 1,
                Kind.REWRITTEN,
                f"至第 {size} 条之间的内容与已签名检查点不符，曾被改写",
                f"up to {size}: entries were rewritten, the signed checkpoint says otherwise",
            )
        self.last_signed = size

    def _gap(self, expected: int, sequence: int) -> None:
        self.whole = False
        if sequence < expected:
            self._found(sequence, Kind.DUPLICATE, "序号重复", "sequence used twice")
            return
        self._found(
            expected,
            Kind.MISSING,
            f"至第 {sequence - 1} 条缺失，已被删除",
            f"up to {sequence - 1} missing: deleted",
        )

    def _end(self, reached: int, last: str) -> None:
        """The walk must end where the head says, and no signed size may lie beyond."""
        claimed = max([self.head.size, *self.heads.roots])
        if reached < claimed:
            self._found(
                reached + 1,
                Kind.TRUNCATED,
                f"至第 {claimed} 条缺失，链尾被截断",
                f"up to {claimed} missing: the tail was cut off",
            )
        elif last != self.head.hash:
            self._found(reached, Kind.UNCHAINED, "链尾与链头不符", "the tail does not meet the head")
        self._surplus()

    def _surplus(self) -> None:
        from quancheng.kernel.audit.models import AuditEntry, Stream

        entries = AuditEntry.objects.filter(stream=self.head.name, sequence__gt=self.head.size)
        extra = entries.order_by("-sequence").values_list("sequence", flat=True).first()
        if extra is None:
            return
        now = Stream.objects.filter(pk=self.head.name).values_list("size", flat=True).first()
        if extra > (now or 0):
            self._found(extra, Kind.SURPLUS, "位于链头之外", "lies beyond the head")

    def _found(self, sequence: int, kind: Kind, zh: str, en: str) -> None:
        name = self.head.name
        self.report.found(
            name, sequence, kind,
            f"审计流 {name} 第 {sequence} 条{zh}。", f"Stream {name}, entry {sequence}: {en}.",
        )  # fmt: skip
