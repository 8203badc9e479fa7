"""窗口缓存: readings of the last two days in memory, right across processes and roll-backs.

The tables are the truth. Before each use the cache compares the last ledger row it took in with the
table: gone (rolled back) means read everything again, newer ones (another process) mean read on.
It is used inside the ingest transaction only, where writers wait for one another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Max, Q

from quancheng.capabilities.things.models import IngestBatch, RecentReading
from quancheng.capabilities.things.windows import epoch, thousandths

KEEP = timedelta(hours=48)
_TRIM_AT = 800


class WindowCache:
    """Readings by (exercise, stream) of the properties that rules watch."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
        self._props: frozenset[str] = frozenset()
        self._batch: tuple[int, str] | None = None
        self._reading = 0
        self.rebuilds = 0

    def catch_up(self, props: frozenset[str]) -> None:
        """Make the cache equal to the tables."""
        if self._batch is None or props != self._props:
            self._rebuild(props)
            return
        rows = list(
            IngestBatch.objects.filter(pk__gte=self._batch[0]).order_by("pk").values_list("pk", "run")[:2]
        )
        if not rows or rows[0] != self._batch:
            self._rebuild(props)
        elif len(rows) > 1:
            self._take(RecentReading.objects.filter(pk__gt=self._reading))
            self._mark()

    def forget(self) -> None:
        """Read everything again next time."""
        self._batch = None

    def absorb(
        self, batch: IngestBatch, exercise: str, rows: Iterable[RecentReading], props: set[int]
    ) -> None:
        """Take in what this transaction just wrote; ``props`` are the streams rules watch."""
        for row in rows:
            self._reading = max(self._reading, row.pk)
            if row.datastream_id in props:
                self._set(exercise, row.datastream_id, epoch(row.time), thousandths(row.value))
        self._batch = (batch.pk, batch.run)

    def of(self, exercise: str, stream: int) -> dict[int, int]:
        """Readings of one stream: epoch second → thousandths."""
        return self._readings[exercise, stream]

    def _rebuild(self, props: frozenset[str]) -> None:
        self.rebuilds += 1
        self._readings.clear()
        self._props, self._reading, self._batch = props, 0, None
        newest = RecentReading.objects.filter(exercise="").aggregate(newest=Max("time"))["newest"]
        wanted = ~Q(exercise="")
        if newest is not None:
            wanted |= Q(exercise="", time__gte=newest - KEEP)
        self._take(RecentReading.objects.filter(wanted))
        self._mark()

    def _mark(self) -> None:
        self._reading = RecentReading.objects.aggregate(newest=Max("pk"))["newest"] or 0
        self._batch = IngestBatch.objects.order_by("-pk").values_list("pk", "run").first()

    def _take(self, rows: object) -> None:
        found = rows.filter(datastream__prop__in=self._props).order_by("pk")  # type: ignore[attr-defined]
        for exercise, stream, at, value in found.values_list("exercise", "datastream_id", "time", "value"):
            self._set(exercise, stream, epoch(at), thousandths(value))

    def _set(self, exercise: str, stream: int, at: int, value: int) -> None:
        readings = self._readings[exercise, stream]
        readings[at] = value
        if len(readings) > _TRIM_AT:
            limit = max(readings) - int(KEEP.total_seconds())
            for old in [time for time in readings if time < limit]:
                del readings[old]


cache = WindowCache()
