"""事务 SIP transactions as state machines without sockets and clocks (RFC 3261 §17).

The shell gives the time (seconds of a steady clock) and sends what it is told to. UDP only repeats;
over TCP nothing is repeated, but the timeouts are the same.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

__all__ = ["Client", "ServerBook", "State", "Timers"]


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4: T1 the round trip, T2 the longest pause between repeats, T4 the longest life."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def lifetime(self) -> float:
        """Timers B, F, H and J: 64 T1."""
        return 64 * self.t1


class State(Enum):
    """事务状态; §17.1.1 figure 5 and §17.1.2 figure 6, Calling and Trying are one here."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    FAILED = "failed"


class Client:
    """A request of ours: repeated until an answer comes or time is up."""

    __slots__ = ("_deadline", "_interval", "_invite", "_next", "_reliable", "_timers", "state", "status")

    def __init__(
        self, now: float, *, invite: bool = False, reliable: bool = False, timers: Timers = Timers()
    ) -> None:
        self._timers, self._invite, self._reliable = timers, invite, reliable
        self._interval = timers.t1
        self._next = now + timers.t1
        self._deadline = now + timers.lifetime
        self.state = State.TRYING
        self.status = 0

    @property
    def due(self) -> float:
        """When :meth:`tick` wants to be called next; infinity when never again."""
        if self.state in (State.TERMINATED, State.FAILED):
            return float("inf")
        if (
            self.state is State.COMPLETED
            or self._reliable
            or (self._invite and self.state is State.PROCEEDING)
        ):
            return self._deadline
        return min(self._next, self._deadline)

    def tick(self, now: float) -> bool:
        """Time went on; True: send the request once more. Ends as FAILED when no final answer came."""
        if self.state in (State.TERMINATED, State.FAILED):
            return False
        if now >= self._deadline:
            self.state = State.TERMINATED if self.state is State.COMPLETED else State.FAILED
            return False
        if self.due > now:
            return False
        if self._invite:
            self._interval *= 2  # timer A doubles without bound
        elif self.state is State.PROCEEDING:
            self._interval = self._timers.t2
        else:
            self._interval = min(2 * self._interval, self._timers.t2)  # timer E
        self._next = now + self._interval
        return True

    def answered(self, status: int, now: float) -> bool:
        """An answer came; True when it is the first final one (later ones are repeats)."""
        if self.state in (State.COMPLETED, State.TERMINATED, State.FAILED):
            return False
        if status < 200:
            self.state, self.status = State.PROCEEDING, status
            if self._invite:
                self._deadline = (
                    now + 3 * self._timers.lifetime
                )  # timer C: a ringing call may take three minutes
            return False
        self.state, self.status = State.COMPLETED, status
        self._deadline = now + (0.0 if self._reliable else self._timers.t4)
        return True


class ServerBook:
    """Requests of others: a repeated one gets the same answer and is not done twice (§17.2.3).

    Keys are the caller's (branch, sent-by, method). Bounded: the oldest entries leave first.
    """

    __slots__ = ("_entries", "_limit", "_timers")

    def __init__(self, timers: Timers = Timers(), *, limit: int = 200_000) -> None:
        self._timers, self._limit = timers, limit
        self._entries: OrderedDict[tuple[str, ...], tuple[float, bytes | None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def seen(self, key: tuple[str, ...], now: float) -> tuple[bool, bytes | None]:
        """(False, None): new, and now remembered; (True, answer or None while it is worked on): a repeat."""
        self.expire(now)
        found = self._entries.get(key)
        if found is not None:
            return True, found[1]
        if len(self._entries) >= self._limit:
            self._entries.popitem(last=False)
        self._entries[key] = (now + self._timers.lifetime, None)
        return False, None

    def answered(self, key: tuple[str, ...], answer: bytes, now: float) -> None:
        """Remember what was answered, for repeats (timer J)."""
        if key in self._entries:
            self._entries[key] = (now + self._timers.lifetime, answer)
            self._entries.move_to_end(key)

    def forget(self, key: tuple[str, ...]) -> None:
        """A request that was not worked on (say, over a limit) may come again."""
        self._entries.pop(key, None)

    def expire(self, now: float) -> None:
        """Drop what is over; entries lie in the order of their ends."""
        while self._entries:
            key = next(iter(self._entries))
            if self._entries[key][0] > now:
                return
            del self._entries[key]
