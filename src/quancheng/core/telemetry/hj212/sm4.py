"""HJ 212-2025 §6.4 数据区加密: SM4 (GB/T 32907), ECB, no padding.

The bytes between ``CP=&&`` and the last ``&&`` are encrypted sixteen at a time; what is left over
at the end stays as it is (附录A.2), so length field and region keep their sizes. The checksum is
that of the plain segment. The standard prints ciphertext as ``{0xE4,0x3E,…}``, with the length of
the plain text in the head; on the wire we take that to mean the bytes themselves. No frame recorded
from a device was at hand to confirm it.
"""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from ..refusal import FrameRefused, Reason

__all__ = ["decrypted", "encrypted", "hidden"]

_BLOCK = 16
_START, _END = b"CP=&&", b"&&"
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def _parts(segment: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Head, whole blocks, the rest, the end mark."""
    at = segment.find(_START)
    if at < 0 or not segment.endswith(_END) or len(segment) < at + len(_START) + len(_END):
        raise FrameRefused(Reason.SYNTAX, "no data region CP=&&…&&")
    at += len(_START)
    region = segment[at : -len(_END)]
    whole = len(region) // _BLOCK * _BLOCK
    return segment[:at], region[:whole], region[whole:], _END


def hidden(segment: bytes) -> bool:
    """Whether the data region looks encrypted: it has control characters, which plain text has not."""
    at = segment.find(_START)
    return at >= 0 and _CONTROL.search(segment, at) is not None


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    if len(key) != _BLOCK:
        raise FrameRefused(Reason.SIGNATURE, f"a key of {len(key)} bytes")
    return Cipher(SM4(key), modes.ECB())  # noqa: S305 -- the mode the standard prescribes


def encrypted(segment: bytes, key: bytes) -> bytes:
    """A plain data segment with its region encrypted."""
    head, blocks, rest, end = _parts(segment)
    return head + _cipher(key).encryptor().update(blocks) + rest + end


def decrypted(segment: bytes, key: bytes) -> bytes:
    """An encrypted data segment with its region plain; the checksum tells whether the key was right."""
    head, blocks, rest, end = _parts(segment)
    return head + _cipher(key).decryptor().update(blocks) + rest + end
