"""COSE: signed CBOR (RFC 9052, 8392, 8949) as small as a QR code needs, and base45 (RFC 9285).

>>> from quancheng.core.keys import Algorithm, MemoryKey
>>> key = MemoryKey.generate(Algorithm.ES256)
>>> message = sign1(b"payload", key)
>>> verify1(message, {key.public.kid: key.public}).payload
b'payload'
"""

from quancheng.core.cose.base45 import base45_decode, base45_encode
from quancheng.core.cose.cbor import decode, encode
from quancheng.core.cose.errors import CoseFault, CoseReason
from quancheng.core.cose.labels import LABELS, algorithm_of
from quancheng.core.cose.sign1 import Sign1, attach, parse1, sign1, verify1

__all__ = [
    "LABELS",
    "CoseFault",
    "CoseReason",
    "Sign1",
    "algorithm_of",
    "attach",
    "base45_decode",
    "base45_encode",
    "decode",
    "encode",
    "parse1",
    "sign1",
    "verify1",
]
