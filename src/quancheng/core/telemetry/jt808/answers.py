"""JT/T 808 平台应答 (§8): general answer, registration answer, request for missing packets, time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ..bcd import pack_bcd
from .frame import Frame
from .tables import Message, RegisterResult, Result

__all__ = ["answer", "register_answer", "resend", "time_answer"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _to(frame: Frame, message: Message, serial: int, body: bytes) -> Frame:
    return Frame(message, frame.phone, serial & 0xFFFF, body, frame.version)


def answer(frame: Frame, serial: int, result: Result = Result.DONE) -> Frame:
    """平台通用应答 (8001) to ``frame``; ``serial`` is the platform's own number."""
    body = frame.serial.to_bytes(2) + frame.message.to_bytes(2) + bytes((result,))
    return _to(frame, Message.ANSWER, serial, body)


def register_answer(frame: Frame, serial: int, result: RegisterResult, token: str = "") -> Frame:
    """终端注册应答 (8100); the token (鉴权码) goes only with success."""
    word = token.encode("gbk") if result is RegisterResult.DONE else b""
    return _to(frame, Message.REGISTER_ANSWER, serial, frame.serial.to_bytes(2) + bytes((result,)) + word)


def resend(frame: Frame, serial: int, first: int, missing: Sequence[int]) -> Frame:
    """补传分包请求 (8003): ``first`` is the serial of the first packet. 2019 counts in two bytes."""
    count = len(missing).to_bytes(1 if frame.version is None else 2)
    numbers = b"".join(number.to_bytes(2) for number in missing)
    return _to(frame, Message.RESEND_REQUEST, serial, first.to_bytes(2) + count + numbers)


def time_answer(frame: Frame, serial: int, at: int) -> Frame:
    """查询服务器时间应答 (8004, 2019): UTC. ``at`` is µs UTC."""
    now = _EPOCH + timedelta(microseconds=at)
    return _to(frame, Message.TIME, serial, pack_bcd(f"{now:%y%m%d%H%M%S}", 6))
