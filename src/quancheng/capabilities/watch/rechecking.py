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

SKIPPED = {Kind.ABSENCE}
AFTER = 60 * MINUTE


def recheck(rules: Iterable[Compiled], told: Found, limits: Limits) -> Found:
    """Judge the stale readings of ``told`` by every rule that looks at their stream.

    ``told``: what was found just now and is not in the table yet; it is not found a second time.
    """
    spans: dict[int, list[int]] = {}
    for stream, at in told.stale:
        spans.setdefault(stream, []).append(at)
    found = Found(firings=list(told.firings), endings=list(told.endings))
    for compiled in rules:
        if compiled.rule.spec.kind in SKIPPED:
            continue
        for stream in sorted(spans.keys() & set(compiled.streams)):
            times = [at for at in spans[stream] if at > compiled.rule.since]
            if times:
                _stretch(compiled, stream, min(times), max(times), limits, found)
    return Found(firings=found.firings[len(told.firings) :], endings=found.endings[len(told.endings) :])


def _stretch(compiled: Compiled, stream: int, first: int, last: int, limits: Limits, found: Found) -> None:
    alone = part_of(compiled, stream)
    reach = simulating.warm_up(compiled) + AFTER
    until = min(last + reach, micros(clock.now()))
    past = simulating.firings(
        alone, since=max(first - reach, compiled.rule.since), until=until, limits=limits
    )
    ends = {(one.stream, one.began): one.at for one in past.endings}
    for one in sorted(past.firings, key=lambda each: each.at):
        end = ends.get((one.stream, one.at))
        if one.at > last + reach or _just_told(found, one, end) or _known(compiled.rule.id, one, end):
            continue
        found.firings.append(replace(one, late=True))
        if end is not None:
            found.endings.append(Ending(one.rule, one.stream, one.at, end))


def part_of(compiled: Compiled, stream: int) -> Compiled:
    """The rule as far as a reading of this stream can change what it finds."""
    rule = compiled.rule
    if rule.spec.kind is Kind.SEQUENCE:
        site = rule.sites.get(stream, rule.followers.get(stream, ""))
        sites = {one: at for one, at in rule.sites.items() if at == site}
        followers = {one: at for one, at in rule.followers.items() if at == site}
        small, needed = replace(rule, sites=sites, followers=followers), {*sites, *followers}
    elif rule.spec.kind is Kind.NEIGHBOUR:
        judged = [one for one in rule.streams if one == stream or stream in rule.near.get(one, ())]
        near = {one: rule.near.get(one, ()) for one in judged}
        needed = {*judged, *(other for others in near.values() for other in others)}
        small = replace(rule, streams=tuple(one for one in rule.streams if one in needed), near=near)
    else:
        small, needed = replace(rule, streams=(stream,)), {stream}
    return replace(
        compiled,
        rule=small,
        streams={one: compiled.streams[one] for one in needed if one in compiled.streams},
    )


def _just_told(found: Found, firing: Firing, end: int | None) -> bool:
    """Whether an episode found in this round overlaps the firing's."""
    ends = {(one.rule, one.stream, one.began): one.at for one in found.endings}
    same = [one.at for one in found.firings if (one.rule, one.stream) == (firing.rule, firing.stream)]
    return any(
        at <= (end or at) and firing.at <= ends.get((firing.rule, firing.stream, at), firing.at)
        for at in same
    )


def _known(version: int, firing: Firing, end: int | None) -> bool:
    rows = Episode.objects.filter(version_id=version, stream=firing.stream)
    rows = rows.exclude(ended__lt=firing.at)
    return bool((rows if end is None else rows.filter(began__lte=end)).exists())
