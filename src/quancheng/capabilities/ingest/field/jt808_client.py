"""JT/T 808 参考车载终端: registers, authenticates, sends positions, answers by serial number."""

from __future__ import annotations

from quancheng.capabilities.ingest.field.clients import FieldClient
from quancheng.core.telemetry import jt808
from quancheng.core.telemetry.jt808 import Frame, Location, Message, Result


class Jt808Client(FieldClient[Frame]):
    """A terminal of 2013 with one phone number."""

    def __init__(self, phone: str, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(jt808.FrameBuffer(), host, port)
        self.phone = phone.zfill(12)
        self._serial = 0

    def frame(self, message: int, body: bytes = b"") -> Frame:
        """A message with the next serial number."""
        self._serial = (self._serial + 1) & 0xFFFF
        return Frame(message, self.phone, self._serial, body)

    def ask(self, frame: Frame, timeout: float = 10.0) -> Result | None:
        """Send (in packets where it is long); the general answer to its last packet, ``None`` = silence."""
        packets = jt808.split(frame, frame.serial)
        self._serial = packets[-1].serial
        self.send_bytes(b"".join(jt808.encode(one) for one in packets))
        return self.result(packets[-1].serial, timeout)

    def result(self, serial: int, timeout: float = 10.0) -> Result | None:
        """Wait for the general answer to the message of that serial number."""
        while (reply := self.receive(timeout)) is not None:
            if reply.message == Message.ANSWER and reply.body[:2] == serial.to_bytes(2):
                return Result(reply.body[4])
        return None

    def register(self, plate: str = "鲁A00000") -> tuple[int, str]:
        """终端注册: (result, token)."""
        body = bytes(4) + b"QUANC" + b"SIM".ljust(20, b"\0") + b"0000001" + b"\x02" + plate.encode("gbk")
        self.send_bytes(jt808.encode(self.frame(Message.REGISTER, body)))
        reply = self.receive()
        if reply is None or reply.message != Message.REGISTER_ANSWER:
            return -1, ""
        return reply.body[2], reply.body[3:].decode("gbk")

    def authenticate(self, token: str) -> Result | None:
        """终端鉴权."""
        return self.ask(self.frame(Message.AUTHENTICATE, token.encode("gbk")))

    def sign_on(self) -> bool:
        """Register and authenticate."""
        result, token = self.register()
        return result == 0 and self.authenticate(token) is Result.DONE

    def locate(self, found: list[Location], *, late: bool = False) -> Result | None:
        """Send one position (0200) or several (0704)."""
        if len(found) == 1 and not late:
            return self.ask(self.frame(Message.LOCATION, jt808.pack_location(found[0])))
        return self.ask(self.frame(Message.BULK, jt808.pack_bulk(found, late=late)))
