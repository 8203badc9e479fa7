"""Collecting a stream's signed heads from the table and from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from quancheng.core.text import Text
from quancheng.kernel.audit import outside
from quancheng.kernel.audit.keys import trusted_keys
from quancheng.kernel.audit.report import Kind, Report
from quancheng.kernel.audit.signednote import BadNote, SignedHead, open_note


@dataclass(slots=True)
class SignedHeads:
    """Roots (hex) by size that a trusted key signed."""

    roots: dict[int, str] = field(default_factory=dict)


def collect(stream: str, report: Report) -> SignedHeads:
    """All heads signed for a stream; what is wrong with them goes into the report."""
    from quancheng.kernel.audit.models import Checkpoint

    keys = trusted_keys()
    kept = outside.read(stream)
    if kept.torn:
        report.remarks.append(
            Text(
                f"{outside.log_file(stream)} 有 {kept.torn} 行因中断而不完整。",
                f"{outside.log_file(stream)} has {kept.torn} lines torn by a crash.",
            )
        )
    heads = SignedHeads()
    _add(heads, stream, kept.notes, keys, report, Text("库外文件", "the file outside"))
    outside_sizes = set(heads.roots)
    rows = list(Checkpoint.objects.filter(stream=stream).order_by("size").values_list("size", "root", "note"))
    _add(heads, stream, [note for *_rest, note in rows], keys, report, Text("数据表", "the table"))
    _compare_columns(heads, stream, rows, report)
    table_sizes = {size for size, *_rest in rows}
    for size in sorted(outside_sizes - table_sizes):
        report.found(
            stream, size, Kind.LOST_CHECKPOINT,
            f"审计流 {stream} 第 {size} 条的检查点已从数据表删除。",
            f"Stream {stream}: the checkpoint at {size} was deleted from the table.",
        )  # fmt: skip
    if rows and not kept.notes:
        report.found(
            stream, rows[-1][0], Kind.LOST_CHECKPOINT,
            f"审计流 {stream} 的库外检查点文件缺失:{outside.log_file(stream)}。",
            f"Stream {stream}: the checkpoint file is missing: {outside.log_file(stream)}.",
        )  # fmt: skip
    return heads


def _add(
    heads: SignedHeads,
    stream: str,
    notes: Iterable[str],
    keys: Sequence[Ed25519PublicKey],
    report: Report,
    where: Text,
) -> None:
    for position, note in enumerate(notes, 1):
        try:
            said = open_note(note, keys)
            if not said.origin.endswith(f"/audit/{stream}"):
                raise BadNote(f"signed for {said.origin}")
        except BadNote as error:
            report.found(
                stream, _claimed_size(note), Kind.FORGED_CHECKPOINT,
                f"审计流 {stream}:{where.zh}第 {position} 个检查点无有效签名({error})。",
                f"Stream {stream}: checkpoint {position} of {where.en} is not validly signed"
                f" ({error}).",
            )  # fmt: skip
            continue
        _keep(heads, stream, said, report)


def _keep(heads: SignedHeads, stream: str, said: SignedHead, report: Report) -> None:
    size, root = said.head.size, said.head.root.hex()
    if heads.roots.setdefault(size, root) != root:
        report.found(
            stream, size, Kind.FORKED,
            f"审计流 {stream} 第 {size} 条有两个不同的签名树根，链已分叉。",
            f"Stream {stream}: two different roots were signed at {size}: a fork.",
        )  # fmt: skip


def _compare_columns(
    heads: SignedHeads, stream: str, rows: Sequence[tuple[int, str, str]], report: Report
) -> None:
    """The columns beside a note must say what the note says."""
    for size, root, note in rows:
        if heads.roots.get(size) != root or _claimed_size(note) != size:
            report.found(
                stream, size, Kind.FORGED_CHECKPOINT,
                f"审计流 {stream} 第 {size} 条的检查点行与其签名文本不符。",
                f"Stream {stream}: the checkpoint row at {size} differs from its signed text.",
            )  # fmt: skip


def _claimed_size(note: str) -> int:
    try:
        return int(note.split("\n")[1])
    except (IndexError, ValueError):
        return 0
