"""GB/T 26875.3 会话: what was sent and kept is confirmed (3), what was not is denied (6).

A device that is denied or not answered sends again, three times in all (§6.5). Objects of users' own
types are denied: nobody here knows what they mean.
"""

from __future__ import annotations

from quancheng.capabilities.ingest.field.speech import Deed, Dialect, Read, mapped, nothing
from quancheng.core.telemetry import gb26875


class Gb26875Session:
    """A transmission device's line; it has no memory."""

    def take(self, frame: gb26875.Frame, now: int) -> Deed:
        """What a frame asks. Answers to our own requests (3, 5, 6) are not answered."""
        if frame.command != gb26875.Command.DATA:
            sent = frame.command == gb26875.Command.RESPONSE
            return Deed(frame.address, self._read(frame) if sent else nothing)
        denial = self.wrong(frame, now)
        return Deed(
            address=frame.address, read=self._read(frame), kept=gb26875.encode(gb26875.confirm(frame, now)),
            unknown=denial, wrong=denial, failed=denial,
        )  # fmt: skip

    def wrong(self, frame: gb26875.Frame, now: int) -> bytes:
        """Denied."""
        return gb26875.encode(gb26875.deny(frame, now))

    @staticmethod
    def _read(frame: gb26875.Frame) -> Read:
        return lambda device: mapped(device, gb26875.readings(frame))


DIALECT = Dialect("gb26875", gb26875.FrameBuffer, Gb26875Session)
