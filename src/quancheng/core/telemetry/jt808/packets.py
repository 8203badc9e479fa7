"""JT/T 808 分包 (§4.4.3): long messages in several packets, put together again; bounded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from ..refusal import FrameRefused, Reason
from .codec import BODY_LIMIT
from .frame import Frame, Packet

__all__ = ["Assembler", "Whole", "split"]


@dataclass(frozen=True, slots=True)
class Whole:
    """A message put together, and the packets it came in (each wants its answer)."""

    frame: Frame
    packets: tuple[Frame, ...]


@dataclass(slots=True)
class _Open:
    total: int
    parts: dict[int, Frame] = field(default_factory=dict)


def split(frame: Frame, serial: int, limit: int = BODY_LIMIT) -> list[Frame]:
    """Packets with consecutive serials from ``serial``; the frame itself when it fits."""
    body = frame.body
    if len(body) <= limit:
        return [replace(frame, serial=serial & 0xFFFF)]
    parts = [body[at : at + limit] for at in range(0, len(body), limit)]
    return [
        replace(frame, serial=(serial + at) & 0xFFFF, body=part, packet=Packet(len(parts), at + 1))
        for at, part in enumerate(parts)
    ]


class Assembler:
    """Puts the packets of one line together; at most ``most`` messages and ``bytes_most`` bytes wait."""

    __slots__ = ("_bytes_most", "_held", "_most", "_open")

    def __init__(self, most: int = 8, bytes_most: int = 512 * 1024) -> None:
        self._most = most
        self._bytes_most = bytes_most
        self._held = 0
        self._open: OrderedDict[tuple[str, int, int], _Open] = OrderedDict()

    def add(self, frame: Frame) -> Whole | None:
        """The message this packet completed, ``None`` when some are missing yet.

        Raises FrameRefused: SEQUENCE when the total disagrees with packets before, LIMIT when one message
        is too long. When too many messages wait, the oldest is forgotten: it was not answered and comes again.
        """
        if frame.packet is None:
            return Whole(frame, (frame,))
        key = (frame.phone, frame.message, (frame.serial - frame.packet.number + 1) & 0xFFFF)
        held = self._open.get(key)
        if held is None:
            held = self._open[key] = _Open(frame.packet.total)
        if held.total != frame.packet.total:
            raise FrameRefused(Reason.SEQUENCE, f"{frame.packet.total} packets, {held.total} before")
        if frame.packet.total * BODY_LIMIT > self._bytes_most:
            self._forget(key)
            raise FrameRefused(Reason.LIMIT, f"{frame.packet.total} packets")
        before = held.parts.get(frame.packet.number)
        self._held += len(frame.body) - (len(before.body) if before else 0)
        held.parts[frame.packet.number] = frame
        if len(held.parts) == held.total:
            self._forget(key)
            parts = tuple(held.parts[number] for number in range(1, held.total + 1))
            body = b"".join(part.body for part in parts)
            return Whole(replace(parts[0], body=body, packet=None), parts)
        while len(self._open) > self._most or self._held > self._bytes_most:
            self._forget(next(iter(self._open)))
        return None

    def missing(self, frame: Frame) -> list[int]:
        """Numbers of the packets of this message that have not come."""
        if frame.packet is None:
            return []
        key = (frame.phone, frame.message, (frame.serial - frame.packet.number + 1) & 0xFFFF)
        held = self._open.get(key)
        return [] if held is None else [n for n in range(1, held.total + 1) if n not in held.parts]

    def _forget(self, key: tuple[str, int, int]) -> None:
        held = self._open.pop(key)
        self._held -= sum(len(part.body) for part in held.parts.values())
