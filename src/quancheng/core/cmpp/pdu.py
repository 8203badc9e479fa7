"""报文: the messages of CMPP 3.0 that a service provider sends and hears, as bytes and back.

Layouts: 《中国移动互联网短信网关接口协议》3.0.0 (China Mobile, 2003), chapter 7.4: 7.4.1 CONNECT, 7.4.2
TERMINATE, 7.4.3 SUBMIT, 7.4.5 DELIVER with the status report of 7.4.5.1 table, 7.4.7 ACTIVE_TEST. Integers are
big-endian; Octet Strings are ASCII, filled with zero bytes on the right.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from quancheng.core.cmpp.errors import CmppError, Reason

__all__ = [
    "HEADER",
    "LARGEST",
    "ActiveTest",
    "ActiveTestResp",
    "Command",
    "Connect",
    "ConnectResp",
    "Deliver",
    "DeliverResp",
    "Message",
    "Pdu",
    "Report",
    "Submit",
    "SubmitResp",
    "Terminate",
    "TerminateResp",
    "decode",
    "encode",
]

HEADER = 12
"""Bytes of the head: total length, command, sequence (7.2)."""
LARGEST = 4096
"""Bytes of a message at most: one SUBMIT to 99 numbers has 3,529."""
_TO_MOST = 99


class Command(IntEnum):
    """命令标识 (7.5): the answer of a command has the highest bit set."""

    CONNECT = 0x00000001
    CONNECT_RESP = 0x80000001
    TERMINATE = 0x00000002
    TERMINATE_RESP = 0x80000002
    SUBMIT = 0x00000004
    SUBMIT_RESP = 0x80000004
    DELIVER = 0x00000005
    DELIVER_RESP = 0x80000005
    ACTIVE_TEST = 0x00000008
    ACTIVE_TEST_RESP = 0x80000008


@dataclass(frozen=True, slots=True)
class Connect:
    """登录请求. ``digest``: MD5 as in :mod:`session`; ``moment``: MMDDHHMMSS as a number."""

    source: str
    digest: bytes
    moment: int
    version: int = 0x30


@dataclass(frozen=True, slots=True)
class ConnectResp:
    """登录应答. ``status`` 0: in; 1 structure, 2 address, 3 secret, 4 version, else other."""

    status: int
    digest: bytes
    version: int = 0x30


@dataclass(frozen=True, slots=True)
class Terminate:
    """断开请求."""


@dataclass(frozen=True, slots=True)
class TerminateResp:
    """断开应答."""


@dataclass(frozen=True, slots=True)
class ActiveTest:
    """链路检测."""


@dataclass(frozen=True, slots=True)
class ActiveTestResp:
    """链路检测应答."""


@dataclass(frozen=True, slots=True)
class Submit:
    """下发短信: one part of a text to up to 99 numbers.

    ``format``: 0 ASCII, 8 UCS-2, 15 GBK. ``header``: the content begins with a user data header
    (TP-UDHI). ``report``: a status report is wanted. ``fee_type`` 01: free to the receiver.
    """

    source: str
    number: str
    to: tuple[str, ...]
    content: bytes
    format: int = 8
    header: bool = False
    part: int = 1
    parts: int = 1
    report: bool = True
    level: int = 0
    service: str = ""
    fee_user: int = 2
    fee_type: str = "01"
    fee_code: str = "0"
    valid_until: str = ""
    send_at: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class SubmitResp:
    """下发应答. ``result`` 0: taken; 1 structure, 2 command, 3 repeated, 4 length, 5 fee, 6 too long,
    7 service, 8 flow control, 9 not this gateway's, 10 source, 11 message source, 12 fee number, 13 to."""

    message: int
    result: int


@dataclass(frozen=True, slots=True)
class Report:
    """状态报告 inside a DELIVER: how a text to one number ended. ``status`` DELIVRD: arrived."""

    message: int
    status: str
    submitted: str
    done: str
    to: str
    sequence: int = 0

    @property
    def arrived(self) -> bool:
        """Whether it reached the handset (是否送达)."""
        return self.status == "DELIVRD"

    @property
    def final(self) -> bool:
        """Whether nothing more will come: everything but ENROUTE and ACCEPTD (是否最终)."""
        return self.status not in {"ENROUTE", "ACCEPTD"}


@dataclass(frozen=True, slots=True)
class Deliver:
    """上行短信或状态报告: a text from a number, or a report when ``report`` is given."""

    message: int
    number: str
    sender: str
    content: bytes = b""
    format: int = 8
    header: bool = False
    report: Report | None = None
    service: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class DeliverResp:
    """上行应答."""

    message: int
    result: int = 0


Message = (
    Connect
    | ConnectResp
    | Terminate
    | TerminateResp
    | Submit
    | SubmitResp
    | Deliver
    | DeliverResp
    | ActiveTest
    | ActiveTestResp
)


@dataclass(frozen=True, slots=True)
class Pdu:
    """A message with its sequence number: an answer has the one of what it answers."""

    sequence: int
    message: Message


_SUBMIT_HEAD = struct.Struct(">QBBBB10sB32sBBBB6s2s6s17s17s21sB")
_DELIVER_HEAD = struct.Struct(">Q21s10sBBB32sBBB")
_REPORT = struct.Struct(">Q7s10s10s32sI")
_PLAIN: dict[Command, type[Terminate | TerminateResp | ActiveTest | ActiveTestResp]] = {
    Command.TERMINATE: Terminate,
    Command.TERMINATE_RESP: TerminateResp,
    Command.ACTIVE_TEST: ActiveTest,
    Command.ACTIVE_TEST_RESP: ActiveTestResp,
}


def encode(pdu: Pdu) -> bytes:
    """A message as bytes (编码). Raises CmppError for a field that does not fit."""
    command, body = _body(pdu.message)
    if not 0 <= pdu.sequence <= 0xFFFFFFFF:
        raise CmppError(Reason.FIELD, "sequence")
    return struct.pack(">III", HEADER + len(body), command, pdu.sequence) + body


def decode(data: bytes) -> Pdu:
    """A whole message from bytes (解码). Raises CmppError."""
    if len(data) < HEADER:
        raise CmppError(Reason.LENGTH, "head")
    length, number, sequence = struct.unpack_from(">III", data)
    if length != len(data):
        raise CmppError(Reason.LENGTH, "total")
    try:
        command = Command(number)
    except ValueError as error:
        raise CmppError(Reason.COMMAND, f"{number:#010x}") from error
    try:
        return Pdu(sequence, _message(command, data[HEADER:]))
    except struct.error as error:
        raise CmppError(Reason.LENGTH, command.name) from error


def _body(message: Message) -> tuple[Command, bytes]:
    match message:
        case Connect():
            said = (
                _text(message.source, 6, "source"),
                _digest(message.digest),
                message.version,
                message.moment,
            )
            return Command.CONNECT, struct.pack(">6s16sBI", *said)
        case ConnectResp():
            body = struct.pack(">I16sB", message.status, _digest(message.digest), message.version)
            return Command.CONNECT_RESP, body
        case Submit():
            return Command.SUBMIT, _submit(message)
        case SubmitResp():
            return Command.SUBMIT_RESP, struct.pack(">QI", message.message, message.result)
        case Deliver():
            return Command.DELIVER, _deliver(message)
        case DeliverResp():
            return Command.DELIVER_RESP, struct.pack(">QI", message.message, message.result)
        case ActiveTestResp():
            return Command.ACTIVE_TEST_RESP, b"\x00"
        case _:
            return next(code for code, kind in _PLAIN.items() if isinstance(message, kind)), b""


def _submit(m: Submit) -> bytes:
    if not 1 <= len(m.to) <= _TO_MOST:
        raise CmppError(Reason.FIELD, "to")
    if not m.content or len(m.content) > (160 if m.format == 0 else 140):
        raise CmppError(Reason.TEXT, "length")
    head = _SUBMIT_HEAD.pack(
        0, m.parts, m.part, m.report, m.level, _text(m.service, 10, "service"), m.fee_user, b"", 0, 0,
        m.header, m.format, _text(m.source, 6, "source"), _text(m.fee_type, 2, "fee type"),
        _text(m.fee_code, 6, "fee code"), _text(m.valid_until, 17, "valid until"), _text(m.send_at, 17, "send at"),
        _text(m.number, 21, "number"), len(m.to),
    )  # fmt: skip
    to = b"".join(_text(one, 32, "to").ljust(32, b"\0") for one in m.to)
    return (
        head + to + b"\0" + bytes([len(m.content)]) + m.content + _text(m.link, 20, "link").ljust(20, b"\0")
    )


def _deliver(m: Deliver) -> bytes:
    content = m.content if m.report is None else _report(m.report)
    if len(content) > 255:
        raise CmppError(Reason.TEXT, "length")
    head = _DELIVER_HEAD.pack(
        m.message, _text(m.number, 21, "number"), _text(m.service, 10, "service"), 0, m.header, m.format,
        _text(m.sender, 32, "sender"), 0, m.report is not None, len(content),
    )  # fmt: skip
    return head + content + _text(m.link, 20, "link").ljust(20, b"\0")


def _report(m: Report) -> bytes:
    return _REPORT.pack(
        m.message, _text(m.status, 7, "status"), _text(m.submitted, 10, "submitted"), _text(m.done, 10, "done"),
        _text(m.to, 32, "to"), m.sequence,
    )  # fmt: skip


def _message(command: Command, body: bytes) -> Message:
    if command is Command.CONNECT:
        source, digest, version, moment = struct.unpack(">6s16sBI", body)
        return Connect(_read(source), digest, moment, version)
    if command is Command.CONNECT_RESP:
        return ConnectResp(*struct.unpack(">I16sB", body))
    if command is Command.SUBMIT_RESP:
        return SubmitResp(*struct.unpack(">QI", body))
    if command is Command.DELIVER_RESP:
        return DeliverResp(*struct.unpack(">QI", body))
    if command is Command.SUBMIT:
        return _read_submit(body)
    if command is Command.DELIVER:
        return _read_deliver(body)
    if len(body) > (command is Command.ACTIVE_TEST_RESP):
        raise CmppError(Reason.LENGTH, command.name)
    return _PLAIN[command]()


def _read_submit(body: bytes) -> Submit:
    head = _SUBMIT_HEAD.unpack_from(body)
    count, at = head[18], _SUBMIT_HEAD.size
    to = tuple(_read(body[at + 32 * n : at + 32 * n + 32]) for n in range(count))
    at += 32 * count
    if len(body) < at + 2 or len(body) != at + 2 + body[at + 1] + 20:
        raise CmppError(Reason.LENGTH, "SUBMIT")
    content = body[at + 2 : at + 2 + body[at + 1]]
    return Submit(
        source=_read(head[12]), number=_read(head[17]), to=to, content=content, format=head[11],
        header=bool(head[10]), part=head[2], parts=head[1], report=bool(head[3]), level=head[4],
        service=_read(head[5]), fee_user=head[6], fee_type=_read(head[13]), fee_code=_read(head[14]),
        valid_until=_read(head[15]), send_at=_read(head[16]), link=_read(body[-20:]),
    )  # fmt: skip


def _read_deliver(body: bytes) -> Deliver:
    number, to, service, _pid, header, form, sender, _type, is_report, length = _DELIVER_HEAD.unpack_from(
        body
    )
    content = body[_DELIVER_HEAD.size : _DELIVER_HEAD.size + length]
    if len(body) != _DELIVER_HEAD.size + length + 20:
        raise CmppError(Reason.LENGTH, "DELIVER")
    report = None
    if is_report:
        told, status, submitted, done, receiver, sequence = _REPORT.unpack(content)
        report = Report(told, _read(status), _read(submitted), _read(done), _read(receiver), sequence)
    kept = b"" if report else content
    return Deliver(
        number, _read(to), _read(sender), kept, form, bool(header), report, _read(service), _read(body[-20:])
    )


def _text(value: str, most: int, place: str) -> bytes:
    """An Octet String that fits; struct fills it with zero bytes."""
    try:
        data = value.encode("ascii")
    except UnicodeEncodeError as error:
        raise CmppError(Reason.FIELD, place) from error
    if len(data) > most or b"\0" in data:
        raise CmppError(Reason.FIELD, place)
    return data


def _digest(value: bytes) -> bytes:
    if len(value) != 16:
        raise CmppError(Reason.FIELD, "digest")
    return value


def _read(data: bytes) -> str:
    """The text before the first zero byte; spaces at the end are padding of some gateways."""
    return data.split(b"\0", 1)[0].decode("latin-1").rstrip(" ")
