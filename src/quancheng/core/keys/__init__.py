"""密钥: one way to name, hold and check signing keys, whatever the algorithm.

A signer is a handle (``SigningKey``): what signs may be memory, a file sealed by another key or a
hardware module; callers never see the private part. Verifying needs only a ``PublicKey``, a value.

>>> key = MemoryKey.generate(Algorithm.ES256)
>>> key.public.verify(b"data", key.sign(b"data"))
"""

from quancheng.core.keys.algorithm import Algorithm, KeyFault, SignatureError
from quancheng.core.keys.jwk import from_jwk, thumbprint, to_jwk
from quancheng.core.keys.memory import MemoryKey, SigningKey
from quancheng.core.keys.public import PublicKey
from quancheng.core.keys.spki import from_spki, to_spki

__all__ = [
    "Algorithm",
    "KeyFault",
    "MemoryKey",
    "PublicKey",
    "SignatureError",
    "SigningKey",
    "from_jwk",
    "from_spki",
    "thumbprint",
    "to_jwk",
    "to_spki",
]
