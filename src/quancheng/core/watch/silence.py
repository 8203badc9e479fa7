"""缺数(数组): absence rules over many streams at once.

**When nothing at all comes.** That everything is silent says something about the way in, not about any
one stream. A caller that knows how long the whole log has been quiet passes it on: while it is quiet
for longer than a rule's *patience* (half of its ``seconds``, at most the caller's ``patience``), the
rule judges nobody; and when readings come again, the silence of its streams counts from then on
(``resume``). So a rule should ask for at least twice the longest pause that is normal for everything.
The oracle knows nothing of it: without ``quiet`` both find the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quancheng.core.watch.absence import NEVER
from quancheng.core.watch.found import Ending, Firing, Found
from quancheng.core.watch.memory import Bools, Floats, Ints, Memory
from quancheng.core.watch.pairs import Index, Pair
from quancheng.core.watch.spec import SECOND

__all__ = ["AbsencePairs"]


class AbsencePairs:
    """缺数: the state of :class:`absence.AbsenceMachine`, one place a pair."""

    kept = ("seen", "value", "active", "began", "granted")

    def __init__(self, pairs: Sequence[Pair], memory: Memory) -> None:
        rows = memory.rows_of(np.array([stream for _, stream in pairs], np.int64))
        order = np.argsort(rows, kind="stable")
        self.pairs = [pairs[place] for place in order.tolist()]
        self.index = Index(rows[order], len(memory))
        self.span: Ints = np.array([rule.spec.seconds * SECOND for rule, _ in self.pairs], np.int64)
        self.seen: Ints = np.array([rule.since for rule, _ in self.pairs], np.int64)
        self.value: Floats = np.full(len(self.pairs), np.nan)
        self.active: Bools = np.zeros(len(self.pairs), np.bool_)
        self.began: Ints = np.zeros(len(self.pairs), np.int64)
        self.granted: Ints = np.full(len(self.pairs), NEVER, np.int64)
        """Silence counts from here on at the earliest (µs): before, nothing came from anybody."""

    def step(self, rows: Ints, times: Ints, values: Floats, found: Found) -> None:
        """One reading, good or bad, of each of these different streams."""
        places, pairs = self.index.of(rows)
        newer = times[places] > self.seen[pairs]
        places, pairs = places[newer], pairs[newer]
        at = times[places]
        active = self.active[pairs]
        seen = self._counted(pairs)
        gap = (seen != NEVER) & ~active & (at - seen > self.span[pairs])
        for place in np.flatnonzero(gap | active).tolist():
            pair = int(pairs[place])
            if gap[place]:
                self._fire(pair, int(at[place]), found)
            rule, stream = self.pairs[pair]
            found.endings.append(Ending(rule.id, stream, int(self.began[pair]), int(at[place])))
        self.seen[pairs], self.value[pairs], self.active[pairs] = at, values[places], False

    def advance(self, now: int, found: Found, quiet: int = 0, patience: int = NEVER) -> None:
        """It is ``now``: who is overdue; nothing at all came for ``quiet`` µs."""
        seen = self._counted(slice(None))
        overdue = (seen != NEVER) & ~self.active & (now - seen > self.span)
        if quiet:
            overdue &= quiet <= self._patience(patience)
        for pair in np.flatnonzero(overdue).tolist():
            self._fire(pair, now, found)

    def resume(self, now: int, quiet: int, patience: int) -> None:
        """Readings come again after nothing at all came for ``quiet`` µs."""
        waited = quiet > self._patience(patience)
        self.granted[waited] = np.maximum(self.granted[waited], now)

    def _counted(self, pairs: Ints | slice) -> Ints:
        """From when the silence of pairs counts; NEVER before the first reading."""
        seen = self.seen[pairs]
        return np.where(seen == NEVER, NEVER, np.maximum(seen, self.granted[pairs]))

    def _patience(self, patience: int) -> Ints:
        return np.minimum(self.span // 2, patience)

    def _fire(self, pair: int, now: int, found: Found) -> None:
        rule, stream = self.pairs[pair]
        seen, value = int(self.seen[pair]), float(self.value[pair])
        self.active[pair] = True
        self.began[pair] = max(seen, int(self.granted[pair])) + int(self.span[pair])
        last = ((stream, seen, value),) if seen > rule.since and not np.isnan(value) else ()
        found.firings.append(
            Firing(
                rule.id, stream, int(self.began[pair]), (now - seen) / SECOND, float(rule.spec.seconds), last
            )
        )

    def open_episodes(self) -> set[tuple[int, int, int]]:
        """Rule, stream and beginning of every silence that goes on."""
        going = np.flatnonzero(self.active).tolist()
        return {(self.pairs[one][0].id, self.pairs[one][1], int(self.began[one])) for one in going}

    def reopen(self, pair: int, began: int) -> None:
        """A silence known from elsewhere goes on."""
        self.active[pair], self.began[pair] = True, began
        self.seen[pair] = max(int(self.seen[pair]), began - int(self.span[pair]))

    def dump(self) -> dict[str, npt.NDArray[np.generic]]:
        """State by pair."""
        state: dict[str, npt.NDArray[np.generic]] = {name: getattr(self, name) for name in self.kept}
        state["rule"] = np.array([rule.id for rule, _ in self.pairs], np.int64)
        state["stream"] = np.array([stream for _, stream in self.pairs], np.int64)
        return state

    def adopt(self, kept: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over the state of pairs that were here before."""
        keys = zip(kept["rule"].tolist(), kept["stream"].tolist(), strict=True)
        old = {key: place for place, key in enumerate(keys)}
        for place, (rule, stream) in enumerate(self.pairs):
            before = old.get((rule.id, stream))
            if before is not None:
                for name in self.kept:
                    if name in kept:
                        getattr(self, name)[place] = kept[name][before]
