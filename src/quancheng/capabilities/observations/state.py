"""一致的状态: one version of the lake and the log after it, as one thing to ask.

Changes and deletions of both are gathered here, so that every reader applies the same ones.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from quancheng.capabilities.observations import engine, lake
from quancheng.capabilities.observations.held import Held, chosen
from quancheng.capabilities.observations.tail import sealed, tail
from quancheng.capabilities.observations.values import Batch, Ints, Kind
from quancheng.core.text import Text
from quancheng.kernel import store
from quancheng.kernel.errors import Unavailable
from quancheng.kernel.store import files
from quancheng.kernel.store.bounds import Where

_TRIES = 50
_TABLES = (lake.RAW, lake.EDITS, lake.HOURS, lake.DISTRICTS)


@dataclass(slots=True)
class Edits:
    """Changes not yet worked into ``raw``: the newest of each id."""

    ids: Ints
    """Ids whose stored row no longer counts; sorted."""
    rows: Batch
    """Changed rows as they are now."""
    streams: Ints
    """Streams touched by any of them, also those a row was moved away from; sorted."""

    def __bool__(self) -> bool:
        return len(self.ids) > 0


@dataclass(frozen=True)
class State:
    """Everything known at one moment; cheap to make, to be used for one question."""

    raw: store.Snapshot
    edited: store.Snapshot
    hours: store.Snapshot
    districts: store.Snapshot
    tail: tuple[Held, ...]
    """The log after ``raw``."""
    dropped: Ints
    """Streams that were deleted; sorted."""

    @property
    def fresh_rows(self) -> int:
        """New rows of the tail, whatever was changed or dropped since."""
        return sum(int((one.batch.kind == Kind.NEW).sum()) for one in self.tail)

    @cached_property
    def edits(self) -> Edits:
        """The newest change of each id, from the lake and from the tail."""
        parts = [one.batch.take(one.batch.kind != Kind.NEW) for one in self.tail if one.edited]
        if self.edited.entries:
            parts.append(_sealed_edits(self.edited))
        return newest_edits(parts)

    @contextmanager
    def connected(
        self,
        *,
        streams: Collection[int] | None = None,
        since: int | None = None,
        until: int | None = None,
        ids: Collection[int] | None = None,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the view ``observations``, already narrowed to what is asked for."""
        where = conditions(streams, since, until, ids)
        with engine.connection() as connection:
            engine.define_view(connection, self, where)
            yield connection

    def tail_rows(self, where: Where) -> Batch:
        """Rows that are not in ``raw``: the fresh ones and the changed ones, narrowed."""
        parts = []
        edits = self.edits
        for one in self.tail:
            rows = one.rows(where, self.dropped)
            if one.edited:
                rows = rows.take(rows.kind == Kind.NEW)
            if edits and len(rows):
                rows = rows.take(~np.isin(rows.id, edits.ids))
            parts.append(rows)
        changed = edits.rows
        if len(changed):
            parts.append(changed.take(chosen(changed, where, self.dropped)))
        return Batch.join([part for part in parts if len(part)])


def conditions(
    streams: Collection[int] | None = None,
    since: int | None = None,
    until: int | None = None,
    ids: Collection[int] | None = None,
) -> dict[str, Any]:
    """What is asked for, as the lake prunes by it."""
    where: dict[str, Any] = {}
    if since is not None or until is not None:
        where["time"] = (since, until)
    if streams is not None:
        where["stream"] = sorted({int(one) for one in streams})
    if ids is not None:
        where["id"] = sorted({int(one) for one in ids})
    return where


def newest_edits(parts: list[Batch]) -> Edits:
    """The newest of each id of some changed and deleted rows."""
    whole = Batch.join([part for part in parts if len(part)])
    streams = np.unique(whole.stream)
    whole = whole.take(np.lexsort((whole.rev, whole.id)))
    newest = np.append(whole.id[1:] != whole.id[:-1], True) if len(whole) else np.zeros(0, bool)
    last = whole.take(newest)
    return Edits(last.id, last.take(last.kind == Kind.CHANGED), streams)


def state() -> State:
    """What is known now: everything acknowledged before this call is in it.

    The keeper moves the versions and its positions in one transaction, so positions read between two
    equal readings of the versions belong to them.
    """
    for _ in range(_TRIES):
        versions = _versions()
        before = sealed()
        if _versions() != versions:
            continue
        raw, edited, hours, districts = (_snapshot(name, versions.get(name, 0)) for name in _TABLES)
        after = tuple(tail().after(before))
        if _versions() == versions:
            return State(raw, edited, hours, districts, after, dropped_streams())
    raise Unavailable(Text("观测存储正忙，请重试。", "The observation store is busy, try again."))


def _versions() -> dict[str, int]:
    from quancheng.kernel.store.models import TableHead

    return dict(TableHead.objects.filter(name__in=_TABLES).values_list("name", "version"))


_known: dict[tuple[Path, str], store.Snapshot] = {}
_edits: dict[tuple[Path, tuple[str, ...]], Batch] = {}
_dropped: tuple[tuple[int, int], Ints] = ((0, 0), np.zeros(0, np.int64))
_lock = threading.Lock()


def _snapshot(table: str, version: int) -> store.Snapshot:
    """A snapshot by version; the newest of each table is remembered, for versions never change."""
    key = (files.folder(), table)
    with _lock:
        found = _known.get(key)
    if found is None or found.version != version or not _still(found):
        found = store.snapshot(table, version)
        with _lock:
            _known[key] = found
    return found


def _still(found: store.Snapshot) -> bool:
    """False when the database was rolled back to the same version number with other files (tests)."""
    from quancheng.kernel.store.models import Segment

    if not found.entries:
        return True
    newest = max(found.entries, key=lambda entry: entry.version)
    return Segment.objects.filter(path=newest.path, removed_version__isnull=True).exists()


def _sealed_edits(edited: store.Snapshot) -> Batch:
    key = (files.folder(), tuple(entry.path for entry in edited.entries))
    with _lock:
        found = _edits.get(key)
    if found is None:
        found = lake.batch_of(edited.arrow())
        with _lock:
            _edits.clear()
            _edits[key] = found
    return found


def dropped_streams() -> Ints:
    """Streams that were deleted, sorted; asked anew only when there are others."""
    from django.db import connection

    from quancheng.capabilities.observations.models import DroppedStream

    global _dropped
    table = connection.ops.quote_name(DroppedStream._meta.db_table)
    with connection.cursor() as cursor:  # asked for every question: a third of what the ORM costs
        cursor.execute(f"SELECT max(id), count(*) FROM {table}")  # noqa: S608
        last, number = cursor.fetchone()
    key = (last or 0, number)
    known, streams = _dropped
    if known != key:
        rows = DroppedStream.objects.order_by("stream").values_list("stream", flat=True)
        streams = np.array(list(rows), np.int64)
        _dropped = (key, streams)
    return streams
