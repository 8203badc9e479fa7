"""序列: first this, then that, within so many seconds at one site (smoke, then heat).

Readings that meet a condition are *hits*. A second hit with a first hit at most ``seconds`` before it
(or at the same moment) is a match, whichever of them arrived first. A match within ``seconds`` of a
known episode belongs to it; any other begins an episode at the time of its second hit, which lasts
until ``seconds`` after its last match. The newest ``KEPT_HITS`` of each condition are remembered; a hit
older than all of a full memory, of its own condition or the other, is *stale*: the store knows more.
A hit is not taken back when its reading is changed or deleted: somebody was told.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

from quancheng.core.watch.found import Ending, Firing, Found, Reading3
from quancheng.core.watch.spec import SECOND, Direction, Role, Rule, Spec

__all__ = ["KEPT_HITS", "SequenceMachine", "meets"]

KEPT_HITS = 64
_KEPT = 16
Hit = tuple[int, int, float]
"""Time, stream, value: ordered by time."""


def meets(spec: Spec, role: Role, value: float) -> bool:
    """Whether a value meets the condition."""
    if role is Role.FIRST:
        return spec.measure(value) >= spec.level()
    step = spec.then
    if step is None:
        return False
    if step.direction is Direction.EITHER:
        return abs(value) >= step.limit
    return value >= step.limit if step.direction is Direction.ABOVE else value <= step.limit


@dataclass(slots=True)
class SiteEpisode:
    began: int
    first: int
    end: int
    stream: int
    told: bool = False


class SequenceMachine:
    """序列: one rule at one site."""

    __slots__ = ("episodes", "hits", "newest", "rule", "span")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.span = rule.spec.seconds * SECOND
        self.hits: dict[Role, list[Hit]] = {Role.FIRST: [], Role.SECOND: []}
        self.episodes: list[SiteEpisode] = []
        self.newest = -(2**62)

    def hit(self, role: Role, at: int, stream: int, value: float, found: Found) -> None:
        """A reading met a condition."""
        self.advance(at, found)
        hits = self.hits[role]
        place = bisect_left(hits, (at, stream))
        if place < len(hits) and hits[place][:2] == (at, stream):
            return
        if any(len(known) >= KEPT_HITS and at < known[0][0] for known in self.hits.values()):
            found.stale.append((stream, at))
        insort(hits, (at, stream, value))
        del hits[:-KEPT_HITS]
        if role is Role.SECOND:
            earlier = self._before(at)
            if earlier is not None:
                self._match(earlier, (at, stream, value), found)
        else:
            seconds = self.hits[Role.SECOND]
            for second in seconds[bisect_left(seconds, (at,)) :]:
                if second[0] - at > self.span:
                    break
                self._match((at, stream, value), second, found)
        self.newest = max(self.newest, at)

    def advance(self, now: int, found: Found) -> None:
        """End what has had no match for long enough."""
        for one in self.episodes:
            if not one.told and now > one.end:
                one.told = True
                found.endings.append(Ending(self.rule.id, one.stream, one.began, one.end))

    def _before(self, at: int) -> Hit | None:
        firsts = self.hits[Role.FIRST]
        place = bisect_left(firsts, (at + 1,))
        if place and at - firsts[place - 1][0] <= self.span:
            return firsts[place - 1]
        return None

    def _match(self, first: Hit, second: Hit, found: Found) -> None:
        at = second[0]
        for one in self.episodes:
            if one.first - self.span <= at <= one.end:
                one.first = min(one.first, at)
                if at + self.span > one.end:
                    one.end = at + self.span
                return
        self.episodes.append(SiteEpisode(at, at, at + self.span, second[1]))
        del self.episodes[:-_KEPT]
        readings: tuple[Reading3, ...] = ((first[1], first[0], first[2]), (second[1], at, second[2]))
        found.firings.append(
            Firing(
                self.rule.id, second[1], at, (at - first[0]) / SECOND, float(self.rule.spec.seconds), readings,
                at < self.newest,
            )
        )  # fmt: skip
        if self.newest > at + self.span:
            self.advance(self.newest, found)
