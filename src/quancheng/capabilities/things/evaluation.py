"""规则评估: which rules came true by what was just written, by event time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np

from quancheng.capabilities.things import windows
from quancheng.capabilities.things.models import Alarm, AlarmRule
from quancheng.capabilities.things.values import Observation
from quancheng.capabilities.things.window_cache import cache
from quancheng.core.rules import Finding, NoRuleInForce, RuleConflict, RuleTable
from quancheng.kernel import clock, rulebook

LOOKBACK = timedelta(hours=24)
"""An episode is followed back this far from the earliest new reading."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A stream that got new readings, and the earliest of them."""

    stream: int
    station: str
    region: str
    kind: str
    prop: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that came true at a stream and has not been raised for this episode."""

    rule: AlarmRule
    touched: Touched
    at: datetime
    amount: Decimal
    threshold: Decimal
    coverage: float
    finding: Finding
    readings: tuple[tuple[datetime, Decimal], ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """An episode with its times, before asking whether it was raised already."""

    touched: Touched
    finding: Finding
    start: int
    end: int | None
    amount: int
    coverage: float
    at_edge: bool


def touched_streams(observations: Iterable[Observation]) -> list[Touched]:
    """One entry a stream, with the earliest new reading."""
    earliest: dict[int, Observation] = {}
    for seen in observations:
        before = earliest.get(seen.stream)
        if before is None or seen.time < before.time:
            earliest[seen.stream] = seen
    return [Touched(o.stream, o.station, o.region, o.kind, o.prop, o.time) for o in earliest.values()]


@lru_cache(maxsize=4096)
def amount_of(parameter: str, on: date, region: str, rehearsal: bool) -> Finding | None:
    """The dated amount of a rule; in a rehearsal of an old day the newest one when none was in force."""
    try:
        return rulebook.find(parameter, on=on, region=region)
    except RuleConflict:
        return None
    except NoRuleInForce:
        starts = [rule.valid_from for rule in rulebook.rules().rules(parameter)]
        if not (rehearsal and starts):
            return None
    try:
        return rulebook.find(parameter, on=max(starts), region=region)
    except (NoRuleInForce, RuleConflict):
        return None


def amount_at(finding: Finding | None, station: str) -> Decimal | None:
    """The amount for one station: the value itself, or its entry in a table keyed by station code.

    A table without the station has no amount for it, so the rule says nothing there.
    """
    if finding is None:
        return None
    if not isinstance(finding.value, RuleTable):
        return finding.decimal()
    amount = finding.value.get(station)
    return Decimal(str(amount)) if isinstance(amount, int | float) and not isinstance(amount, bool) else None


@lru_cache(maxsize=64)
def hysteresis(on: date) -> windows.Hysteresis:
    """When episodes end, as in force on a day."""
    ratio, coverage, margin = (
        rulebook.find(f"things.alarm_clear_{name}", on=on).decimal()
        for name in ("ratio", "coverage", "margin")
    )
    return windows.Hysteresis(ratio, coverage, margin)


def forget_amounts() -> None:
    """After parameter files changed."""
    amount_of.cache_clear()
    hysteresis.cache_clear()


def evaluate(rules: Sequence[AlarmRule], touched: Sequence[Touched], exercise: str) -> list[Hit]:
    """Rules that came true by the new readings of ``touched``, each once an episode."""
    hits: list[Hit] = []
    grids: dict[tuple[str, str, str], tuple[list[Touched], windows.Grid]] = {}
    for rule in rules:
        mine = [one for one in touched if _concerns(rule, one)]
        if not mine:
            continue
        if rule.window_minutes:
            key = (rule.prop, rule.station_kind, rule.station)
            if key not in grids:
                grids[key] = (mine, _grid(mine, exercise))
            found = _window_rule(rule, mine, grids[key][1], exercise)
        else:
            found = _reading_rule(rule, mine, exercise)
        hits += [_hit(rule, one, exercise) for one in _not_yet_raised(rule, found, exercise)]
    hits.sort(key=lambda hit: (hit.at, hit.rule.level, hit.touched.station))
    return hits


def _concerns(rule: AlarmRule, one: Touched) -> bool:
    fits = one.prop == rule.prop and one.kind == rule.station_kind
    return fits and rule.station in {"", one.station}


def _grid(mine: Sequence[Touched], exercise: str) -> windows.Grid:
    readings = [cache.of(exercise, one.stream) for one in mine]
    first = windows.epoch(min(one.since for one in mine) - LOOKBACK) // windows.SLOT_SECONDS
    last = max(max(found, default=0) for found in readings) // windows.SLOT_SECONDS
    return windows.grid(readings, first, max(first, last))


def _findings(rule: AlarmRule, mine: Sequence[Touched], exercise: str) -> list[Finding | None]:
    return [
        amount_of(rule.parameter, one.since.astimezone(clock.LOCAL).date(), one.region, bool(exercise))
        for one in mine
    ]


def _window_rule(rule: AlarmRule, mine: Sequence[Touched], made: windows.Grid, exercise: str) -> list[_Found]:
    findings = _findings(rule, mine, exercise)
    never = np.iinfo(np.int64).max // 4096
    amounts = [amount_at(one, touched.station) for one, touched in zip(findings, mine, strict=True)]
    limits = [never if amount is None else windows.thousandths(amount) for amount in amounts]
    on = min(one.since for one in mine).astimezone(clock.LOCAL).date()
    episodes = windows.window_episodes(
        made, rule.window_minutes, np.array(limits, dtype=np.int64), hysteresis(on)
    )
    found = []
    for episode in episodes:
        touched, finding = mine[episode.row], findings[episode.row]
        start = made.time(episode.start)
        if finding is None or start < windows.epoch(touched.since):
            continue
        end = None if episode.end is None else made.time(episode.end)
        found.append(_Found(touched, finding, start, end, episode.amount, episode.coverage, episode.at_edge))
    return found


def _reading_rule(rule: AlarmRule, mine: Sequence[Touched], exercise: str) -> list[_Found]:
    found = []
    for row, (touched, finding) in enumerate(zip(mine, _findings(rule, mine, exercise), strict=True)):
        amount = amount_at(finding, touched.station)
        if finding is None or amount is None:
            continue
        since = windows.epoch(touched.since)
        margin = windows.thousandths(hysteresis(touched.since.astimezone(clock.LOCAL).date()).margin)
        episodes = windows.reading_episodes(
            row, cache.of(exercise, touched.stream), windows.thousandths(amount), margin,
            below=rule.direction == AlarmRule.Direction.BELOW, since=since - int(LOOKBACK.total_seconds()),
        )  # fmt: skip
        found += [
            _Found(touched, finding, one.start, one.end, one.amount, one.coverage, False)
            for one in episodes
            if one.start >= since
        ]
    return found


def _not_yet_raised(rule: AlarmRule, found: Sequence[_Found], exercise: str) -> list[_Found]:
    """Episodes without an alarm inside them (of any version of the rule)."""
    if not found:
        return []
    earliest = min(one.start for one in found) - int(LOOKBACK.total_seconds())
    rows = Alarm.objects.filter(
        exercise=exercise,
        rule__code=rule.code,
        datastream__in={one.touched.stream for one in found},
        raised_at__gte=windows.moment(earliest),
    ).values_list("datastream_id", "raised_at")
    raised: dict[int, list[int]] = {}
    for stream, at in rows:
        raised.setdefault(stream, []).append(windows.epoch(at))
    return [one for one in found if not _covered(one, raised.get(one.touched.stream, []))]


def _covered(one: _Found, raised: Iterable[int]) -> bool:
    begin = one.start - (int(LOOKBACK.total_seconds()) if one.at_edge else 0)
    return any(begin <= at and (one.end is None or at < one.end) for at in raised)


def _hit(rule: AlarmRule, one: _Found, exercise: str) -> Hit:
    readings = cache.of(exercise, one.touched.stream)
    begin = one.start - rule.window_minutes * 60
    used = sorted(at for at in readings if begin < at <= one.start) if rule.window_minutes else [one.start]
    return Hit(
        rule=rule,
        touched=one.touched,
        at=windows.moment(one.start),
        amount=windows.decimal(one.amount),
        threshold=amount_at(one.finding, one.touched.station) or Decimal(0),
        coverage=one.coverage,
        finding=one.finding,
        readings=tuple((windows.moment(at), windows.decimal(readings[at])) for at in used),
    )
