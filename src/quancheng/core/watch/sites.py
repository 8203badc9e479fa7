"""序列(数组): which readings of a batch meet a condition; the few that do go one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quancheng.core.watch.found import Found
from quancheng.core.watch.machine import awake
from quancheng.core.watch.memory import Floats, Ints, Memory
from quancheng.core.watch.pairs import Index
from quancheng.core.watch.sequence import SequenceMachine, SiteEpisode, meets
from quancheng.core.watch.spec import Direction, Role, Rule, Spec

__all__ = ["Sequences"]

_ROLES = (Role.FIRST, Role.SECOND)


class Sequences:
    """序列: all sequence rules; one machine for each (rule, site) that had a hit."""

    def __init__(self, rules: Sequence[Rule], memory: Memory) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.memory = memory
        self.machines: dict[tuple[int, str], SequenceMachine] = {}
        found = [
            (stream, rule, role, site)
            for rule in rules
            for role, sites in zip(_ROLES, (rule.sites, rule.followers), strict=True)
            for stream, site in sites.items()
        ]
        rows = memory.rows_of(np.array([one[0] for one in found], np.int64))
        order = np.argsort(rows, kind="stable")
        self.watched = [found[place] for place in order.tolist()]
        self.index = Index(rows[order], len(memory))
        bounds = [_bounds(rule.spec, role) for _, rule, role, _ in self.watched]
        self.high: Floats = np.array([one[0] for one in bounds], np.float64)
        self.low: Floats = np.array([one[1] for one in bounds], np.float64)

    @property
    def sites_known(self) -> bool:
        """Whether any stream is watched."""
        return bool(self.watched)

    def arrive(self, rows: Ints, times: Ints, values: Floats, found: Found) -> None:
        """Good readings of a batch in order of arrival."""
        if not self.watched:
            return
        places, watched = self.index.of(rows)
        x = values[places]
        for hit in np.flatnonzero((x >= self.high[watched]) | (x <= self.low[watched])).tolist():
            stream, rule, role, site = self.watched[int(watched[hit])]
            at, value = int(times[places[hit]]), float(x[hit])
            if awake(rule, at) and meets(rule.spec, role, value):
                key = (rule.id, site)
                if key not in self.machines:
                    self.machines[key] = SequenceMachine(rule)
                self.machines[key].hit(role, at, stream, value, found)

    def advance(self, now: int, found: Found) -> None:
        """End what has passed."""
        for machine in self.machines.values():
            machine.advance(now, found)

    def open_episodes(self) -> set[tuple[int, int, int]]:
        """Rule, stream and beginning of every episode whose end was not told."""
        return {
            (rule, one.stream, one.began)
            for (rule, _), machine in self.machines.items()
            for one in machine.episodes
            if not one.told
        }

    # -- keeping -------------------------------------------------------------------------------
    def dump(self) -> dict[str, npt.NDArray[np.generic]]:
        """Hits and episodes of every machine, flat."""
        keys = list(self.machines)
        hits, values, episodes = [], [], []
        for place, machine in enumerate(self.machines.values()):
            for number, role in enumerate(_ROLES):
                hits += [(place, number, at, stream) for at, stream, _ in machine.hits[role]]
                values += [value for _, _, value in machine.hits[role]]
            episodes += [
                (place, one.began, one.first, one.end, one.stream, one.told) for one in machine.episodes
            ]
        return {
            "rules": np.array([rule for rule, _ in keys], np.int64),
            "sites": np.array([site for _, site in keys], np.str_),
            "newest": np.array([one.newest for one in self.machines.values()], np.int64),
            "hits": np.array(hits, np.int64).reshape(-1, 4),
            "values": np.array(values, np.float64),
            "episodes": np.array(episodes, np.int64).reshape(-1, 6),
        }

    def adopt(self, kept: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over what is known of rules that are still here."""
        made: dict[int, SequenceMachine] = {}
        keys = zip(kept["rules"].tolist(), kept["sites"].tolist(), kept["newest"].tolist(), strict=True)
        for place, (rule, site, newest) in enumerate(keys):
            if rule in self.rules:
                made[place] = self.machines[rule, site] = SequenceMachine(self.rules[rule])
                made[place].newest = newest
        for (place, number, at, stream), value in zip(
            kept["hits"].tolist(), kept["values"].tolist(), strict=True
        ):
            if place in made:
                made[place].hits[_ROLES[number]].append((at, stream, value))
        for place, began, first, end, stream, told in kept["episodes"].tolist():
            if place in made:
                made[place].episodes.append(SiteEpisode(began, first, end, stream, bool(told)))


def _bounds(spec: Spec, role: Role) -> tuple[float, float]:
    """A value may meet the condition when it is at least the first or at most the second."""
    step = spec.then
    direction = spec.direction if role is Role.FIRST or step is None else step.direction
    limit = spec.limit if role is Role.FIRST or step is None else step.limit
    high = limit if direction in {Direction.ABOVE, Direction.EITHER} else float("inf")
    low = {Direction.BELOW: limit, Direction.EITHER: -limit}.get(direction, float("-inf"))
    return high, low
