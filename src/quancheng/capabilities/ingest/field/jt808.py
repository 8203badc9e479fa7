"""JT/T 808 会话: register (0100), authenticate (0102), then positions; every message has its answer.

Before authentication nothing but registration is let in. A long message comes in packets: they are
answered when the whole of it is kept, so that none can be lost between.
"""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.ingest.field.speech import Deed, Dialect, mapped
from quancheng.capabilities.ingest.field.tokens import is_token, token
from quancheng.capabilities.ingest.values import DeviceRef
from quancheng.core.telemetry import jt808
from quancheng.core.telemetry.jt808 import Message, RegisterResult, Result
from quancheng.core.telemetry.reading import Reading

_POSITIONS = frozenset({Message.LOCATION, Message.BULK})
_HEARD = frozenset({Message.HEARTBEAT, Message.LOGOUT})


class Jt808Session:
    """A terminal's line: who signed in, packets that wait, our own serial number."""

    def __init__(self) -> None:
        self._terminal = ""
        self._serial = 0
        self._packets = jt808.Assembler()

    def take(self, frame: jt808.Frame, now: int) -> Deed | None:
        """What a message asks, ``None`` for a packet of one that is not whole yet."""
        if frame.message == Message.REGISTER:
            return self._register(frame)
        if frame.message == Message.AUTHENTICATE:
            return self._authenticate(frame)
        if frame.message == Message.TERMINAL_ANSWER:
            return None
        if not self._terminal or frame.terminal != self._terminal:
            return Deed(
                frame.terminal, unknown=self._answer(frame, Result.FAILED), denied="not authenticated"
            )
        whole = self._packets.add(frame)
        return None if whole is None else self._known(whole, now)

    def wrong(self, frame: jt808.Frame, now: int) -> bytes:
        """消息有误."""
        return self._answer(frame, Result.WRONG)

    def _register(self, frame: jt808.Frame) -> Deed:
        jt808.registration(frame)
        terminal = frame.terminal
        return Deed(
            address=terminal,
            kept=self._registered(frame, RegisterResult.DONE, token(terminal)),
            unknown=self._registered(frame, RegisterResult.NO_TERMINAL),
        )

    def _registered(self, frame: jt808.Frame, result: RegisterResult, word: str = "") -> bytes:
        return jt808.encode(jt808.register_answer(frame, self._next(), result, word))

    def _authenticate(self, frame: jt808.Frame) -> Deed:
        terminal = frame.terminal
        refusal = self._answer(frame, Result.FAILED)
        if not is_token(terminal, jt808.authentication(frame).token):
            self._terminal = ""
            return Deed(terminal, unknown=refusal, denied="wrong token")
        self._terminal = terminal
        return Deed(terminal, kept=self._answer(frame, Result.DONE), unknown=refusal)

    def _known(self, whole: jt808.Whole, now: int) -> Deed:
        frame = whole.frame
        if frame.message == Message.TIME_REQUEST:
            return Deed(frame.terminal, kept=jt808.encode(jt808.time_answer(frame, self._next(), now)))
        if frame.message not in _POSITIONS | _HEARD:
            return Deed(frame.terminal, kept=self._answers(whole, Result.UNSUPPORTED))
        return Deed(
            address=frame.terminal,
            read=lambda device: _read(frame, device),
            kept=self._answers(whole, Result.DONE),
            unknown=self._answer(frame, Result.FAILED),
            wrong=self._answer(frame, Result.WRONG),
            failed=self._answer(frame, Result.FAILED),
            hang_up=frame.message == Message.LOGOUT,
        )

    def _answers(self, whole: jt808.Whole, result: Result) -> bytes:
        return b"".join(self._answer(packet, result) for packet in whole.packets)

    def _answer(self, frame: jt808.Frame, result: Result) -> bytes:
        return jt808.encode(jt808.answer(frame, self._next(), result))

    def _next(self) -> int:
        self._serial = (self._serial + 1) & 0xFFFF
        return self._serial


def _read(frame: jt808.Frame, device: DeviceRef) -> Sequence[Reading]:
    found = jt808.readings(frame, device.streams)
    return found or mapped(device, jt808.readings(frame))


DIALECT = Dialect("jt808", jt808.FrameBuffer, Jt808Session)
