"""量子密钥分发: BB84 executed on simulated photons (模拟), and the messages of ETSI GS QKD 014.

``run_round`` goes the whole way: pulses, sifting, estimate of the error rate, Cascade, verification,
privacy amplification. ``distil`` takes sifted bits from anywhere, a real device included. The values of
:mod:`etsi014` are what key management entities and applications say to each other.
"""

from quancheng.core.qkd.amplify import (
    binary_entropy,
    fluctuation,
    secret_length,
    shor_preskill_rate,
    toeplitz,
)
from quancheng.core.qkd.bb84 import Outcome, Round, Settings, distil, run_round
from quancheng.core.qkd.cascade import Corrected, KeyHolder, ParityAnswers, correct
from quancheng.core.qkd.channel import Bits, Channel, Eavesdropper, Sifted, transmit
from quancheng.core.qkd.errors import QkdError, QkdReason

__all__ = [
    "Bits",
    "Channel",
    "Corrected",
    "Eavesdropper",
    "KeyHolder",
    "Outcome",
    "ParityAnswers",
    "QkdError",
    "QkdReason",
    "Round",
    "Settings",
    "Sifted",
    "binary_entropy",
    "correct",
    "distil",
    "fluctuation",
    "run_round",
    "secret_length",
    "shor_preskill_rate",
    "toeplitz",
    "transmit",
]
