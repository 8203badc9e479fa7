"""Privacy amplification and verification by Toeplitz hashing (隐私放大), and how many bits stay secret.

Toeplitz matrices are two-universal (Krawczyk, CRYPTO '94), so the leftover hash lemma applies. The
product is computed as a convolution by FFT in float64; its entries are counts below 2^26, far from
where rounding could err.
"""

from __future__ import annotations

import math

import numpy as np

from quancheng.core.qkd.channel import Bits
from quancheng.core.qkd.errors import QkdError, QkdReason

__all__ = ["binary_entropy", "fluctuation", "secret_length", "shor_preskill_rate", "toeplitz"]


def binary_entropy(share: float) -> float:
    """h(x) = −x log2 x − (1−x) log2 (1−x), bits. Raises QkdError outside 0–1."""
    if not 0 <= share <= 1:
        raise QkdError(QkdReason.SETTING, "share", "0 to 1")
    if share in (0, 1):
        return 0.0
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def shor_preskill_rate(qber: float) -> float:
    """Secret bits per sifted bit with unlimited data: 1 − 2 h(Q), never below 0; 0 from 11.0 % on.

    Shor and Preskill, Phys. Rev. Lett. 85, 441 (2000); Scarani et al. 2009, section IV.
    """
    return max(0.0, 1 - 2 * binary_entropy(qber)) if qber < 0.5 else 0.0


def fluctuation(kept: int, sample: int, epsilon: float) -> float:
    """How much higher than the sample's the error rate of the kept bits may be, except with ``epsilon``.

    Serfling's bound as in Tomamichel, Lim, Gisin, Renner, Nat. Commun. 3:634 (2012):
    μ = sqrt((n+k)/(nk) · (k+1)/k · ln(4/ε)).
    """
    if kept < 1 or sample < 1 or not 0 < epsilon < 1:
        raise QkdError(QkdReason.SETTING, "sample", "1 bit or more")
    ratio = (kept + sample) / (kept * sample) * (sample + 1) / sample
    return math.sqrt(ratio * math.log(4 / epsilon))


def secret_length(kept: int, sample: int, qber: float, leaked: int, epsilon: float) -> int:
    """Secret bits that may be drawn from ``kept`` corrected bits; 0 when none.

    ℓ = n (1 − h(Q + μ)) − leak − log2(2 / ε³): Tomamichel et al. 2012 with ε for secrecy and
    correctness alike and perfect preparation; Shor–Preskill in the limit. ``leaked``: every parity and
    hash bit told in the open.
    """
    worst = qber + fluctuation(kept, sample, epsilon)
    if worst >= 0.5:
        return 0
    length = kept * (1 - binary_entropy(worst)) - leaked - math.log2(2 / epsilon**3)
    return max(0, math.floor(length))


def toeplitz(bits: Bits, length: int, seed: Bits) -> Bits:
    """Multiply by the binary Toeplitz matrix whose diagonals are ``seed`` (public, random).

    Raises QkdError (SETTING) unless seed has len(bits) + length − 1 bits.
    """
    if length < 1 or len(bits) < 1 or len(seed) != len(bits) + length - 1:
        raise QkdError(QkdReason.SETTING, "seed", f"{len(bits)} + {length} - 1 bits")
    size = 1 << (len(seed) + len(bits) - 2).bit_length()
    product = np.fft.irfft(np.fft.rfft(seed, size) * np.fft.rfft(bits, size), size)
    counts = np.rint(product[len(bits) - 1 : len(bits) - 1 + length]).astype(np.int64)
    return (counts & 1).astype(np.uint8)
