"""试算: what a rule would have found in the past, from the observation store, in order of event time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.watch.compiling import Compiled
from quancheng.capabilities.watch.config import Limits
from quancheng.capabilities.watch.trust import trusted
from quancheng.capabilities.watch.values import Past, Sighting, micros, moment
from quancheng.core.text import Text
from quancheng.core.watch import MINUTE, SECOND, Engine, Found, Kind
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput, TooLarge

EPISODES_KEPT = 200
LONGEST = timedelta(days=400)
_SLICE = 24 * 60 * MINUTE


def run_past(compiled: Compiled, *, since: int, until: int, limits: Limits | None = None) -> Past:
    """Run a rule over readings with since ≤ time < until (µs).

    Windows and runs are warmed up before ``since``; an episode counts where it began in the span.
    Raises InvalidInput for a span that is empty or longer than 400 days, TooLarge for too many readings.
    """
    until = min(until, micros(clock.now()))
    if not since < until or until - since > LONGEST / timedelta(microseconds=1):
        raise InvalidInput(
            fields={"since": Text("时段应为正且不超过400天", "A span must be positive and at most 400 days")}
        )
    started, limits = time.process_time(), limits or Limits()
    begin = since - warm_up(compiled)
    streams = list(compiled.streams)
    number = kept.count(streams=streams, since=begin, until=until) if streams else 0
    if number > limits.trial_rows:
        raise TooLarge(
            Text(
                f"试算涉及{number}条读数，超过{limits.trial_rows}条；请缩短时段或缩小范围。",
                f"The trial would read {number} readings, more than {limits.trial_rows}; shorten the span or narrow the scope.",
            )
        )
    found = firings(compiled, since=begin, until=until, limits=limits) if number else Found()
    spent = int(1000 * (time.process_time() - started))
    return _past(compiled, found, since, until, number, spent)


def firings(compiled: Compiled, *, since: int, until: int, limits: Limits) -> Found:
    """Everything a rule finds in since ≤ time < until, started with nothing known."""
    engine = Engine([replace(compiled.rule, since=since - 1)], limits.memory)
    return _run(engine, list(compiled.streams), since, until)


def warm_up(compiled: Compiled) -> int:
    """µs of readings a rule needs before it can say anything."""
    spec = compiled.rule.spec
    return max(spec.minutes * MINUTE * (1 + spec.consecutive), spec.seconds * SECOND, 60 * MINUTE)


def _run(engine: Engine, streams: list[int], begin: int, until: int) -> Found:
    found = Found()
    for first in range(begin, until, _SLICE):
        end = min(first + _SLICE, until)
        with kept.view(streams=streams, since=first, until=end) as connection:
            columns = connection.execute(
                "SELECT stream, time, number, quality FROM observations ORDER BY time, id"
            ).fetchnumpy()
        found.extend(_process(engine, columns))
        found.extend(engine.advance(end))
    return found


def _process(engine: Engine, columns: dict[str, Any]) -> Found:
    if not len(columns["stream"]):
        return Found()
    number = np.ma.filled(np.ma.asarray(columns["number"], np.float64), np.nan)
    return engine.process(
        np.asarray(columns["stream"], np.int64), np.asarray(columns["time"], np.int64), np.asarray(number),
        trusted(np.asarray(columns["quality"], np.uint16)),
    )  # fmt: skip


def _past(compiled: Compiled, found: Found, since: int, until: int, number: int, spent: int) -> Past:
    firings = sorted(
        (one for one in found.firings if since <= one.at < until), key=lambda one: (one.at, one.stream)
    )
    ends = {(one.stream, one.began): one.at for one in found.endings}
    sightings = tuple(
        Sighting(
            one.stream, compiled.streams[one.stream].name, one.at, ends.get((one.stream, one.at)), one.value, one.limit
        )
        for one in firings[:EPISODES_KEPT]
    )  # fmt: skip
    days = Counter(moment(one.at).astimezone(clock.LOCAL).date().isoformat() for one in firings)
    streams = len(compiled.streams)
    if compiled.rule.spec.kind is Kind.SEQUENCE:
        streams = len(set(compiled.rule.sites) | set(compiled.rule.followers))
    return Past(since, until, streams, number, len(firings), sightings, dict(sorted(days.items())), spent)
