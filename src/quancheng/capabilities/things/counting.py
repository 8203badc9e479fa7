"""告警计数: pure: which crossings are known, which count into an open alarm, which raise one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from quancheng.core.text import Text

Place = tuple[str, str]
"""Code of the rule and key of the place: what one open alarm is about."""
Identity = tuple[str, int, str, int, datetime]
"""Rule, version, key, stream (0 = none) and ``at``: what makes a crossing the same one."""
Span = tuple[datetime, datetime]
"""A mute: written at, until."""
_THING = "things:"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A rule that came true at a stream, as its module tells it."""

    rule: str
    version: int
    name: Text
    level: int
    key: str
    stream: int | None
    at: datetime
    detected_at: datetime
    readings: tuple[tuple[int, int, float], ...]
    finding: dict[str, Any]
    incident_type: str
    simulated: bool

    @property
    def place_key(self) -> str:
        """``things:<code>`` and the code itself are the same place."""
        return self.key.removeprefix(_THING)

    @property
    def place(self) -> Place:
        """What its open alarm is found by."""
        return self.rule, self.place_key

    @property
    def identity(self) -> Identity:
        """What it is remembered by."""
        return self.rule, self.version, self.place_key, self.stream or 0, self.at


class Outcome(StrEnum):
    """What became of a crossing."""

    KNOWN = "known"
    REPEATED = "repeated"
    MUTED = "muted"
    RAISED = "raised"


@dataclass(frozen=True, slots=True)
class Standing:
    """What counting changes of an alarm."""

    level: int
    count: int
    raised_at: datetime
    last_at: datetime | None
    ended_at: datetime | None
    untold: bool

    def again(self, crossing: Crossing) -> Standing:
        """Once more at the same place: counted, the worse level kept, going on again."""
        return replace(
            self,
            level=min(self.level, crossing.level),
            count=self.count + 1,
            raised_at=min(self.raised_at, crossing.at),
            last_at=max(self.last_at or self.raised_at, crossing.at),
            ended_at=None,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A crossing's outcome. ``alarm``: id of the row, or −1, −2 … for the first, second new one.

    ``before`` and ``after``: its alarm's standing; None where nothing was there or nothing changed.
    """

    crossing: Crossing
    outcome: Outcome
    alarm: int
    before: Standing | None = None
    after: Standing | None = None


def decide(
    crossings: Sequence[Crossing],
    known: Mapping[Identity, int],
    going: Mapping[Place, tuple[int, Standing]],
    mutes: Mapping[Place, Sequence[Span]],
) -> list[Verdict]:
    """Outcomes in order, as if each crossing had come alone after the one before it.

    ``known``: alarms of crossings told earlier; ``going``: alarms not closed; ``mutes``: of places
    without an alarm going on.
    """
    seen, standing = dict(known), dict(going)
    verdicts, new = [], 0
    for one in crossings:
        if (earlier := seen.get(one.identity)) is not None:
            verdicts.append(Verdict(one, Outcome.KNOWN, earlier))
            continue
        if (at_place := standing.get(one.place)) is not None:
            alarm, before = at_place
            verdict = Verdict(one, Outcome.REPEATED, alarm, before, before.again(one))
        else:
            new += 1
            verdict = _first(one, -new, silence(mutes.get(one.place, ()), one.detected_at) is not None)
        assert verdict.after is not None
        seen[one.identity] = verdict.alarm
        standing[one.place] = (verdict.alarm, verdict.after)
        verdicts.append(verdict)
    return verdicts


def silence(mutes: Sequence[Span], at: datetime) -> datetime | None:
    """Until when a place is muted at a moment; None when it is not."""
    return max((until for written, until in mutes if written <= at < until), default=None)


def _first(crossing: Crossing, alarm: int, muted: bool) -> Verdict:
    after = Standing(crossing.level, 1, crossing.at, crossing.at, None, muted)
    return Verdict(crossing, Outcome.MUTED if muted else Outcome.RAISED, alarm, None, after)
