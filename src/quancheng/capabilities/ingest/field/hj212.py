"""HJ 212 会话: data kept → 9014, notices and heartbeats → 9013, a request for the time → 1012.

The standard knows no refusal of an upload: an unknown MN or unreadable data get no answer, the logger
keeps them and sends again. Data encrypted with SM4 (2025) need the device's key, which the registry
does not hold yet: such frames are dead letters.
"""

from __future__ import annotations

from quancheng.capabilities.ingest.field.speech import Deed, Dialect
from quancheng.core.telemetry import hj212


class Hj212Session:
    """A logger's line; remembers the DataTime of packets."""

    def __init__(self) -> None:
        self._times = hj212.PacketTimes()

    def take(self, frame: hj212.Frame, now: int) -> Deed:
        """What a frame asks."""
        started = self._times.started(frame)
        return Deed(
            address=frame.mn,
            read=lambda device: hj212.readings(frame, started),
            kept=self._answer(frame, now),
        )

    def wrong(self, frame: hj212.Frame, now: int) -> bytes:
        """Nothing: the logger sends again."""
        return b""

    @staticmethod
    def _answer(frame: hj212.Frame, now: int) -> bytes:
        found = []
        if (reply := hj212.answer(frame)) is not None:
            found.append(reply)
        if frame.cn == hj212.Command.TIME_REQUEST:
            found.append(hj212.set_time(frame, now))
        return b"".join(hj212.encode(one, trusted=True) for one in found)


DIALECT = Dialect("hj212", hj212.FrameBuffer, Hj212Session)
