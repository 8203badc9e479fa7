"""存储状态: what the store holds and how far its consumers are; for operators and indicators."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from quancheng.capabilities.observations import lake
from quancheng.capabilities.observations.config import log_folder
from quancheng.capabilities.observations.log_files import Position, numbers, path_of, writers
from quancheng.capabilities.observations.log_reader import offsets
from quancheng.capabilities.observations.tail import KEEPER


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one consumer is behind."""

    consumer: str
    bytes: int
    """Of the log that it has not read."""


@dataclass(frozen=True, slots=True)
class Status:
    """The store at a moment."""

    rows: int
    files: int
    bytes: int
    """Of the merged and sealed files that count."""
    log_files: int
    log_bytes: int
    lags: tuple[Lag, ...]
    damages: int
    dropped_streams: int
    holds: int


def status() -> Status:
    """What the store holds now; cheap."""
    from quancheng.capabilities.observations.models import Damage, DroppedStream, LegalHold, LogOffset
    from quancheng.kernel.store.models import Segment

    kept = Segment.objects.filter(table=lake.RAW, removed_version__isnull=True)
    sums = kept.aggregate(rows=Sum("rows"), files=Count("pk"), bytes=Sum("bytes"))
    sizes = log_sizes()
    consumers = set(LogOffset.objects.values_list("consumer", flat=True)) | {KEEPER}
    lags = tuple(Lag(one, behind(sizes, offsets(one))) for one in sorted(consumers))
    return Status(
        rows=sums["rows"] or 0, files=sums["files"], bytes=sums["bytes"] or 0,
        log_files=len(sizes), log_bytes=sum(sizes.values()), lags=lags,
        damages=Damage.objects.count(), dropped_streams=DroppedStream.objects.count(),
        holds=LegalHold.objects.filter(lifted_at__isnull=True).count(),
    )  # fmt: skip


def log_sizes() -> dict[tuple[str, int], int]:
    """Bytes of every file of the log."""
    place = log_folder()
    found = {}
    for writer in writers(place):
        for number in numbers(place, writer):
            try:
                found[writer, number] = path_of(place, writer, number).stat().st_size
            except FileNotFoundError:  # removed meanwhile
                continue
    return found


def behind(sizes: dict[tuple[str, int], int], positions: dict[str, Position]) -> int:
    """Bytes after a consumer's positions."""
    left = 0
    for (writer, number), size in sizes.items():
        at = positions.get(writer, Position())
        if number > at.file:
            left += size
        elif number == at.file:
            left += max(size - at.position, 0)
    return left
