"""Comparing the disk with the manifest, and removing what belongs to nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from quancheng.core.text import Text
from quancheng.kernel.store import files

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment

_CHUNK = 1000


class Trouble(StrEnum):
    """What is wrong with a file."""

    MISSING = "missing"
    TRUNCATED = "truncated"
    ALTERED = "altered"
    STRAY = "stray"
    """An unfinished file of a writer that died."""
    ORPHAN = "orphan"
    """A finished file no manifest row names: its transaction never committed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that is not as it should be."""

    path: str
    trouble: Trouble
    text: Text

    @property
    def harmless(self) -> bool:
        """True when no reader is affected and :func:`clean` will remove it."""
        return self.trouble in {Trouble.STRAY, Trouble.ORPHAN}

    def __str__(self) -> str:
        return f"{self.trouble}: {self.path}: {self.text.zh} {self.text.en}"


@dataclass(slots=True)
class StoreReport:
    """The outcome of one verification."""

    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when every row of the manifest has its whole, unaltered file."""
        return all(finding.harmless for finding in self.findings)


def verify(table: str | None = None) -> StoreReport:
    """Check size and SHA-256 of every kept file, and list files that belong to nobody."""
    from quancheng.kernel.store.models import Segment

    began = time.perf_counter()
    report = StoreReport()
    present = set(_files_on_disk(table))  # before the manifest is read: newer files are not orphans
    kept = Segment.objects.filter(file_removed=False).order_by("id")
    if table is not None:
        kept = kept.filter(table=table)
    named = set()
    for segment in kept.iterator(chunk_size=_CHUNK):
        named.add(segment.path)
        report.files += 1
        report.bytes += segment.bytes
        if (finding := _check(segment)) is not None:
            report.findings.append(finding)
    report.findings += [_unnamed(path) for path in sorted(present - named)]
    report.seconds = time.perf_counter() - began
    return report


def clean(*, older_than_hours: float = 24.0, table: str | None = None) -> int:
    """Remove stray and orphaned files last written before then; returns how many.

    The age protects files whose transaction is still open; keep it longer than any transaction.
    """
    from quancheng.kernel.store.models import Segment

    limit = time.time() - older_than_hours * 3600
    candidates = [path for path in _files_on_disk(table) if _written_before(path, limit)]
    removed = 0
    for start in range(0, len(candidates), _CHUNK):
        part = candidates[start : start + _CHUNK]
        kept = Segment.objects.filter(path__in=part, file_removed=False)
        named = set(kept.values_list("path", flat=True))
        for path in part:
            if path not in named:
                files.remove(path)
                removed += 1
    return removed


def _files_on_disk(table: str | None) -> Iterator[str]:
    root = files.folder()
    start = root / table if table else root
    for path in sorted(start.rglob("*.parquet")) if start.exists() else ():
        yield path.relative_to(root).as_posix()


def _written_before(path: str, limit: float) -> bool:
    try:
        return (files.folder() / path).stat().st_mtime <= limit
    except FileNotFoundError:  # finished or removed meanwhile
        return False


def _check(segment: Segment) -> Finding | None:
    full = files.folder() / segment.path
    try:
        size = full.stat().st_size
    except FileNotFoundError:
        segment.refresh_from_db()
        if segment.file_removed:  # expired while we looked
            return None
        return Finding(segment.path, Trouble.MISSING, Text("文件缺失。", "The file is missing."))
    if size != segment.bytes:
        return Finding(
            segment.path,
            Trouble.TRUNCATED,
            Text(f"应有 {segment.bytes} 字节，实有 {size}。", f"{size} bytes, not {segment.bytes}."),
        )
    if files.sha256_of(full) != segment.sha256:
        return Finding(
            segment.path, Trouble.ALTERED, Text("校验和不符，内容被改动。", "The checksum differs.")
        )
    return None


def _unnamed(path: str) -> Finding:
    if Path(path).name.startswith(files.TEMPORARY):
        return Finding(path, Trouble.STRAY, Text("未写完的文件。", "A file never finished."))
    return Finding(path, Trouble.ORPHAN, Text("无清单记录。", "No manifest row names it."))
