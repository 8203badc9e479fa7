"""全有或全无: what a group of a batch does to observations, which no database transaction covers.

Observations that the group appends are deleted and those it changes are restored when it fails; those
it deletes are deleted only when the whole group has succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Observation


@dataclass(slots=True)
class Group:
    """What a group has done, and what it has yet to do."""

    appended: list[int] = field(default_factory=list)
    changed: list[Observation] = field(default_factory=list)
    """As they were before."""
    later: list[Callable[[], object]] = field(default_factory=list)

    def succeed(self) -> None:
        """Do what waited for success."""
        for work in self.later:
            work()

    def fail(self) -> None:
        """Bring observations back to what they were."""
        made = set(self.appended)
        for old in reversed(self.changed):
            if old.id not in made:
                store.change(old)
        store.delete(made)


present: ContextVar[Group | None] = ContextVar("sensorthings_group", default=None)


def appended(ids: Iterable[int]) -> None:
    """Observations are new."""
    group = present.get()
    if group is not None:
        group.appended += ids


def changing(old: Observation) -> None:
    """An observation will be another."""
    group = present.get()
    if group is not None:
        group.changed.append(old)


def at_success(work: Callable[[], object]) -> None:
    """Do something that cannot be undone: now, or when the group has succeeded."""
    group = present.get()
    if group is None:
        work()
    else:
        group.later.append(work)
