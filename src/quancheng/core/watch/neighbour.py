"""邻站比较: a stream that says something else than its neighbours.

Time is cut into slots of ``minutes``. In a slot each stream stands with its latest reading. A slot is
judged once the newest reading of the rule's streams lies ``seconds`` past its end: each stream's
reading less the median of its ``neighbours`` nearest that spoke (at least half of them must have) goes
through the trigger. A reading for a slot judged already judges it and the later ones again, for its
stream and those it is near to (see :mod:`machine` for what is new then). Slots older than ``KEPT``
before the last judged are stale. Deleted readings stay: a slot was judged by them.
"""

from __future__ import annotations

from statistics import median

from quancheng.core.watch.found import Found, Reading3
from quancheng.core.watch.machine import Machine, awake
from quancheng.core.watch.spec import MINUTE, SECOND, Rule
from quancheng.core.watch.track import Track

__all__ = ["KEPT", "NeighbourMachine", "NeighbourTrigger", "enough"]

KEPT = 16


def enough(rule: Rule, stream: int) -> int:
    """How many neighbours must have spoken: half, rounded up."""
    return max(1, -(-len(rule.near.get(stream, ())) // 2))


class NeighbourTrigger(Machine):
    """The trigger of one stream of the rule; its readings are the slot's."""

    __slots__ = ("owner",)

    def __init__(self, rule: Rule, stream: int, owner: NeighbourMachine) -> None:
        super().__init__(rule, stream)
        self.owner = owner

    def readings(self, track: Track, at: int) -> tuple[Reading3, ...]:
        slot = self.owner.slots.get(at // self.owner.slot_us, {})
        near = self.rule.near.get(self.stream, ())
        return tuple((one, *slot[one]) for one in (self.stream, *near) if one in slot)


class NeighbourMachine:
    """邻站比较: one rule with all its streams."""

    __slots__ = ("affected", "closed", "grace", "newest", "rule", "slot_us", "slots", "triggers")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.slot_us, self.grace = rule.spec.minutes * MINUTE, rule.spec.seconds * SECOND
        self.slots: dict[int, dict[int, tuple[int, float]]] = {}
        self.closed: int | None = None
        self.newest = -(2**62)
        self.triggers = {one: NeighbourTrigger(rule, one, self) for one in rule.streams}
        self.affected: dict[int, list[int]] = {one: [one] for one in rule.streams}
        for one, near in rule.near.items():
            for other in near:
                self.affected.setdefault(other, []).append(one)

    def arrive(self, at: int, stream: int, value: float, found: Found) -> None:
        """A reading came."""
        if not awake(self.rule, at):
            return
        number = at // self.slot_us
        if self.closed is not None and number <= self.closed - KEPT:
            found.stale.append((stream, at))
            return
        slot = self.slots.setdefault(number, {})
        before = slot.get(stream)
        if before is None or (at >= before[0] and before != (at, value)):
            slot[stream] = (at, value)
            if self.closed is not None and number <= self.closed:
                for one in self.affected.get(stream, ()):
                    self._again(one, number, found)
        self.newest = max(self.newest, at)
        self._close((self.newest - self.grace) // self.slot_us - 1, found)

    def _close(self, last: int, found: Found) -> None:
        if self.closed is not None and last <= self.closed:
            return
        for number in sorted(one for one in self.slots if one <= last):
            if self.closed is not None and number <= self.closed:
                continue
            for stream, trigger in self.triggers.items():
                judged = self.signal(stream, number)
                if judged is not None:
                    trigger.judge(Track(stream, 0), *judged, found)
        self.closed = last
        for old in [one for one in self.slots if one <= last - KEPT]:
            del self.slots[old]

    def _again(self, stream: int, number: int, found: Found) -> None:
        trigger = self.triggers.get(stream)
        if trigger is None or self.closed is None:
            return
        judged = [self.signal(stream, one) for one in range(number, self.closed + 1)]
        trigger.settle(Track(stream, 0), [one for one in judged if one is not None], found)

    def signal(self, stream: int, number: int) -> tuple[int, float] | None:
        """Time and distance of a stream in a slot."""
        slot = self.slots.get(number, {})
        own = slot.get(stream)
        others = [slot[one][1] for one in self.rule.near.get(stream, ()) if one in slot]
        if own is None or len(others) < enough(self.rule, stream):
            return None
        return own[0], own[1] - median(others)
