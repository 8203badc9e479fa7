"""GB/T 26875.3 参考用户信息传输装置: sends objects, waits for 确认 or 否认, sends again three times."""

from __future__ import annotations

from quancheng.capabilities.ingest.field.clients import FieldClient
from quancheng.core.telemetry import gb26875
from quancheng.core.telemetry.gb26875 import Body, Command, Frame

_TIMES = 3


class Gb26875Client(FieldClient[Frame]):
    """A device with one address (a number of six bytes)."""

    def __init__(self, address: int, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(gb26875.FrameBuffer(), host, port)
        self.address = address
        self._serial = 0

    def frame(self, objects: list[Body], at: int) -> Frame:
        """A data frame with the next serial number; ``at`` is µs UTC in whole seconds."""
        self._serial = (self._serial + 1) & 0xFFFF
        return Frame(self._serial, self.address, 0, Command.DATA, at, gb26875.pack(objects))

    def send(self, frame: Frame, timeout: float = 10.0, times: int = 1) -> Command | None:
        """Send until confirmed, ``times`` times at most (§6.5: three); the last answer, ``None`` = silence."""
        heard: Command | None = None
        for _ in range(min(times, _TIMES)):
            self.send_bytes(gb26875.encode(frame))
            while (reply := self.receive(timeout)) is not None:
                if reply.serial == frame.serial and reply.command in (Command.CONFIRM, Command.DENY):
                    heard = Command(reply.command)
                    break
            if heard is Command.CONFIRM:
                return heard
        return heard
