"""留存: rows end when their class says so, never those a legal hold names.

How long is a dated parameter (``observations.keep_days`` and ``observations.keep_days_<class>``). Whole
files are looked at: rows leave when the newest of their file is older than their class allows. Hours
of rows that left stay as rollups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from quancheng.capabilities.observations import engine, lake, mapping, merging
from quancheng.kernel import clock, rulebook
from quancheng.kernel.store import files

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment

GENERAL = "observations.keep_days"
_DAY = 24 * lake.HOUR_US


@dataclass(frozen=True, slots=True)
class Expired:
    """What one round of retention removed."""

    files: int
    rows: int
    held: int
    """Streams whose rows would have ended but are under a hold (counted once a file)."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold, as far as it matters here."""

    stream: int | None
    since: int
    until: int


def holds() -> list[Hold]:
    """Holds in force."""
    from quancheng.capabilities.observations.models import LegalHold

    rows = LegalHold.objects.filter(lifted_at__isnull=True).values_list("stream", "since", "until")
    return [Hold(*row) for row in rows]


def keep_days(keep: str, on: date) -> int:
    """Days a class is kept; a class without a parameter of its own is kept as the general rule says."""
    known = {rule.id for rule in rulebook.rules()}
    name = f"{GENERAL}_{keep}" if keep and f"{GENERAL}_{keep}" in known else GENERAL
    return rulebook.find(name, on=on).integer()


def apply() -> Expired:
    """Remove what may no longer be kept. Safe beside a running keeper: of two at one file one gives way."""
    today, now = clock.today(), lake.micros(clock.now())
    shortest = min(_all_days(today))
    in_force = holds()
    removed = rows = held = 0
    for segment in merging.current(lake.RAW):
        newest = segment.bounds["time"][1]
        if newest >= now - shortest * _DAY:
            continue
        ends, kept = _ending(segment, newest, now, today, in_force)
        held += len(kept)
        if ends:
            merged = merging.merge([segment], segment.partition, without=ends)
            if merged is not None:
                removed += 1
                rows += segment.rows - merged.rows
    return Expired(removed, rows, held)


def _all_days(on: date) -> list[int]:
    classes = [
        rule.id.removeprefix(GENERAL).lstrip("_") for rule in rulebook.rules() if rule.id.startswith(GENERAL)
    ]
    return [keep_days(one, on) for one in {"", *classes}]


def _ending(
    segment: Segment, newest: int, now: int, today: date, in_force: Sequence[Hold]
) -> tuple[list[int], list[int]]:
    """Streams of a file whose rows end now, and those that a hold keeps."""
    streams = _streams(segment)
    known = mapping.places(streams)
    days = {keep: keep_days(keep, today) for keep in {place.keep for place in known.values()} | {""}}
    ends: list[int] = []
    kept: list[int] = []
    oldest = segment.bounds["time"][0]
    for stream in streams:
        place = known.get(stream, mapping.Place())
        if newest >= now - days[place.keep] * _DAY:
            continue
        (kept if _held(stream, oldest, newest, in_force) else ends).append(stream)
    return ends, kept


def _held(stream: int, oldest: int, newest: int, in_force: Sequence[Hold]) -> bool:
    return any(
        hold.stream in {None, stream} and hold.since <= newest and oldest < hold.until for hold in in_force
    )


def _streams(segment: Segment) -> list[int]:
    path = str(files.checked(segment.path, segment.bytes, segment.sha256))
    with engine.connection() as connection:
        rows = connection.execute(f"SELECT DISTINCT stream FROM {engine.parquet([path])}").fetchall()  # noqa: S608
    return sorted(row[0] for row in rows)


__all__ = ["Expired", "Hold", "apply", "holds", "keep_days"]
