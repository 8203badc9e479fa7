"""BB84 一轮: from pulses to the same secret key on both sides, or a reason why there is none.

Order of the steps, none of which may be left out: transmit and sift; disclose a random sample and
estimate the error rate; stop above the threshold; correct by Cascade; verify by a hash; shorten by
privacy amplification to what nobody else can know. The photons are simulated (模拟), the rest is real.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from quancheng.core.qkd.amplify import binary_entropy, secret_length, toeplitz
from quancheng.core.qkd.cascade import KeyHolder, correct
from quancheng.core.qkd.channel import Bits, Channel, Eavesdropper, Sifted, transmit
from quancheng.core.qkd.errors import QkdError, QkdReason

__all__ = ["Outcome", "Round", "Settings", "distil", "run_round"]

_TAG_BITS = 64


class Outcome(StrEnum):
    """How a round ended (本轮结果)."""

    KEY = "KEY"
    TOO_NOISY = "TOO_NOISY"  # above the threshold: somebody may be listening
    TOO_SHORT = "TOO_SHORT"  # nothing is left after amplification
    NOT_EQUAL = "NOT_EQUAL"  # verification found errors that correction left


@dataclass(frozen=True, slots=True)
class Settings:
    """How a round is judged. ``qber_most``: stop above; ``sample``: share disclosed; ``epsilon``: failure chance.

    11 % is where 1 − 2h(Q) reaches 0 (Shor and Preskill 2000).
    """

    qber_most: float = 0.11
    sample: float = 0.15
    epsilon: float = 1e-10
    passes: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.qber_most < 0.5:
            raise QkdError(QkdReason.SETTING, "qber_most", "0 to 0.5")
        if not 0 < self.sample < 1:
            raise QkdError(QkdReason.SETTING, "sample", "0 to 1")
        if not 0 < self.epsilon < 1 or self.passes < 1:
            raise QkdError(QkdReason.SETTING, "epsilon", "0 to 1")


@dataclass(frozen=True, slots=True)
class Round:
    """What a round gave (一轮的账): counts for everybody, the two sides' keys for the two sides only."""

    outcome: Outcome
    pulses: int
    detected: int
    sifted: int
    sampled: int
    qber: float
    leaked: int = 0
    corrected: int = 0
    alice: bytes = field(default=b"", repr=False)
    bob: bytes = field(default=b"", repr=False)
    simulated: bool = True

    @property
    def secret_bits(self) -> int:
        """Bits of the secret key; whole bytes."""
        return len(self.alice) * 8

    @property
    def efficiency(self) -> float:
        """Parities told over the Shannon limit n·h(Q); 0 when nothing was corrected. Cascade: about 1.1–1.3."""
        limit = (self.sifted - self.sampled) * binary_entropy(min(self.qber, 0.5))
        return (self.leaked - _TAG_BITS) / limit if self.leaked and limit else 0.0


def run_round(
    channel: Channel,
    pulses: int,
    random: np.random.Generator,
    settings: Settings | None = None,
    eve: Eavesdropper | None = None,
) -> Round:
    """One whole round over a simulated channel; the same seed gives the same round."""
    return distil(transmit(channel, pulses, random, eve), random, settings or Settings())


def distil(raw: Sifted, random: np.random.Generator, settings: Settings) -> Round:
    """From sifted bits to the secret key; ``random`` gives the public choices (sample, shuffles, hashes)."""
    size = math.ceil(len(raw) * settings.sample)
    if size < 1 or size >= len(raw):
        return Round(Outcome.TOO_SHORT, raw.pulses, raw.detected, len(raw), 0, 0.0)
    shown = np.zeros(len(raw), dtype=bool)
    shown[random.choice(len(raw), size, replace=False)] = True
    qber = float(np.mean(raw.alice[shown] != raw.bob[shown]))
    counts = (raw.pulses, raw.detected, len(raw), size, qber)
    if qber > settings.qber_most:
        return Round(Outcome.TOO_NOISY, *counts)
    return _finish(raw.alice[~shown], raw.bob[~shown], counts, random, settings)


def _finish(
    alice: Bits,
    bob: Bits,
    counts: tuple[int, int, int, int, float],
    random: np.random.Generator,
    settings: Settings,
) -> Round:
    *_, size, qber = counts
    teller = KeyHolder(alice)
    fixed = correct(bob, teller, qber, random, settings.passes)
    leaked = teller.leaked + _TAG_BITS
    kept = len(alice)
    seed = random.integers(0, 2, kept + _TAG_BITS - 1, dtype=np.uint8)
    if not np.array_equal(toeplitz(alice, _TAG_BITS, seed), toeplitz(fixed.key, _TAG_BITS, seed)):
        return Round(Outcome.NOT_EQUAL, *counts, leaked, fixed.flipped)
    length = secret_length(kept, size, qber, leaked, settings.epsilon) // 8 * 8
    if length < 8:
        return Round(Outcome.TOO_SHORT, *counts, leaked, fixed.flipped)
    seed = random.integers(0, 2, kept + length - 1, dtype=np.uint8)
    one, other = (np.packbits(toeplitz(key, length, seed)).tobytes() for key in (alice, fixed.key))
    return Round(Outcome.KEY, *counts, leaked, fixed.flipped, one, other)
