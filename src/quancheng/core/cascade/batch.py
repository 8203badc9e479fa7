"""批次: what one node says to a neighbour about one stream, and what came of hearing it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.ledger import Write
from quancheng.core.cascade.model import Cursor, Path, Row, RowId, Stream, Version
from quancheng.core.text import Text

__all__ = [
    "Batch",
    "BatchKind",
    "Change",
    "ChangeKind",
    "Entry",
    "Finding",
    "Notice",
    "Outcome",
    "Status",
    "Withdrawal",
]


class BatchKind(StrEnum):
    """What a batch covers (批次种类): log numbers, ids of a snapshot, ids to repair, one's own rows."""

    DELTA = "delta"
    SNAPSHOT = "snapshot"
    REPAIR = "repair"
    HOME = "home"


class Entry(NamedTuple):
    """A row that the sender vouches for (条目), with its log number and the path from owner to sender."""

    row: Row
    path: Path
    seq: int


class Withdrawal(NamedTuple):
    """A row that the receiver may no longer have from the sender (撤回): its id and version, no content."""

    id: RowId
    version: Version
    seq: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One message (批次). A DELTA covers the log numbers ``(since, through]`` in order of them; others
    cover the row ids ``(after, upto]`` in order of them, as the sender had them at ``through``.

    ``more``: the sender has more to say after this one.
    """

    kind: BatchKind
    sender: str
    receiver: str
    stream: Stream
    epoch: int
    since: int
    through: int
    route: int
    entries: tuple[Entry | Withdrawal, ...]
    after: RowId | None = None
    upto: RowId | None = None
    more: bool = False


class Status(StrEnum):
    """What came of a batch (处理结果)."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    EARLY = "EARLY"
    STALE = "STALE"
    REFUSED = "REFUSED"

    @property
    def text(self) -> Text:
        """The status in both languages."""
        return _STATUS[self]


_STATUS = {
    Status.APPLIED: Text("已处理", "Applied"),
    Status.DUPLICATE: Text("重复，已处理过", "Duplicate, applied before"),
    Status.EARLY: Text("前面有缺口，请从游标处重发", "There is a gap before it: send again from the cursor"),
    Status.STALE: Text("已过时，请从游标处重发", "Out of date: send again from the cursor"),
    Status.REFUSED: Text("拒绝", "Refused"),
}


class ChangeKind(StrEnum):
    """What happened to the content a node holds (变化)."""

    STORED = "STORED"
    DELETED = "DELETED"
    WITHDRAWN = "WITHDRAWN"


class Change(NamedTuple):
    """A change of content for the tables on top (内容变化): WITHDRAWN rows carry no content."""

    kind: ChangeKind
    row: Row


class Finding(StrEnum):
    """What a person or module should hear of (提示)."""

    OFFICE_TAKEN = "OFFICE_TAKEN"
    OFFICE_LOST = "OFFICE_LOST"
    REWOUND = "REWOUND"
    FORKED = "FORKED"
    ZOMBIE = "ZOMBIE"
    FORGOTTEN_BY_OWNER = "FORGOTTEN_BY_OWNER"
    CORRECTION_DUE = "CORRECTION_DUE"
    CORRECTION_SENT = "CORRECTION_SENT"

    @property
    def text(self) -> Text:
        """The finding in both languages."""
        return _FINDINGS[self]


_FINDINGS = {
    Finding.OFFICE_TAKEN: Text("本节点已接管该行。", "This node has taken over the row."),
    Finding.OFFICE_LOST: Text(
        "该行改由其他节点负责，本节点的负责权已结束。", "Another node owns the row now; our office has ended."
    ),
    Finding.REWOUND: Text(
        "他处有本节点更新的版本：可能从旧备份恢复；以现有内容为准并重新发布。",
        "Elsewhere is a newer version of our own row: restored from an old backup? Ours was issued again.",
    ),
    Finding.FORKED: Text(
        "同一版本有两种内容，已按固定规则取其一，请来源核对。",
        "One version has two contents; one was chosen by a fixed rule. The source should check.",
    ),
    Finding.ZOMBIE: Text(
        "已删除的行从他处返回，已再次删除。", "A deleted row came back from elsewhere and was deleted again."
    ),
    Finding.FORGOTTEN_BY_OWNER: Text(
        "负责节点已不再有该行，本地副本已移除，内容附后供核对。",
        "The owner no longer knows the row; our copy was removed. Its content is attached for checking.",
    ),
    Finding.CORRECTION_DUE: Text("收到校核申请，待答复。", "A correction request awaits an answer."),
    Finding.CORRECTION_SENT: Text(
        "该行由其他节点负责，已转为校核申请。",
        "Another node owns the row: the change became a correction request.",
    ),
}


class Notice(NamedTuple):
    """A finding and the row it is about (提示)."""

    finding: Finding
    row: Row


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a deed or a batch (结果): writes to make in one transaction, changes of content.

    ``cursor`` is the receiver's position after it, the receipt (回执) for the sender.
    """

    status: Status
    writes: tuple[Write, ...] = ()
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    cursor: Cursor | None = None
    reason: Reason | None = None
    detail: str = ""


def check_order(batch: Batch) -> None:
    """Return if the entries lie in the range that the batch covers, in order, each once.

    ``CascadeError`` (OUT_OF_ORDER) else: a batch is trusted for what it leaves out, so its range is too.
    """
    if not 0 <= batch.since <= batch.through:
        raise CascadeError(Reason.OUT_OF_ORDER, f"log numbers {batch.since} to {batch.through}")
    if batch.kind is BatchKind.DELTA:
        numbers = [entry.seq for entry in batch.entries]
        ordered = _rising(numbers) and (
            not numbers or (numbers[0] > batch.since and numbers[-1] <= batch.through)
        )
    else:
        ids = [id_of(entry) for entry in batch.entries]
        low = batch.after is None or not ids or ids[0] > batch.after
        high = batch.upto is None or not ids or ids[-1] <= batch.upto
        ordered = _rising(ids) and low and high
    if not ordered:
        raise CascadeError(Reason.OUT_OF_ORDER, f"entries of a {batch.kind} batch")


def id_of(entry: Entry | Withdrawal) -> RowId:
    """The row that an entry is about."""
    return entry.row.id if isinstance(entry, Entry) else entry.id


def _rising(keys: Iterable[object]) -> bool:
    listed = list(keys)
    return all(a < b for a, b in itertools.pairwise(listed))  # type: ignore[operator]
