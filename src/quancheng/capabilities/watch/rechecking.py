"""重新核对: late readings the runner's memory could not place are judged from the store, around their time.

The stretch around each is run anew; episodes that overlap none in the table are new, with their own
event time. An episode already told is never told again. Sequences and neighbour comparisons keep their
own memory and are not run again here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from quancheng.capabilities.watch import simulating
from quancheng.capabilities.watch.compiling import Compiled
from quancheng.capabilities.watch.config import Limits
from quancheng.capabilities.watch.models import Episode
from quancheng.capabilities.watch.values import micros
from quancheng.core.watch import MINUTE, Ending, Firing, Found, Kind
from quancheng.kernel import clock

SKIPPED = {Kind.SEQUENCE, Kind.NEIGHBOUR, Kind.ABSENCE}
AFTER = 60 * MINUTE


def recheck(rules: Iterable[Compiled], stale: Iterable[tuple[int, int]], limits: Limits) -> Found:
    """Judge stale readings (stream, µs) by every rule that looks at their stream."""
    spans: dict[int, list[int]] = {}
    for stream, at in stale:
        spans.setdefault(stream, []).append(at)
    found = Found()
    for compiled in rules:
        if compiled.rule.spec.kind in SKIPPED:
            continue
        for stream in spans.keys() & set(compiled.rule.streams):
            times = [at for at in spans[stream] if at > compiled.rule.since]
            if times:
                _stretch(compiled, stream, min(times), max(times), limits, found)
    return found


def _stretch(compiled: Compiled, stream: int, first: int, last: int, limits: Limits, found: Found) -> None:
    alone = replace(
        compiled, rule=replace(compiled.rule, streams=(stream,)), streams={stream: compiled.streams[stream]}
    )
    reach = simulating.warm_up(compiled) + AFTER
    until = min(last + reach, micros(clock.now()))
    past = simulating.firings(
        alone, since=max(first - reach, compiled.rule.since), until=until, limits=limits
    )
    ends = {(one.stream, one.began): one.at for one in past.endings}
    for one in sorted(past.firings, key=lambda each: each.at):
        end = ends.get((stream, one.at))
        if one.at > last + reach or _known(compiled.rule.id, one, end):
            continue
        found.firings.append(replace(one, late=True))
        if end is not None:
            found.endings.append(Ending(one.rule, stream, one.at, end))


def _known(version: int, firing: Firing, end: int | None) -> bool:
    rows = Episode.objects.filter(version_id=version, stream=firing.stream)
    rows = rows.exclude(ended__lt=firing.at)
    return bool((rows if end is None else rows.filter(began__lte=end)).exists())
