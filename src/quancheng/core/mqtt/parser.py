"""解析: a stream of bytes to packets, in whatever pieces it comes."""

from __future__ import annotations

from quancheng.core.mqtt.decoding import decode, publish
from quancheng.core.mqtt.packets import Connect, Packet, Version
from quancheng.core.mqtt.reasons import Malformed, MqttError, Reason

__all__ = ["Parser"]

_PUBLISH = 3


class Parser:
    """Feed it bytes, take packets. After a fault it takes no more: ``fault`` says why.

    ``most`` bounds a whole packet in bytes; a larger one is refused as soon as its length is known, so
    that no more than ``most`` bytes are ever held.
    """

    __slots__ = ("_held", "_need", "fault", "most", "version")

    def __init__(self, most: int, version: Version = Version.V311) -> None:
        self._held: bytes | bytearray = b""
        self._need = 2
        self.most = most
        self.version = version
        """Set by the first CONNECT that passes."""
        self.fault: MqttError | None = None

    @property
    def held(self) -> int:
        """Bytes of a packet that is not whole yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Packet]:
        """Packets completed by ``data``; those before a fault are still given."""
        if self.fault is not None:
            return []
        if self._held:
            if type(self._held) is bytes:  # a bytearray only while a packet grows: most lines never need one
                self._held = bytearray(self._held)
            self._held += data
            if len(self._held) < self._need:
                return []
            data = bytes(self._held)
        found: list[Packet] = []
        try:
            at = self._packets(data, found)
        except MqttError as fault:
            self.fault = fault
            self._held = b""
            return found
        if at < len(data):
            self._held = data[at:]
        elif self._held:
            self._held = b""
        return found

    def _packets(self, data: bytes, found: list[Packet]) -> int:
        """Add whole packets; returns where the rest begins and notes how long that must grow."""
        at, size, most = 0, len(data), self.most
        self._need = 2
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length >= 0x80:
                length, start = _length(data, at + 1)
                if start < 0:
                    break
            end = start + length
            if end - at > most:
                raise MqttError(Reason.PACKET_TOO_LARGE, f"a packet of {end - at} bytes")
            if end > size:
                self._need = end - at
                break
            first = data[at]
            if first >> 4 == _PUBLISH:
                found.append(publish(first & 0x0F, data, start, end, self.version))
            else:
                packet = decode(first, data[start:end], self.version)
                if type(packet) is Connect:
                    self.version = packet.version
                found.append(packet)
            at = end
        return at


def _length(held: bytes, at: int) -> tuple[int, int]:
    """Remaining length (§2.1.4) and where the body begins; -1 when bytes are missing."""
    value = shift = 0
    for place in range(at, at + 4):
        if place >= len(held):
            return 0, -1
        byte = held[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if not byte:
                raise Malformed("a length in more bytes than needed")
            return value, place + 1
        shift += 7
    raise Malformed("a length of more than four bytes")
