"""行摘要: 16 bytes that stand for a row of typed values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b

from quancheng.core.tabular.kinds import Typed

__all__ = ["SIZE", "digest"]

SIZE = 16


def digest(values: Iterable[Typed]) -> bytes:
    """BLAKE2b-128 (RFC 7693) over the values (行摘要), each with its kind and length, so no two rows run together.

    Numbers are equal when they are the same number, whatever their kind and trailing zeros. At 128 bits
    the chance that any two of 10⁹ rows collide is below 2⁻⁶⁸ (birthday bound n²/2¹²⁹).
    """
    state = blake2b(digest_size=SIZE)
    for value in values:
        tag, text = _canonical(value)
        body = text.encode("utf-8", "surrogatepass")
        state.update(b"%b%d:%b" % (tag, len(body), body))
    return state.digest()


def _canonical(value: Typed) -> tuple[bytes, str]:
    if isinstance(value, str):
        return b"s", value
    if value is None:
        return b"n", ""
    if isinstance(value, bool):
        return b"b", "1" if value else "0"
    if isinstance(value, int):
        return b"d", str(value)
    if isinstance(value, Decimal):
        return b"d", _number(value)
    if isinstance(value, datetime):
        return b"t", value.isoformat()
    assert isinstance(value, date)
    return b"a", value.isoformat()


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "", "-") else text
