"""CBOR (RFC 8949), deterministic by section 4.2.1: one value has one encoding, anything else is refused."""

from __future__ import annotations

from typing import Any

import cbor2

from quancheng.core.cose.errors import CoseFault, CoseReason

__all__ = ["MAX_BYTES", "decode", "encode"]

MAX_BYTES = 64 * 1024
"""More than any message of ours; larger ones are refused before they are read."""
_DEPTH = 16


def encode(value: Any) -> bytes:
    """The deterministic encoding."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, canonical: bool = True) -> Any:
    """The value. Raises CoseFault: too large, too deep, trailing bytes, or not canonical.

    ``canonical=False`` takes the messages of others as RFC 8949 allows them, with nothing behind them.
    """
    if len(data) > MAX_BYTES:
        raise CoseFault(CoseReason.ENCODING, f"{len(data)} bytes")
    try:
        value = cbor2.loads(data, max_depth=_DEPTH)
        if canonical and cbor2.dumps(value, canonical=True) != data:
            raise CoseFault(CoseReason.ENCODING, "not the deterministic encoding")
    except CoseFault:
        raise
    except Exception as wrong:  # cbor2 raises many kinds for garbage
        raise CoseFault(CoseReason.ENCODING, f"not CBOR: {type(wrong).__name__}") from None
    return value
