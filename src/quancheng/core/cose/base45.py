"""Base45 (RFC 9285): two bytes in three characters that QR codes hold in alphanumeric mode."""

from __future__ import annotations

from quancheng.core.cose.errors import CoseFault, CoseReason

__all__ = ["base45_decode", "base45_encode"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_TRIPLES = [_ALPHABET[n % 45] + _ALPHABET[n // 45 % 45] + _ALPHABET[n // 2025] for n in range(65536)]
_PAIRS = [_ALPHABET[n % 45] + _ALPHABET[n // 45] for n in range(256)]
_BYTES = {text: n.to_bytes(2, "big") for n, text in enumerate(_TRIPLES)}
_LAST = {text: bytes([n]) for n, text in enumerate(_PAIRS)}


def base45_encode(data: bytes) -> str:
    """Text of RFC 9285 section 4.1."""
    even = len(data) & ~1
    text = "".join([_TRIPLES[data[i] << 8 | data[i + 1]] for i in range(0, even, 2)])
    return text + _PAIRS[data[-1]] if len(data) & 1 else text


def base45_decode(text: str) -> bytes:
    """Bytes of RFC 9285 section 4.2; a character, length or value that is none is refused. Raises CoseFault."""
    whole = len(text) - len(text) % 3
    try:
        data = b"".join([_BYTES[text[i : i + 3]] for i in range(0, whole, 3)])
        return data + _LAST[text[whole:]] if whole < len(text) else data
    except KeyError as wrong:
        raise CoseFault(CoseReason.ENCODING, f"not base45: {wrong.args[0]!r}") from None
