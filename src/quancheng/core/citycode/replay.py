"""The short memory of a gate: what it took a moment ago, and whether its clock drifts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

__all__ = ["Drift", "ReplaySet"]


@dataclass(slots=True)
class ReplaySet:
    """重放集: presentations taken in the steps a gate still accepts. Mutable, one for each gate.

    Older steps are forgotten because the gate refuses them anyway: memory is bounded by the people who
    pass in a window of steps. What was forgotten counts as taken: a clock that ran ahead and was set back
    lets nothing pass twice.
    """

    window: int
    """Steps before the present one that are still taken."""
    _taken: dict[int, set[bytes]] = field(default_factory=dict, repr=False)
    _forgotten: int = field(default=-1, repr=False)
    """Latest step nothing is remembered of any more."""

    def seen(self, step: int, mark: bytes) -> bool:
        """Whether this presentation was taken, or could have been and is forgotten."""
        return step <= self._forgotten or mark in self._taken.get(step, ())

    def take(self, step: int, mark: bytes, now_step: int, *, earliest: int | None = None) -> None:
        """Remember it, and forget what is too old: before the window, and before ``earliest`` still taken."""
        self._taken.setdefault(step, set()).add(mark)
        keep = now_step - self.window - 1
        keep = keep if earliest is None else min(keep, earliest)
        for old in [kept for kept in self._taken if kept < keep]:
            del self._taken[old]
        self._forgotten = max(self._forgotten, keep - 1)

    def __len__(self) -> int:
        return sum(len(marks) for marks in self._taken.values())


@dataclass(slots=True)
class Drift:
    """时钟偏移: notices from genuine codes that the gate's own clock is wrong.

    Every phone would have to be wrong by the same side and amount; when so many genuine codes in a row
    from different credentials are, the gate is. Mutable, one for each gate.
    """

    needed: int = 5
    """Different genuine codes in a row outside the window, all to one side, before the gate doubts itself."""
    _last: deque[tuple[bytes, int]] = field(default_factory=deque, repr=False)

    def note(self, credential: bytes, steps: int) -> None:
        """A genuine code whose step differed by so many (0 = within the window)."""
        if steps == 0:
            self._last.clear()
            return
        if all(credential != one for one, _steps in self._last):
            self._last.append((credential, steps))
        while len(self._last) > self.needed:
            self._last.popleft()

    @property
    def wrong(self) -> bool:
        """Whether the clock must be wrong."""
        offsets = [steps for _one, steps in self._last]
        if len(offsets) < self.needed:
            return False
        one_side = min(offsets) > 0 or max(offsets) < 0
        return one_side and max(offsets) - min(offsets) <= 4
