"""What can go wrong with the national algorithms."""

from __future__ import annotations

__all__ = ["SmFault", "SmUnavailable"]


class SmFault(Exception):
    """A key, signature or ciphertext that does not hold (国密运算失败)."""


class SmUnavailable(SmFault):
    """This machine's libcrypto has no SM2: OpenSSL 3 built with it is needed (缺少国密支持)."""
