"""HJ 212 应答与下行命令: what the platform sends (HJ 212-2017 §6.6.5, 附录C)."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum

from ..bcd import of_micros
from .frame import Frame, Groups
from .tables import Command, Version

__all__ = [
    "Execution",
    "Request",
    "answer",
    "data_answer",
    "notice_answer",
    "pack_time",
    "request_answer",
    "result",
    "set_time",
]

_SYSTEM = "91"


class Request(IntEnum):
    """请求命令返回 (QnRtn, HJ 212-2017 表): whether a request will be carried out."""

    READY = 1
    REFUSED = 2
    PASSWORD = 3
    NUMBER = 4
    SYSTEM = 5
    FLAG = 6
    QN = 7
    COMMAND = 8
    CHECKSUM = 9
    UNKNOWN = 100


class Execution(IntEnum):
    """执行结果 (ExeRtn): how a request ended."""

    DONE = 1
    FAILED = 2
    CONDITION = 3
    TIMEOUT = 4
    BUSY = 5
    BROKEN = 6
    NO_DATA = 100


def pack_time(at: int) -> str:
    """Microseconds UTC as ``YYYYMMDDhhmmsszzz`` of Beijing time."""
    local = of_micros(at)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


def _answer(frame: Frame, command: Command, extra: tuple[tuple[str, str], ...] = ()) -> Frame:
    """Same QN, MN and packet numbers, system 91, wants no answer itself.

    2005 has no Flag and names the request in the data region (as public platforms of that time do).
    """
    old = frame.version is Version.HJT_2005
    items = (*((("QN", frame.qn),) if old and frame.qn else ()), *extra)
    groups: Groups = tuple((item,) for item in items)
    return replace(frame, st=_SYSTEM, cn=command, groups=groups, answer=False, late=False, others=())


def data_answer(frame: Frame) -> Frame:
    """数据应答 9014: the data are kept."""
    old = frame.version is Version.HJT_2005
    return _answer(frame, Command.DATA_ANSWER, (("CN", frame.cn),) if old else ())


def notice_answer(frame: Frame) -> Frame:
    """通知应答 9013: a notice or heartbeat was heard."""
    return _answer(frame, Command.NOTICE_ANSWER)


def request_answer(frame: Frame, value: Request) -> Frame:
    """请求应答 9011: whether we shall do what was asked."""
    return _answer(frame, Command.REQUEST_ANSWER, (("QnRtn", str(int(value))),))


def result(frame: Frame, value: Execution) -> Frame:
    """执行结果 9012: how it ended."""
    return _answer(frame, Command.RESULT, (("ExeRtn", str(int(value))),))


def answer(frame: Frame) -> Frame | None:
    """The answer this frame wants once it is kept, ``None`` where it wants none."""
    if not frame.answer or frame.cn.startswith("90"):
        heartbeat = frame.cn in (Command.HEARTBEAT, Command.HEARTBEAT_OLD) and frame.answer
        return notice_answer(frame) if heartbeat else None
    if frame.cn[0] in "23":
        return data_answer(frame)
    return notice_answer(frame)


def set_time(frame: Frame, at: int) -> Frame:
    """设置现场机时间 1012: what a site that asked for the time (1013) is told. ``at`` is µs UTC."""
    pol = frame.value("PolId")
    items = ((("PolId", pol),) if pol else ()) + (("SystemTime", pack_time(at)[:14]),)
    return replace(
        frame, qn=pack_time(at), cn=Command.SET_TIME, groups=tuple((item,) for item in items),
        answer=True, packets=None, late=False, others=(),
    )  # fmt: skip
