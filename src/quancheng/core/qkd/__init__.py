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
from quancheng.core.qkd.etsi014 import (
    DeliveredKey,
    KeyContainer,
    KeyRequest,
    Problem,
    Status,
    dec_keys_path,
    enc_keys_path,
    key_ids,
    key_ids_from,
    status_path,
)

__all__ = [
    "Bits",
    "Channel",
    "Corrected",
    "DeliveredKey",
    "Eavesdropper",
    "KeyContainer",
    "KeyHolder",
    "KeyRequest",
    "Outcome",
    "ParityAnswers",
    "Problem",
    "QkdError",
    "QkdReason",
    "Round",
    "Settings",
    "Sifted",
    "Status",
    "binary_entropy",
    "correct",
    "dec_keys_path",
    "distil",
    "enc_keys_path",
    "fluctuation",
    "key_ids",
    "key_ids_from",
    "run_round",
    "secret_length",
    "shor_preskill_rate",
    "status_path",
    "toeplitz",
    "transmit",
]
