"""衔接的推进: what the jobs run; each step is an action of its own, so others can write in between."""

from __future__ import annotations

from django.db.models import Q

from quancheng.capabilities.things import bridge
from quancheng.capabilities.things.actions import enrol, note_bridge, watch_streams
from quancheng.capabilities.things.models import Datastream, Station, Status
from quancheng.kernel.actions import Call

CHUNK = 200
"""Stations of one transaction: other writers wait for a fraction of a second."""


def enrol_missing(limit: int = 10_000) -> int:
    """Stations not in SensorThings yet, or with a stream that is not; in small transactions."""
    rows = Station.objects.filter(Q(thing=None) | Q(streams__number=None, streams__isnull=False))
    rows = rows.exclude(status=Status.RETIRED).distinct()
    codes = list(rows.order_by("code").values_list("code", flat=True)[:limit])
    for start in range(0, len(codes), CHUNK):
        enrol(Call.system("things"), codes=codes[start : start + CHUNK])
    return len(codes)


def pump() -> int:
    """Hand on every reading that waits; 0 when another process is at it. Outside any transaction."""
    total = 0
    with bridge.alone() as mine:
        while mine and (rows := bridge.waiting(bridge.position())):
            missing = {row[1] for row in rows if row[3] is None}
            if missing:
                codes = list(Station.objects.filter(pk__in=missing).values_list("code", flat=True))
                for start in range(0, len(codes), CHUNK):
                    enrol(Call.system("things"), codes=codes[start : start + CHUNK])
            streams = {row[2] for row in rows}
            numbers = dict(Datastream.objects.filter(pk__in=streams).values_list("pk", "number"))
            total += bridge.hand_on(rows, numbers)
            note_bridge(Call.system("things"), position=rows[-1][0])
    return total


def watch() -> dict[str, int]:
    """Look for silent streams over the whole register, some thousand streams a transaction; counts of all."""
    total: dict[str, int] = {}
    after = 0
    while True:
        done = watch_streams(Call.system("things"), after=after)
        after = done.pop("last")
        for name, number in done.items():
            total[name] = total.get(name, 0) + number
        if not after:
            return total
