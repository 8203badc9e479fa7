"""数据质量: what should have come on a day, what came, and what was wrong with it; by stream, class and owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby, islice
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.things import bridge
from quancheng.capabilities.things.intervals import Intervals
from quancheng.capabilities.things.models import Datastream, DeadLetter, Station, Status, StreamDay
from quancheng.capabilities.things.properties import PROPERTIES
from quancheng.core.rules.model import thaw
from quancheng.core.telemetry import validity
from quancheng.core.telemetry.reading import Quality
from quancheng.kernel import access, clock, rulebook
from quancheng.kernel.actor import Actor

CHUNK = 5000
MINUTES = 60
"""Of an hour."""
_DOUBTED = Quality.SUSPECT | Quality.FAULT | Quality.OVER_RANGE | Quality.UNDER_RANGE


@dataclass(frozen=True, slots=True)
class Terms:
    """What the board judges by, as in force on a day."""

    intervals: Intervals
    valid_minutes: int
    """An hour counts with so many minutes of data."""
    stuck: dict[str, int]
    """Property → hours without any change that nature does not make."""

    @classmethod
    def on(cls, day: date) -> Terms:
        at = datetime.combine(day, time(12), clock.LOCAL)
        stuck: Any = thaw(rulebook.find("things.stuck_hours", on=day).value)
        return cls(
            Intervals.on(at),
            rulebook.find("things.valid_minutes", on=day).integer(),
            {prop: int(hours) for prop, hours in stuck.items()},
        )

    def interval(self, kind: str, prop: str, own: int | None) -> int:
        """Minutes one value stands for."""
        known = PROPERTIES.get(prop)
        if own is None and known is not None and known.slot is not None:
            return int(known.slot.total_seconds()) // 60
        return self.intervals.of(kind, own)


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a stream as the judgement needs it."""

    hour: int
    number: int
    least: float | None
    most: float | None
    minutes: int
    """Different minutes with a value that counts (:data:`validity.DISQUALIFYING`)."""
    mean: float | None = None


def judge(
    hours: Sequence[Hour], interval: int, due_hours: int, valid_minutes: int, stuck: int
) -> dict[str, int]:
    """质量: arrived, valid hours and hours without change of one stream; pure.

    An hour is valid by :mod:`validity`: its values that count stand for at least ``valid_minutes`` of it;
    a value stands for ``interval`` minutes. ``stuck`` hours or more in a row with one and the same value are doubted; 0 = never.
    """
    rule = validity.Rule(valid_minutes, MINUTES)
    valid = sum(mean_of(one, interval, rule).valid for one in hours)
    return {
        "arrived": sum(one.number for one in hours),
        "valid_hours": min(valid, due_hours),
        "stuck_hours": _stuck(hours, stuck),
    }


def mean_of(one: Hour, interval: int, rule: validity.Rule) -> validity.Mean:
    """小时均值: as :func:`validity.hourly` makes it of values ``interval`` minutes apart.

    The store keeps how many minutes have a value, not the values, so the minutes each stands for are
    counted without looking for overlap.
    """
    counted = min(rule.expected, one.minutes * interval)
    return validity.Mean(one.hour, one.mean if counted else None, counted, rule.expected, rule.least)


def _stuck(hours: Sequence[Hour], least: int) -> int:
    if not least:
        return 0
    total = 0
    flat = [(one.least if one.least == one.most else None, one.hour) for one in hours if one.number]
    for value, run in groupby(flat, key=lambda one: one[0]):
        length = len(list(run))
        total += length if value is not None and length >= least else 0
    return total


def compute(day: date, now: datetime) -> Iterator[list[StreamDay]]:
    """Unsaved rows of a local day up to ``now``, in chunks of streams."""
    begin = datetime.combine(day, time(), clock.LOCAL)
    end = min(begin + timedelta(days=1), now)
    if end <= begin:
        return
    terms = Terms.on(day)
    since, until = bridge.micros(begin), bridge.micros(end)
    elapsed = int((end - begin).total_seconds()) // 60
    streams = Datastream.objects.exclude(number=None).exclude(
        station__status__in=[Status.PLANNED, Status.INSTALLED, Status.RETIRED]
    )
    rows = streams.order_by("pk").values_list(
        "pk", "number", "prop", "interval_minutes", "station__kind", "station__address"
    )
    refused = _impossible(begin, end)
    for chunk in _chunks(rows.iterator(chunk_size=CHUNK)):
        numbers = [row[1] for row in chunk]
        hours: dict[int, list[Hour]] = {}
        flags = _flagged(numbers, since, until)
        counted = _counted([one for one, found in flags.items() if found[2]], since, until)
        for one in kept.hourly(numbers, since, until):
            minutes = counted.get((one.stream, one.hour), one.minutes)
            hours.setdefault(one.stream, []).append(
                Hour(one.hour, one.n, one.min, one.max, minutes, one.mean)
            )
        made = []
        for pk, number, prop, own, kind, address in chunk:
            interval = terms.interval(kind, prop, own)
            late, doubted, _ = flags.get(number, (0, 0, 0))
            expected, due = elapsed // interval, elapsed // 60
            found = judge(hours.get(number, []), interval, due, terms.valid_minutes, terms.stuck.get(prop, 0))
            made.append(
                StreamDay(
                    datastream_id=pk, day=day, expected=expected, due_hours=due, late=late,
                    impossible=doubted + refused.get((address, prop), 0), **found,
                )
            )  # fmt: skip
        yield made


def _flagged(numbers: Sequence[int], since: int, until: int) -> dict[int, tuple[int, int, int]]:
    """Late and doubted values and those that count for no mean, by stream."""
    query = (
        f"SELECT stream, count(*) FILTER (quality & {int(Quality.LATE)} <> 0), "  # noqa: S608 two whole numbers
        f"count(*) FILTER (quality & {int(_DOUBTED)} <> 0), "
        f"count(*) FILTER (quality & {int(validity.DISQUALIFYING)} <> 0) FROM observations WHERE quality <> 0 GROUP BY stream"
    )
    with kept.view(streams=numbers, since=since, until=until) as connection:
        return {stream: tuple(counts) for stream, *counts in connection.execute(query).fetchall()}


def _counted(numbers: Sequence[int], since: int, until: int) -> dict[tuple[int, int], int]:
    """Minutes with a value that counts, by stream and hour, where some value does not count.

    The store's hours count every minute that spoke; only hours with a disqualified value differ.
    """
    if not numbers:
        return {}
    query = (
        "SELECT stream, time // 3600000000 * 3600000000 AS hour, "  # noqa: S608 a whole number
        f"count(DISTINCT time // 60000000) FILTER (quality & {int(validity.DISQUALIFYING)} = 0 "
        "AND number IS NOT NULL AND NOT isnan(number)) FROM observations GROUP BY stream, hour "
        f"HAVING bool_or(quality & {int(validity.DISQUALIFYING)} <> 0)"
    )
    with kept.view(streams=numbers, since=since, until=until) as connection:
        return {(stream, hour): minutes for stream, hour, minutes in connection.execute(query).fetchall()}


def _impossible(begin: datetime, end: datetime) -> dict[tuple[str, str], int]:
    rows = DeadLetter.objects.filter(
        exercise="", reason="impossible-value", received_at__gte=begin, received_at__lt=end
    ).values_list("address", "detail")
    found: dict[tuple[str, str], int] = {}
    for address, detail in rows:
        key = (address, detail.split("=")[0])
        found[key] = found.get(key, 0) + 1
    return found


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


# -- the board --------------------------------------------------------------------------------
_SUMS = {
    name: Sum(name)
    for name in ("expected", "arrived", "due_hours", "valid_hours", "late", "stuck_hours", "impossible")
}


def days(
    actor: Actor, *, day: date, kind: str = "", department: str = "", region: str = ""
) -> QuerySet[StreamDay]:
    """Stream days of stations the actor may see, narrowed."""
    from quancheng.capabilities.things.queries import stations

    seen = stations(actor, kind=kind, department=department, region=region)
    return StreamDay.objects.filter(day=day, datastream__station__in=seen)


def board(
    actor: Actor, *, day: date, kind: str = "", department: str = "", region: str = ""
) -> list[dict[str, Any]]:
    """One row a class and owner, worst arrival first."""
    found = days(actor, day=day, kind=kind, department=department, region=region)
    rows = found.order_by().values("datastream__station__kind", "datastream__station__department").annotate(
        streams=Count("pk"), **_SUMS
    )  # fmt: skip
    made = [
        {
            "kind": row["datastream__station__kind"],
            "department": row["datastream__station__department"],
            **figures(dict(row)),
        }
        for row in rows
    ]
    return sorted(made, key=lambda row: (row["arrival"], row["kind"], row["department"]))


def by_station(
    actor: Actor, *, day: date, kind: str = "", department: str = "", region: str = ""
) -> list[dict[str, Any]]:
    """One row a station, worst arrival first; at most 500."""
    found = days(actor, day=day, kind=kind, department=department, region=region)
    rows = found.order_by().values(
        "datastream__station__code", "datastream__station__zh", "datastream__station__en",
        "datastream__station__simulated",
    ).annotate(streams=Count("pk"), **_SUMS)  # fmt: skip
    made = [
        {
            "code": row["datastream__station__code"],
            "name": {"zh": row["datastream__station__zh"], "en": row["datastream__station__en"]},
            "simulated": row["datastream__station__simulated"],
            **figures(dict(row)),
        }
        for row in rows
    ]
    return sorted(made, key=lambda row: (row["arrival"], row["code"]))[:500]


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """Counts and the shares made of them, in percent (None where nothing was due)."""
    names = ("streams", *_SUMS)
    counts = {name: row[name] or 0 for name in names}
    return counts | {
        # more than expected is no better than all: corrections and extra reports do not hide gaps elsewhere
        "arrival": _share(min(counts["arrived"], counts["expected"]), counts["expected"]),
        "valid": _share(counts["valid_hours"], counts["due_hours"]),
        "late_share": _share(counts["late"], counts["arrived"]),
    }


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def refusals(actor: Actor, *, day: date, kind: str = "", department: str = "") -> list[tuple[str, int]]:
    """Why frames and readings of a day were refused, most first; unknown addresses only without a filter."""
    begin = datetime.combine(day, time(), clock.LOCAL)
    rows = access.visible(actor, DeadLetter).filter(
        exercise="", received_at__gte=begin, received_at__lt=begin + timedelta(days=1)
    )
    if kind or department:
        mine = Station.objects.filter(
            Q(kind=kind) if kind else Q(), Q(department=department) if department else Q()
        )
        rows = rows.filter(address__in=mine.exclude(address=None).values("address"))
    return [
        tuple(row)
        for row in rows.order_by().values_list("reason").annotate(number=Count("pk")).order_by("-number")
    ]
