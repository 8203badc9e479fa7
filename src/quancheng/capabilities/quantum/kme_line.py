"""模拟量子线路: BB84 rounds over one simulated fibre fill the stores of two key managers (模拟).

``core.qkd`` executes the rounds; this class only keeps them coming while there is room, remembers what
each gave (the QBER curve), and obeys the demonstrator: cut the fibre, let somebody listen. Keys already
distilled stay good when the fibre is cut, as in life: the stores run dry first.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from quancheng.core.qkd import (
    Channel,
    DeliveredKey,
    Eavesdropper,
    Outcome,
    Round,
    Settings,
    run_round,
)

__all__ = ["KEY_BITS", "Lap", "Line"]

KEY_BITS = 256
_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Lap:
    """One round as the operator sees it: no key in it."""

    number: int
    at: datetime
    outcome: Outcome
    qber: float
    secret_bits: int

    def plain(self) -> dict[str, Any]:
        """For the status extension."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "outcome": str(self.outcome),
            "qber": round(self.qber, 5),
            "secret_bits": self.secret_bits,
        }


class Line:
    """One fibre with the two stores at its ends: ``ours[name]`` at A, ``theirs[name]`` at B."""

    def __init__(
        self,
        seed: int,
        *,
        most_keys: int = 200,
        pulses: int = 300_000,
        channel: Channel | None = None,
        settings: Settings | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.most_keys, self.pulses = most_keys, pulses
        self.channel, self.settings = channel or Channel(), settings or Settings()
        self.intact, self.eve = True, 0.0
        self.laps: deque[Lap] = deque(maxlen=_REMEMBERED)
        self._random, self._seed, self._now = np.random.default_rng(seed), seed, now
        self._lock, self._round = threading.Lock(), threading.Lock()
        self._free: deque[tuple[DeliveredKey, bytes]] = deque()
        self._given: dict[uuid.UUID, tuple[str, str, bytes]] = {}
        self._count = 0

    @property
    def stored(self) -> int:
        """Keys that may be asked for."""
        return len(self._free)

    def command(self, intact: bool | None, eve: float | None) -> None:
        """Cut or mend the fibre; let somebody listen to this share of the pulses. A round under way ends first."""
        share = self.eve if eve is None else Eavesdropper(eve).share
        with self._round:
            self.eve = share
            self.intact = self.intact if intact is None else intact

    def step(self) -> bool:
        """One round, if the fibre is whole and there is room, or noise to be watched until it is over."""
        with self._round:
            calm = not self.eve and (not self.laps or self.laps[-1].outcome is Outcome.KEY)
            if not self.intact or (self.stored >= self.most_keys and calm):
                return False
            eve = Eavesdropper(self.eve) if self.eve else None
            self._keep(run_round(self.channel, self.pulses, self._random, self.settings, eve))
        return True

    def _keep(self, done: Round) -> None:
        with self._lock:
            self._count += 1
            self.laps.append(Lap(self._count, self._now(), done.outcome, done.qber, done.secret_bits))
            if done.outcome is Outcome.KEY:
                self._store(done)

    def _store(self, done: Round) -> None:
        """Blocks of 256 bits, named alike on both sides from what both know: seed, round, place."""
        size = KEY_BITS // 8
        for place in range(min(len(done.alice) // size, self.most_keys - len(self._free))):
            part = slice(place * size, (place + 1) * size)
            name = uuid.uuid5(uuid.NAMESPACE_OID, f"simulated/{self._seed}/{self._count}/{place}")
            self._free.append((DeliveredKey(name, done.alice[part]), done.bob[part]))

    def take(self, number: int, master: str, slave: str) -> tuple[DeliveredKey, ...]:
        """New keys for a pair of applications, from A's store; empty when there are too few."""
        with self._lock:
            if len(self._free) < number:
                return ()
            taken = [self._free.popleft() for _ in range(number)]
            for key, theirs in taken:
                self._given[key.key_id] = (master, slave, theirs)
            return tuple(key for key, _ in taken)

    def find(self, names: tuple[uuid.UUID, ...], master: str, slave: str) -> tuple[DeliveredKey, ...]:
        """The other end of keys given to ``master`` for ``slave``, once; empty when any is not there."""
        with self._lock:
            found = [self._given.get(name) for name in names]
            if any(one is None or one[:2] != (master, slave) for one in found):
                return ()
            return tuple(DeliveredKey(name, self._given.pop(name)[2]) for name in names)
