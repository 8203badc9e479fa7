"""HJ 212 拆分包 (§6.3.5、附录C.2): long data in several packets, each kept and answered by itself."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from ..refusal import FrameRefused, Reason
from .codec import SEGMENT_LIMIT, wire
from .frame import Frame, Groups
from .readings import unpack_time

__all__ = ["PacketTimes", "split"]

_KEPT = 64


def split(frame: Frame, limit: int = SEGMENT_LIMIT) -> list[Frame]:
    """Packets whose data segments fit ``limit`` bytes; one frame as it is when it fits.

    Groups stay whole; every packet begins with the DataTime of the first. A group that does not fit
    by itself is refused (LIMIT).
    """
    if len(wire(frame)) <= limit:
        return [frame]
    lead = frame.groups[:1] if frame.groups and frame.groups[0][0][0] == "DataTime" else ()
    empty = replace(frame, groups=lead, packets=(9999, 9999))
    parts: list[Groups] = []
    part, size = lead, len(wire(empty))
    for group in frame.groups[len(lead) :]:
        more = 1 + len(",".join(f"{name}={value}" for name, value in group).encode())
        if size + more > limit and part != lead:
            parts.append(part)
            part, size = lead, len(wire(empty))
        if size + more > limit:
            raise FrameRefused(Reason.LIMIT, f"a group of {more} bytes")
        part, size = (*part, group), size + more
    parts.append(part)
    return [replace(frame, groups=one, packets=(len(parts), at)) for at, one in enumerate(parts, 1)]


class PacketTimes:
    """The DataTime of requests whose packets are still coming; of one line, bounded."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def started(self, frame: Frame) -> int | None:
        """Remember the DataTime of a packet; return that of an earlier packet of its request."""
        if frame.packets is None:
            return None
        key = (frame.mn, frame.qn, frame.cn)
        known = self._times.get(key)
        text = frame.value("DataTime")
        if text is not None and known is None:
            self._times[key] = unpack_time(text)
            while len(self._times) > _KEPT:
                self._times.popitem(last=False)
        if frame.packets[0] == frame.packets[1]:
            self._times.pop(key, None)
        return known
