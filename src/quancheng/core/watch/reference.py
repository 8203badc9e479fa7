"""参照判定器: rules over streams one reading at a time, in plain Python. Slow, clear, and the oracle.

:class:`quancheng.core.watch.engine.Engine` must find the same for any cutting into batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from quancheng.core.watch.absence import AbsenceMachine
from quancheng.core.watch.found import Found
from quancheng.core.watch.machine import awake, machine_of
from quancheng.core.watch.neighbour import NeighbourMachine
from quancheng.core.watch.sequence import SequenceMachine, meets
from quancheng.core.watch.spec import Kind, Role, Rule
from quancheng.core.watch.track import Change, Track, measured

__all__ = ["MEMORY", "Reference"]

MEMORY = 32
"""Readings remembered of each stream."""


class Reference:
    """参照判定器. ``memory``: readings remembered of each stream (at least 4)."""

    def __init__(self, rules: Iterable[Rule], memory: int = MEMORY) -> None:
        self.memory = memory
        self.tracks: dict[int, Track] = {}
        self.absences: dict[int, list[AbsenceMachine]] = {}
        self.neighbours: dict[int, list[NeighbourMachine]] = {}
        self.sequences: list[Rule] = []
        self.sites: dict[tuple[int, str], SequenceMachine] = {}
        for rule in rules:
            self._add(rule)

    def _add(self, rule: Rule) -> None:
        if rule.spec.kind is Kind.SEQUENCE:
            self.sequences.append(rule)
        elif rule.spec.kind is Kind.NEIGHBOUR:
            machine = NeighbourMachine(rule)
            for stream in rule.streams:
                self.neighbours.setdefault(stream, []).append(machine)
        elif rule.spec.kind is Kind.ABSENCE:
            for stream in rule.streams:
                self.absences.setdefault(stream, []).append(AbsenceMachine(rule, stream))
        else:
            for stream in rule.streams:
                self._track(stream).machines.append(machine_of(rule, stream))

    def _track(self, stream: int) -> Track:
        return self.tracks.setdefault(stream, Track(stream, self.memory))

    def arrive(
        self, stream: int, at: int, value: float, good: bool = True, change: int = Change.NEW
    ) -> Found:
        """One reading arrives."""
        found = Found()
        good = good and measured(value)
        if change != Change.DELETED:
            for absent in self.absences.get(stream, ()):
                absent.arrive(at, value, found)
        if stream in self.tracks and (good or change == Change.DELETED):
            self.tracks[stream].arrive(at, value, change, found)
        if good and change != Change.DELETED:
            for rule in self.sequences:
                self._hits(rule, stream, at, value, found)
            for machine in self.neighbours.get(stream, ()):
                machine.arrive(at, stream, value, found)
        return found

    def _hits(self, rule: Rule, stream: int, at: int, value: float, found: Found) -> None:
        for role, sites in ((Role.FIRST, rule.sites), (Role.SECOND, rule.followers)):
            site = sites.get(stream)
            if site is not None and awake(rule, at) and meets(rule.spec, role, value):
                machine = self.sites.setdefault((rule.id, site), SequenceMachine(rule))
                machine.hit(role, at, stream, value, found)

    def arrive_all(self, rows: Sequence[tuple[int, int, float]]) -> Found:
        """Stream, time and value of one reading after another."""
        found = Found()
        for stream, at, value in rows:
            found.extend(self.arrive(stream, at, value))
        return found

    def advance(self, now: int) -> Found:
        """It is ``now`` (µs): what is overdue, what has passed."""
        found = Found()
        for machines in self.absences.values():
            for machine in machines:
                machine.advance(now, found)
        for site in self.sites.values():
            site.advance(now, found)
        return found
