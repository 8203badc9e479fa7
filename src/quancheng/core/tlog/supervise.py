"""Supervision of a chain and its alliance, as functions of what was seen (上链监管)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Coverage", "Health", "MemberSeen", "coverage", "health", "late", "unanchored", "without_grant"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many events of a scene happened, and how many stand in the log (覆盖率)."""

    scene: str
    happened: int
    anchored: int

    @property
    def share(self) -> float | None:
        """Anchored of happened, 0 to 1; None when nothing happened."""
        return self.anchored / self.happened if self.happened else None


def coverage(happened: Mapping[str, int], anchored: Mapping[str, int]) -> tuple[Coverage, ...]:
    """Each scene's coverage, the worst first; a scene where nothing happened comes last."""
    rows = [Coverage(one, happened[one], anchored.get(one, 0)) for one in happened]
    return tuple(sorted(rows, key=lambda row: (row.share is None, row.share or 0.0, row.scene)))


def unanchored(happened: Iterable[str], anchored: Iterable[str]) -> tuple[str, ...]:
    """References that happened and stand in no log."""
    there = set(anchored)
    return tuple(one for one in happened if one not in there)


def late(times: Iterable[tuple[str, int, int]], most: int) -> tuple[tuple[str, int], ...]:
    """Of (reference, happened, anchored): those anchored more than ``most`` seconds later, with the delay."""
    return tuple(
        (reference, anchored - happened)
        for reference, happened, anchored in times
        if anchored - happened > most
    )


def without_grant(
    uses: Iterable[tuple[str, str, int]], grants: Mapping[str, tuple[int, int]]
) -> tuple[str, ...]:
    """Of uses (reference, grant, time): those whose grant was not alive then.

    ``grants``: from when until when each was alive, in Unix seconds, the end excluded.
    """
    found = []
    for reference, grant, time in uses:
        alive = grants.get(grant)
        if alive is None or not alive[0] <= time < alive[1]:
            found.append(reference)
    return tuple(found)


class Health(StrEnum):
    """How a member of the alliance does (成员状态)."""

    WELL = "WELL"
    SILENT = "SILENT"
    CLOCK = "CLOCK"
    BROKEN = "BROKEN"
    FORKED = "FORKED"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """What is known of a member: its last answer, what time it claimed, whether it showed two histories.

    ``broken``: what it shows does not join what was seen before, and it gives no proof that it does.
    """

    name: str
    answered: int | None
    claimed: int | None
    forked: bool = False
    broken: bool = False


def health(seen: MemberSeen, now: int, *, silent_after: int, most_skew: int) -> Health:
    """The worst that is true: a fork, a history that does not join, a lying clock, silence. Seconds throughout."""
    if seen.forked or seen.broken:
        return Health.FORKED if seen.forked else Health.BROKEN
    if seen.answered is None:
        return Health.NEVER
    if seen.claimed is not None and abs(seen.claimed - seen.answered) > most_skew:
        return Health.CLOCK
    return Health.SILENT if now - seen.answered > silent_after else Health.WELL
