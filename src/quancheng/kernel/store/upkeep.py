"""Upkeep: joining small files, letting old versions go."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Max

from quancheng.kernel import clock
from quancheng.kernel.store import files
from quancheng.kernel.store.bounds import merge
from quancheng.kernel.store.reading import FileEntry, Snapshot
from quancheng.kernel.store.specs import spec_of, tables
from quancheng.kernel.store.writing import lock_head, next_version

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment

_BATCH = files.ROW_GROUP


def compact(table: str, partition: str, *, run: str | None = None) -> Segment | None:
    """Replace the files of a partition by one sorted file; None when there is nothing to join.

    Readers of earlier versions keep the old files until :func:`expire`. Appends may go on
    meanwhile; of two compactions at once one gives way (None).
    """
    from quancheng.kernel.store.models import Segment

    spec = spec_of(table)
    spec.check_partition(partition)
    current = Segment.objects.filter(table=table, partition=partition, removed_version__isnull=True)
    old = list(current.order_by("added_version"))
    if len(old) < 2:
        return None
    entries = tuple(
        FileEntry(s.path, s.partition, s.rows, s.bytes, s.sha256, s.bounds, s.added_version) for s in old
    )
    order = ", ".join(f'"{name}"' for name in spec.sort)
    version = old[-1].added_version
    with Snapshot(spec, version, entries).connected() as connection:
        columns = ", ".join(f'"{name}"' for name in spec.schema.names)
        query = f"SELECT {columns} FROM t" + (f" ORDER BY {order}" if order else "")  # noqa: S608
        reader = connection.execute(query).to_arrow_reader(_BATCH)
        written = files.write(table, partition, reader.cast(spec.schema))
    with transaction.atomic():
        head = lock_head(spec)
        ours = current.filter(pk__in=[segment.pk for segment in old])
        if ours.count() == len(old):
            version, now = next_version(head), clock.now()
            ours.update(removed_version=version, removed_at=now)
            return Segment.objects.create(
                table=table,
                partition=partition,
                added_version=version,
                path=written.path,
                rows=written.rows,
                bytes=written.bytes,
                sha256=written.sha256,
                bounds=merge([segment.bounds for segment in old]),
                run=run or "compact",
                created_at=now,
            )
    files.remove(written.path)
    return None


def compact_all(*, least: int = 8) -> list[Segment]:
    """Compact every partition that has at least ``least`` files; the nightly job.

    Tables declared with ``upkeep=False`` are left to their owners.
    """
    from quancheng.kernel.store.models import Segment

    ours = [name for name, spec in tables().items() if spec.upkeep]
    many = (
        Segment.objects.filter(removed_version__isnull=True, table__in=ours)
        .values("table", "partition")
        .annotate(files=Count("id"))
        .filter(files__gte=max(2, least))
        .order_by("table", "partition")
    )
    made = [compact(group["table"], group["partition"]) for group in many]
    return [segment for segment in made if segment is not None]


def expire(keep_days: float, table: str | None = None) -> int:
    """Remove files that were replaced more than ``keep_days`` ago; returns how many.

    Versions that needed them can no longer be read and say so. Rows stay, for lineage.
    """
    from quancheng.kernel.store.models import Segment, TableHead

    limit = clock.now() - timedelta(days=keep_days)
    due = Segment.objects.filter(removed_at__lte=limit, file_removed=False)
    if table is not None:
        due = due.filter(table=table)
    removed = 0
    for name in sorted(set(due.values_list("table", flat=True))):
        with transaction.atomic():
            head = TableHead.objects.select_for_update().get(pk=name)
            mine = due.filter(table=name)
            last = mine.aggregate(last=Max("removed_version"))["last"]
            paths = list(mine.values_list("path", flat=True))
            mine.update(file_removed=True)
            head.oldest = max(head.oldest, last or 0)
            head.save(update_fields=["oldest"])
            transaction.on_commit(partial(_remove_all, paths))
        removed += len(paths)
    return removed


def _remove_all(paths: list[str]) -> None:
    for path in paths:
        files.remove(path)
