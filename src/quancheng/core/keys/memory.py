"""Signing keys: the protocol every holder of a private key fulfils, and one in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, Self

from quancheng.core.keys.algorithm import Algorithm
from quancheng.core.keys.public import PublicKey
from quancheng.core.keys.suites import SUITES

__all__ = ["MemoryKey", "SigningKey"]


class SigningKey(Protocol):
    """密钥句柄: something that signs. A hardware module fits behind these two members."""

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A signature in the form ``PublicKey.verify`` takes."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryKey:
    """A signing key held in memory (内存密钥); its private part is not shown by ``repr``."""

    algorithm: Algorithm
    _private: bytes = field(repr=False)
    _public: PublicKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        data = SUITES[self.algorithm].public(self._private)
        object.__setattr__(self, "_public", PublicKey(self.algorithm, data))

    @classmethod
    def generate(cls, algorithm: Algorithm) -> Self:
        """A new key from the system's randomness."""
        return cls(algorithm, SUITES[algorithm].generate())

    @classmethod
    def from_private(cls, algorithm: Algorithm, private: bytes) -> Self:
        """From ``private_bytes``. Raises KeyFault."""
        return cls(algorithm, private)

    @property
    def public(self) -> PublicKey:
        """Its public key."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """A signature over the message."""
        return SUITES[self.algorithm].sign(self._private, message)

    def private_bytes(self) -> bytes:
        """The private part, raw: 32 bytes (scalar or seed), to be sealed at once."""
        return self._private
