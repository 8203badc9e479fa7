"""信道故障模型: lose, delay and damage frames, seeded, with a ledger a drill can reconcile.

The damage is of kinds that a CRC-16 always finds (up to three flipped bits, a cut tail, a burst of
at most sixteen bits), so that "no damaged frame was accepted" is a fact and not a probability.
A frame's fate depends on the seed and on its own id, not on the frames beside it; only which frames
are the unlucky share depends on the whole set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

__all__ = ["Damage", "Delivery", "Entry", "Fate", "FaultPlan", "Outcome", "Sent", "disturb"]

_FLIPS = 3
_BURST = 2


class Fate(StrEnum):
    """去向: what the channel did with a frame."""

    DELIVERED = "delivered"
    LOST = "lost"
    LATE = "late"
    CORRUPT = "corrupt"


class Damage(StrEnum):
    """损坏方式: flipped bits, a cut tail, or two bytes of noise."""

    BIT_FLIP = "bit-flip"
    TRUNCATION = "truncation"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame as sent, with an id of its own."""

    id: str
    at: datetime
    raw: bytes


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The share disturbed, the weights of the three fates and the delays; the caller's data."""

    seed: int
    fraction: float
    lost: int
    late: int
    corrupt: int
    delay_least: timedelta
    delay_most: timedelta

    def __post_init__(self) -> None:
        weights = (self.lost, self.late, self.corrupt)
        if not 0 <= self.fraction <= 1 or min(weights) < 0 or not any(weights):
            raise ValueError(f"a fraction from 0 to 1 and weights not all zero: {self}")
        if not timedelta(0) < self.delay_least <= self.delay_most:
            raise ValueError(f"delays must be positive and in order: {self}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What reaches the receiver, and when."""

    id: str
    at: datetime
    raw: bytes
    fate: Fate


@dataclass(frozen=True, slots=True)
class Entry:
    """台账: one frame's fate."""

    id: str
    fate: Fate
    sent_at: datetime
    delivered_at: datetime | None
    damage: Damage | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Deliveries by time, and the ledger in the order sent."""

    deliveries: tuple[Delivery, ...]
    ledger: tuple[Entry, ...]

    @property
    def counts(self) -> dict[Fate, int]:
        """How many frames met each fate; the sum is the number sent."""
        found = Counter(entry.fate for entry in self.ledger)
        return {fate: found[fate] for fate in Fate}


def disturb(frames: Sequence[Sent], plan: FaultPlan) -> Outcome:
    """Send frames through the channel: exactly ``round(fraction × n)`` of them are disturbed."""
    if len({frame.id for frame in frames}) != len(frames):
        raise ValueError("every frame needs an id of its own")
    dice = {frame.id: Random(f"{plan.seed}:{frame.id}") for frame in frames}
    drawn = sorted((die.random(), frame_id) for frame_id, die in dice.items())
    unlucky = {frame_id for _, frame_id in drawn[: round(plan.fraction * len(frames))]}
    deliveries, ledger = [], []
    for frame in frames:
        delivery, entry = _send(frame, plan, dice[frame.id], frame.id in unlucky)
        ledger.append(entry)
        if delivery is not None:
            deliveries.append(delivery)
    deliveries.sort(key=lambda delivery: (delivery.at, delivery.id))
    return Outcome(tuple(deliveries), tuple(ledger))


def _send(frame: Sent, plan: FaultPlan, die: Random, unlucky: bool) -> tuple[Delivery | None, Entry]:
    fate, at, raw, damage = Fate.DELIVERED, frame.at, frame.raw, None
    if unlucky:
        fates = (Fate.LOST, Fate.LATE, Fate.CORRUPT)
        fate = die.choices(fates, (plan.lost, plan.late, plan.corrupt))[0]
    if fate is Fate.LOST:
        return None, Entry(frame.id, fate, frame.at, None)
    if fate is Fate.LATE:
        spread = (plan.delay_most - plan.delay_least) // timedelta(seconds=1)
        at += plan.delay_least + timedelta(seconds=die.randint(0, spread))
    if fate is Fate.CORRUPT:
        damage = die.choice(tuple(Damage))
        raw = _damaged(frame.raw, damage, die)
    return Delivery(frame.id, at, raw, fate), Entry(frame.id, fate, frame.at, at, damage)


def _damaged(raw: bytes, damage: Damage, die: Random) -> bytes:
    if damage is Damage.TRUNCATION:
        return raw[: die.randrange(1, len(raw))]
    spoilt = bytearray(raw)
    if damage is Damage.BIT_FLIP:
        for bit in die.sample(range(8 * len(raw)), die.randint(1, _FLIPS)):
            spoilt[bit // 8] ^= 1 << bit % 8
        return bytes(spoilt)
    at = die.randrange(len(raw) - _BURST + 1)
    pattern = die.randrange(1, 1 << 8 * _BURST).to_bytes(_BURST)
    for offset, noise in enumerate(pattern):
        spoilt[at + offset] ^= noise
    return bytes(spoilt)
