"""封存: what the log says becomes files of the lake, exactly once.

The files' manifest rows and the keeper's positions change in one transaction. A keeper that dies
before the commit leaves files nobody names (``store.clean`` removes them) and reads the log again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import structlog
from django.db import transaction

from quancheng.capabilities.observations import lake, placing
from quancheng.capabilities.observations.log_files import Position
from quancheng.capabilities.observations.log_reader import save_offsets
from quancheng.capabilities.observations.tail import KEEPER
from quancheng.capabilities.observations.values import Batch, Kind
from quancheng.kernel import clock
from quancheng.kernel.models import writing

log = structlog.get_logger(__name__)
RUN = "seal"


def seal(batches: Sequence[Batch], positions: Mapping[str, Position], mark: int | None = None) -> int:
    """Put batches into the lake and move the keeper to ``positions``; returns the rows sealed.

    ``mark``: ids below it were given out. Raises StoreUnavailable (disk); nothing is moved then.
    """
    whole = Batch.join([batch for batch in batches if len(batch)])
    made_raw, made_edits = [], []
    try:
        made_raw = write_raw(whole.take(whole.kind == Kind.NEW) if whole.kind.any() else whole)
        made_edits = write_edits(whole.take(whole.kind != Kind.NEW)) if whole.kind.any() else []
        with transaction.atomic():
            if made_raw:
                placing.swap(lake.RAW, [], made_raw, RUN)
            if made_edits:
                placing.swap(lake.EDITS, [], made_edits, RUN)
            save_offsets(KEEPER, positions)
            if mark is not None:
                _save_mark(mark)
    except BaseException:
        placing.discard([*made_raw, *made_edits])
        raise
    return len(whole)


def write_raw(rows: Batch) -> list[placing.Made]:
    """Files of new rows, one for each partition they belong to."""
    if not len(rows):
        return []
    now = lake.micros(clock.now())
    rows = rows.take(np.lexsort((rows.id, rows.time, rows.stream)))
    hours = lake.hours_of(rows.time)
    groups: dict[str, list[int]] = {}
    for hour in np.unique(hours).tolist():
        groups.setdefault(lake.partition_of(hour, now), []).append(hour)
    made: list[placing.Made] = []
    try:
        for partition, wanted in groups.items():
            mine = rows if len(groups) == 1 else rows.take(np.isin(hours, wanted))
            made += placing.write(lake.RAW, partition, _in_groups(lake.arrow_of(mine).to_batches()))
    except BaseException:
        placing.discard(made)
        raise
    return made


def write_edits(rows: Batch) -> list[placing.Made]:
    """The file of changed and deleted rows."""
    if not len(rows):
        return []
    ordered = rows.take(np.lexsort((rows.time, rows.stream)))
    table = lake.arrow_of(ordered, lake.EDIT_SCHEMA)
    return placing.write(lake.EDITS, "all", table.to_batches())


def _in_groups(batches: Sequence[object]) -> Iterator[object]:
    from quancheng.kernel.store.files import ROW_GROUP

    for batch in batches:
        for start in range(0, batch.num_rows, ROW_GROUP):  # type: ignore[attr-defined]
            yield batch.slice(start, ROW_GROUP)  # type: ignore[attr-defined]


def _save_mark(mark: int) -> None:
    from quancheng.capabilities.observations.models import IdBlock

    with writing("observations.mark"):
        IdBlock.objects.update_or_create(name="observations", defaults={"next": mark})
