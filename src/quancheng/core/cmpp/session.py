"""会话: one connection of a service provider to a gateway, without socket and clock.

Bytes in, events out; what is to be sent waits in ``outgoing``. Window: at most so many submissions wait
for their answer (3.0.0, chapter 4.2: 16 is recommended); what is not answered in time is sent again with the
same sequence number, then given up and the connection with it. A silent line is tested (ACTIVE_TEST).
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quancheng.core.cmpp.errors import CmppError, Reason
from quancheng.core.cmpp.pdu import (
    HEADER,
    LARGEST,
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Message,
    Pdu,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    decode,
    encode,
)

__all__ = [
    "Account",
    "Answered",
    "Closed",
    "Event",
    "Heard",
    "Opened",
    "Phase",
    "Session",
    "Timing",
    "gateway_digest",
    "login_digest",
    "split_stream",
]


def login_digest(source: str, secret: str, moment: int) -> bytes:
    """AuthenticatorSource (7.4.1.1): MD5 of source, nine zero bytes, shared secret and MMDDHHMMSS."""
    data = source.encode("ascii") + b"\0" * 9 + secret.encode("utf-8") + f"{moment:010}".encode("ascii")
    return hashlib.md5(data, usedforsecurity=False).digest()


def gateway_digest(status: int, login: bytes, secret: str) -> bytes:
    """AuthenticatorISMG (7.4.1.2): MD5 of status, the login's digest and the shared secret."""
    data = status.to_bytes(4, "big") + login + secret.encode("utf-8")
    return hashlib.md5(data, usedforsecurity=False).digest()


def split_stream(buffer: bytearray) -> list[bytes]:
    """Take whole messages off a buffer (拆包). Raises CmppError for a length that cannot be."""
    found = []
    while len(buffer) >= 4:
        length = int.from_bytes(buffer[:4], "big")
        if not HEADER <= length <= LARGEST:
            raise CmppError(Reason.LENGTH, f"{length}")
        if len(buffer) < length:
            break
        found.append(bytes(buffer[:length]))
        del buffer[:length]
    return found


@dataclass(frozen=True, slots=True)
class Account:
    """企业代码与口令: who we are to the gateway."""

    source: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds and counts (3.0.0, 4.2: C = 3 minutes, T = 60 seconds, N = 3; shorter ones are allowed)."""

    window: int = 16
    answer: float = 60.0
    tries: int = 3
    quiet: float = 180.0


class Phase(StrEnum):
    """连接阶段."""

    NEW = "new"
    LOGIN = "login"
    OPEN = "open"
    ENDING = "ending"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Opened:
    """已登录."""


@dataclass(frozen=True, slots=True)
class Answered:
    """已应答: what the gateway said to a submission; ``result`` as in ``SubmitResp``."""

    sequence: int
    message: int
    result: int


@dataclass(frozen=True, slots=True)
class Heard:
    """收到: a text or a report; it is acknowledged already."""

    deliver: Deliver


@dataclass(frozen=True, slots=True)
class Closed:
    """已断开. ``unanswered``: submissions whose fate is unknown, by sequence number."""

    why: str
    unanswered: tuple[int, ...]


Event = Opened | Answered | Heard | Closed


@dataclass(slots=True)
class _Waiting:
    data: bytes
    sent: float
    tries: int = 1


class Session:
    """The client's side of one connection. Times are seconds of a clock that never goes back."""

    def __init__(self, account: Account, timing: Timing | None = None, first: int = 1) -> None:
        self.account, self.timing = account, timing or Timing()
        self.phase = Phase.NEW
        self.outgoing: deque[bytes] = deque()
        self._buffer = bytearray()
        self._sequence = first
        self._waiting: dict[int, _Waiting] = {}
        self._login = b""
        self._last = 0.0
        self._tests = 0

    @property
    def room(self) -> int:
        """How many submissions may go out now (窗口余量)."""
        return self.timing.window - len(self._waiting) if self.phase is Phase.OPEN else 0

    def open(self, at: datetime, now: float) -> None:
        """Log in (登录); the connection has just been made."""
        if self.phase is not Phase.NEW:
            raise CmppError(Reason.STATE, self.phase)
        moment = int(f"{at:%m%d%H%M%S}")
        self._login = login_digest(self.account.source, self.account.secret, moment)
        self.phase, self._last = Phase.LOGIN, now
        self._send(Connect(self.account.source, self._login, moment))

    def submit(self, message: Submit, now: float) -> int:
        """Send one message (下发); returns its sequence number. Raises CmppError when there is no room."""
        if self.room <= 0:
            raise CmppError(Reason.STATE, "window")
        sequence = self._send(message)
        self._waiting[sequence] = _Waiting(self.outgoing[-1], now)
        return sequence

    def end(self) -> None:
        """Say goodbye (断开)."""
        if self.phase is Phase.OPEN:
            self.phase = Phase.ENDING
            self._send(Terminate())

    def feed(self, data: bytes, now: float) -> list[Event]:
        """Bytes came in (收到字节)."""
        self._buffer += data
        self._last, self._tests = now, 0
        events: list[Event] = []
        try:
            for one in split_stream(self._buffer):
                pdu = decode(one)
                events += self._hear(pdu)
        except CmppError as error:
            events.append(self.close(error.text.en))
        return events

    def tick(self, now: float) -> list[Event]:
        """Time went by (时间流逝): send again, test the line, or give up."""
        if self.phase in {Phase.NEW, Phase.CLOSED}:
            return []
        if self.phase is not Phase.OPEN:
            return [self.close("no answer")] if now - self._last > self.timing.answer else []
        for one in self._waiting.values():
            if now - one.sent <= self.timing.answer:
                continue
            if one.tries >= self.timing.tries:
                return [self.close("submissions are not answered")]
            one.tries, one.sent = one.tries + 1, now
            self.outgoing.append(one.data)
        if now - self._last > self.timing.quiet + self._tests * self.timing.answer:
            if self._tests >= self.timing.tries:
                return [self.close("the line is dead")]
            self._tests += 1
            self._send(ActiveTest())
        return []

    def close(self, why: str) -> Closed:
        """The connection is gone (断开)."""
        self.phase = Phase.CLOSED
        left = tuple(self._waiting)
        self._waiting.clear()
        return Closed(why, left)

    def _hear(self, pdu: Pdu) -> list[Event]:
        message = pdu.message
        if isinstance(message, ConnectResp):
            return self._logged_in(message)
        if self.phase not in {Phase.OPEN, Phase.ENDING}:
            raise CmppError(Reason.STATE, type(message).__name__)
        match message:
            case SubmitResp():
                known = self._waiting.pop(pdu.sequence, None)
                return [Answered(pdu.sequence, message.message, message.result)] if known else []
            case Deliver():
                self._answer(pdu.sequence, DeliverResp(message.message))
                return [Heard(message)]
            case ActiveTest():
                self._answer(pdu.sequence, ActiveTestResp())
            case Terminate():
                self._answer(pdu.sequence, TerminateResp())
                return [self.close("the gateway says goodbye")]
            case TerminateResp():
                return [self.close("ended")]
            case ActiveTestResp():
                pass
            case _:
                raise CmppError(Reason.COMMAND, type(message).__name__)
        return []

    def _logged_in(self, answer: ConnectResp) -> list[Event]:
        if self.phase is not Phase.LOGIN:
            raise CmppError(Reason.STATE, "CONNECT_RESP")
        if answer.status != 0:
            return [self.close(f"login refused, status {answer.status}")]
        expected = gateway_digest(0, self._login, self.account.secret)
        if not hmac.compare_digest(expected, answer.digest):
            return [self.close("the gateway does not know the secret")]
        self.phase = Phase.OPEN
        return [Opened()]

    def _send(self, message: Message) -> int:
        sequence = self._sequence
        self._sequence = sequence % 0xFFFFFFFF + 1
        self.outgoing.append(encode(Pdu(sequence, message)))
        return sequence

    def _answer(self, sequence: int, message: Message) -> None:
        self.outgoing.append(encode(Pdu(sequence, message)))
