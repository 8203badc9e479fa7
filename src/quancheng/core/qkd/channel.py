"""BB84 信道模拟: preparation, a lossy fibre, an eavesdropper, detection and sifting, executed pulse by pulse.

The SOURCE IS A SIMULATION (模拟): single photons drawn from a seeded generator, no optics. What follows
the detectors (estimate, Cascade, amplification: the other modules) is the real classical protocol and
would run unchanged on bits of a device.

Bennett and Brassard 1984; Scarani et al., Rev. Mod. Phys. 81, 1301 (2009), section II.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quancheng.core.qkd.errors import QkdError, QkdReason

__all__ = ["Bits", "Channel", "Eavesdropper", "Sifted", "transmit"]

Bits = NDArray[np.uint8]
_BLOCK = 1 << 19  # pulses at once: bounds memory, not the physics


@dataclass(frozen=True, slots=True)
class Channel:
    """A fibre with its detectors (信道).

    ``loss_db``: fibre and optics, decibel; ``efficiency``: of a detector, 0–1; ``dark``: false clicks
    per gate and detector; ``misalignment``: share of arriving photons read as the other bit.
    """

    loss_db: float = 2.0
    efficiency: float = 0.2
    dark: float = 1e-6
    misalignment: float = 0.015

    def __post_init__(self) -> None:
        if self.loss_db < 0:
            raise QkdError(QkdReason.SETTING, "loss_db", "0 dB or more")
        for name in ("efficiency", "dark", "misalignment"):
            if not 0 <= getattr(self, name) <= 1:
                raise QkdError(QkdReason.SETTING, name, "0 to 1")

    @property
    def transmittance(self) -> float:
        """Chance that a photon sent makes a click."""
        return float(10 ** (-self.loss_db / 10) * self.efficiency)


@dataclass(frozen=True, slots=True)
class Eavesdropper:
    """Intercept and resend (截取重发): measures this share of the pulses in a random basis and sends her result.

    Each pulse so treated errs with chance 1/4 after sifting (Scarani 2009, section II.B).
    """

    share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise QkdError(QkdReason.SETTING, "share", "0 to 1")


@dataclass(frozen=True, slots=True)
class Sifted:
    """Both sides' bits where a click came and the bases agreed (筛后密钥); ``eve``: what she believes, else 2."""

    pulses: int
    detected: int
    alice: Bits
    bob: Bits
    eve: Bits

    def __len__(self) -> int:
        return len(self.alice)


def transmit(
    channel: Channel, pulses: int, random: np.random.Generator, eve: Eavesdropper | None = None
) -> Sifted:
    """Send ``pulses`` single photons and sift. Raises QkdError (SETTING) for fewer than one pulse."""
    if pulses < 1:
        raise QkdError(QkdReason.SETTING, "pulses", "1 or more")
    parts = [_block(channel, size, random, eve) for size in _sizes(pulses)]
    return Sifted(
        pulses,
        sum(part.detected for part in parts),
        np.concatenate([part.alice for part in parts]),
        np.concatenate([part.bob for part in parts]),
        np.concatenate([part.eve for part in parts]),
    )


def _sizes(pulses: int) -> Iterator[int]:
    whole, rest = divmod(pulses, _BLOCK)
    yield from [_BLOCK] * whole
    if rest:
        yield rest


def _bits(random: np.random.Generator, size: int) -> Bits:
    packed = np.frombuffer(random.bytes((size + 7) // 8), dtype=np.uint8)
    return np.unpackbits(packed)[:size]


def _block(channel: Channel, size: int, random: np.random.Generator, eve: Eavesdropper | None) -> Sifted:
    """Only pulses that click matter; which those are does not depend on bits or bases."""
    arrived = random.random(size, dtype=np.float32) < channel.transmittance
    false = random.random(size, dtype=np.float32) < _either(channel.dark)
    clicks = np.flatnonzero(arrived | false)
    count = len(clicks)
    bits, basis, bob_basis = (_bits(random, count) for _ in range(3))
    photon, photon_basis, known = _intercept(bits, basis, random, eve)
    read = np.where(photon_basis == bob_basis, photon, _bits(random, count))
    read ^= (random.random(count) < channel.misalignment).astype(np.uint8)
    # a false click alone is a coin; beside a photon it makes a double click half the time: a coin again
    coin = ~arrived[clicks] | (false[clicks] & (_bits(random, count) == 1))
    read = np.where(coin, _bits(random, count), read)
    kept = basis == bob_basis
    return Sifted(size, count, bits[kept], read[kept], known[kept])


def _either(dark: float) -> float:
    """Chance that at least one of the two detectors clicks falsely."""
    return 1 - (1 - dark) ** 2


def _intercept(
    bits: Bits, basis: Bits, random: np.random.Generator, eve: Eavesdropper | None
) -> tuple[Bits, Bits, Bits]:
    """What travels on after her: value, basis, and what she noted (2 where she did not look)."""
    count = len(bits)
    if eve is None:
        return bits, basis, np.full(count, 2, dtype=np.uint8)
    caught = random.random(count) < eve.share
    hers = _bits(random, count)
    seen = np.where(hers == basis, bits, _bits(random, count))
    return (
        np.where(caught, seen, bits),
        np.where(caught, hers, basis),
        np.where(caught, seen, 2).astype(np.uint8),
    )
