"""数据表示: the data representations of MQTT 5.0 §1.5 (3.1.1 §1.5): integers, strings, lengths."""

from __future__ import annotations

from quancheng.core.mqtt.reasons import Malformed

__all__ = ["MOST_VARINT", "Reader", "binary", "checked_text", "short", "text", "varint"]

MOST_VARINT = 268_435_455
_SHORT = 0xFFFF


class Reader:
    """Reads one packet's bytes from left to right; raises Malformed when they do not suffice."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self.data) - self.at

    def take(self, number: int) -> bytes:
        """The next bytes."""
        end = self.at + number
        if end > len(self.data):
            raise Malformed("the packet ends too early")
        part = self.data[self.at : end]
        self.at = end
        return part

    def rest(self) -> bytes:
        """Whatever is left."""
        return self.take(self.left)

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def short(self) -> int:
        """Two bytes, big-endian (§1.5.2)."""
        return int.from_bytes(self.take(2))

    def long(self) -> int:
        """Four bytes, big-endian (§1.5.3)."""
        return int.from_bytes(self.take(4))

    def varint(self) -> int:
        """A variable byte integer in as few bytes as possible (§1.5.5)."""
        value = shift = 0
        for _ in range(4):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                if shift and not byte:
                    raise Malformed("a length in more bytes than needed")
                return value
            shift += 7
        raise Malformed("a length of more than four bytes")

    def binary(self) -> bytes:
        """Length and bytes (§1.5.6)."""
        return self.take(self.short())

    def text(self) -> str:
        """A UTF-8 string (§1.5.4)."""
        return checked_text(self.binary())

    def end(self) -> None:
        """Nothing may be left."""
        if self.left:
            raise Malformed(f"{self.left} bytes too many")


def checked_text(raw: bytes) -> str:
    """UTF-8 without surrogates and U+0000 (§1.5.4)."""
    try:
        found = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None
    if "\x00" in found:
        raise Malformed("U+0000 in a string")
    return found


def short(value: int) -> bytes:
    """Two bytes."""
    return value.to_bytes(2)


def varint(value: int) -> bytes:
    """A variable byte integer; ValueError beyond 268,435,455."""
    if not 0 <= value <= MOST_VARINT:
        raise ValueError(f"{value} is no variable byte integer")
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def binary(value: bytes) -> bytes:
    """Length and bytes; ValueError beyond 65,535."""
    if len(value) > _SHORT:
        raise ValueError("more than 65,535 bytes")
    return len(value).to_bytes(2) + value


def text(value: str) -> bytes:
    """A UTF-8 string; ValueError when it cannot be one."""
    if "\x00" in value:
        raise ValueError("U+0000 in a string")
    return binary(value.encode("utf-8"))
