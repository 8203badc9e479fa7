"""整理: which files are merged when, and which replaced ones go; run by the keeper when there is time.

    hour   merged once, ten minutes after its end; again when enough late files have come
    day    all its hours into files divided by stream, once the day is over and late data are few
    month  (backfilled history) whenever enough new files have come

A question about one stream and one day then opens one file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from quancheng.capabilities.observations import districts, lake, merging, placing
from quancheng.capabilities.observations.config import Limits, limits
from quancheng.kernel import clock, store

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment

log = structlog.get_logger(__name__)
_HOUR = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d)")
_DAY_WAIT = timedelta(hours=6)
_EDITS = 1000
"""So many changes wait at most before the files they touch are merged."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Files that should become files of a partition."""

    partition: str
    old: tuple[Segment, ...]


def run(limits_: Limits | None = None) -> list[merging.Merged]:
    """Merge what is due and remove replaced files; returns what was done."""
    chosen = limits_ or limits()
    done = [merged for plan in plans(chosen) if (merged := merging.merge(plan.old, plan.partition))]
    if done:
        log.info("observations.merged", merges=len(done), files=sum(one.files for one in done))
    districts.refresh()
    for table in (lake.RAW, lake.HOURS, lake.EDITS, lake.DISTRICTS):
        store.expire(chosen.replaced_minutes / 1440, table)
    return done


def plans(limits_: Limits) -> list[Plan]:
    """What is due now."""
    now = clock.now().astimezone(clock.LOCAL)
    rolled = merging.rolled_up()
    partitions: dict[str, list[Segment]] = defaultdict(list)
    for segment in merging.current(lake.RAW):
        partitions[segment.partition].append(segment)
    found = list(_days(partitions, now, rolled))
    taken = {segment.pk for plan in found for segment in plan.old}
    for partition, segments in sorted(partitions.items()):
        mine = [one for one in segments if one.pk not in taken]
        fresh = [one for one in mine if placing.stem(one.path) not in rolled]
        if fresh and _ready(partition, fresh, len(mine) > len(fresh), now, limits_):
            found.append(Plan(partition, tuple(_with(fresh, mine))))
    return found


def _days(partitions: dict[str, list[Segment]], now: datetime, rolled: set[str]) -> Iterator[Plan]:
    """Days that are over: their hours, and whatever was merged for the day before."""
    days: dict[str, list[Segment]] = defaultdict(list)
    for partition, segments in partitions.items():
        if (found := _HOUR.fullmatch(partition)) is not None:
            days[found[1]] += segments
    for day, segments in sorted(days.items()):
        end = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=clock.LOCAL) + timedelta(days=1)
        first = day not in partitions
        waits = _DAY_WAIT if first else timedelta(hours=60)  # late hours are gathered until none come
        if now >= end + waits:
            yield Plan(day, tuple(_with(segments, segments + partitions.get(day, []))))


def _ready(partition: str, fresh: list[Segment], merged_before: bool, now: datetime, limits_: Limits) -> bool:
    wait = timedelta(seconds=limits_.merge_wait_seconds)
    hour = _HOUR.fullmatch(partition)
    if hour is not None:
        begins = datetime.strptime(partition, "%Y-%m-%dT%H").replace(tzinfo=clock.LOCAL)
        if now < begins + timedelta(hours=1) + wait:
            return False
        return not merged_before or len(fresh) >= limits_.merge_files
    oldest = min(segment.created_at for segment in fresh)
    return len(fresh) >= limits_.merge_files or now >= oldest + wait


def _with(fresh: list[Segment], everything: list[Segment]) -> list[Segment]:
    """Fresh files alone while they are few rows beside the merged ones, else all (cost stays linear)."""
    small, large = sum(one.rows for one in fresh), sum(one.rows for one in everything)
    return everything if 4 * small >= large or len(everything) - len(fresh) >= 8 else fresh
