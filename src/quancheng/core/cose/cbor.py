"""CBOR (RFC 8949), deterministic by section 4.2.1: one value has one encoding, anything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cbor2

from quancheng.core.cose.errors import CoseFault, CoseReason

__all__ = ["MAX_BYTES", "decode", "encode"]

MAX_BYTES = 64 * 1024
"""More than any message of ours; larger ones are refused before they are read."""
_DEPTH = 16


def encode(value: Any) -> bytes:
    """The deterministic encoding.

    cbor2's own sorts keys by length before bytes, as RFC 7049 did; here they are sorted by bytes alone.
    """
    if isinstance(value, Mapping):
        pairs = sorted((encode(key), encode(one)) for key, one in value.items())
        return _head(0xA0, len(pairs)) + b"".join(key + one for key, one in pairs)
    if isinstance(value, list | tuple):
        return _head(0x80, len(value)) + b"".join([encode(one) for one in value])
    if isinstance(value, cbor2.CBORTag):
        return _head(0xC0, value.tag) + encode(value.value)
    return cbor2.dumps(value, canonical=True)


def _head(major: int, number: int) -> bytes:
    """A major type with its argument (RFC 8949 section 3), which is written as an unsigned integer is."""
    if number < 24:
        return bytes([major | number])
    head: bytes = cbor2.dumps(number)
    return bytes([major | head[0]]) + head[1:]


def decode(data: bytes, *, canonical: bool = True) -> Any:
    """The value. Raises CoseFault: too large, too deep, trailing bytes, or not canonical.

    ``canonical=False`` takes the messages of others as RFC 8949 allows them, with nothing behind them and no
    key twice (RFC 9052 section 3).
    """
    if len(data) > MAX_BYTES:
        raise CoseFault(CoseReason.ENCODING, f"{len(data)} bytes")
    try:
        value = cbor2.loads(data, max_depth=_DEPTH, allow_duplicate_keys=False)
        if canonical and encode(value) != data:
            raise CoseFault(CoseReason.ENCODING, "not the deterministic encoding")
    except CoseFault:
        raise
    except Exception as wrong:  # cbor2 raises many kinds for garbage
        raise CoseFault(CoseReason.ENCODING, f"not CBOR: {type(wrong).__name__}") from None
    return value
