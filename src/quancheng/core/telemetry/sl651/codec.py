"""报文编解码 (§6.4–§6.6): bytes to frame and frame to bytes, nothing guessed, nothing repaired.

A frame is refused unless its start, addresses, function, direction and length, body start and end,
checksum, times and every element obey the standard. See :mod:`..crc` for what a 16-bit checksum
cannot find: whether the station is known, answers its own address and sends sensible times is for
the caller (:mod:`.plausibility`).
"""

from __future__ import annotations

from datetime import datetime

from ..crc import crc16_modbus
from .elements import decode_readings, decode_uniform, encode_readings, encode_uniform
from .errors import Fault, FrameError
from .frame import Direction, End, Frame, Packet, Report, Start
from .tables import STATION_CLASSES, Function, function_name
from .times import pack_station, pack_time, unpack_station, unpack_time

__all__ = ["BODY_LIMIT", "HEADER", "MARK", "TAIL", "body_length", "decode", "encode"]

MARK = b"\x7e\x7e"
HEADER = 14
TAIL = 3
BODY_LIMIT = 0xFFF
_STATION_LEAD, _TIME_LEAD = b"\xf1\xf1", b"\xf0\xf0"
_PACKET = 3
_REPORTS = frozenset(range(Function.TEST, Function.HOURLY + 1))
_ENDS = {
    Direction.UP: {e.value: e for e in (End.ETX, End.ETB)},
    Direction.DOWN: {e.value: e for e in End},
}
_STARTS = {s.value: s for s in Start}
_DIRECTIONS = {d.value: d for d in Direction}


def body_length(header: bytes) -> int:
    """Check the fourteen bytes before a body and return the body's length."""
    if header[:2] != MARK:
        raise FrameError(Fault.START, header[:2].hex())
    if len(header) < HEADER:
        raise FrameError(Fault.TRUNCATED, f"{len(header)} bytes")
    direction = _DIRECTIONS.get(header[11] >> 4)
    if direction is None:
        raise FrameError(Fault.DIRECTION, f"{header[11]:02X}")
    if header[13] not in _STARTS:
        raise FrameError(Fault.BODY_START, f"{header[13]:02X}")
    if function_name(header[10]) is None:
        raise FrameError(Fault.FUNCTION, f"{header[10]:02X}")
    unpack_station(header[3:8] if direction is Direction.UP else header[2:7])
    return (header[11] & 0x0F) << 8 | header[12]


def decode(raw: bytes) -> Frame:
    """Read exactly one frame; anything else raises :class:`FrameError`."""
    size = body_length(raw[:HEADER])
    if len(raw) != HEADER + size + TAIL:
        short = len(raw) < HEADER + size + TAIL
        raise FrameError(Fault.TRUNCATED if short else Fault.LENGTH, f"{len(raw)} bytes")
    if crc16_modbus(raw[:-2]) != raw[-2] << 8 | raw[-1]:
        raise FrameError(Fault.CRC, raw[-2:].hex())
    direction = _DIRECTIONS[raw[11] >> 4]
    end = _ENDS[direction].get(raw[-TAIL])
    if end is None:
        raise FrameError(Fault.BODY_END, f"{raw[-TAIL]:02X}")
    up = direction is Direction.UP
    start, function = _STARTS[raw[13]], raw[10]
    body = raw[HEADER:-TAIL]
    packet = None
    if start is Start.SYN:
        packet, body = _unpack_packet(body), body[_PACKET:]
    serial: int | None = None
    sent_at: datetime | None = None
    report = None
    if packet is None or packet.index == 1:
        if len(body) < 8:
            raise FrameError(Fault.LENGTH, "no serial number or time")
        serial, sent_at = body[0] << 8 | body[1], unpack_time(body[2:8], 6)
        body = body[8:]
        if up and packet is None and function in _REPORTS:
            report, body = _report(function, body), b""
        elif body and function <= Function.HOURLY and packet is None:
            raise FrameError(Fault.LENGTH, f"{len(body)} bytes too many")
    return Frame(
        direction=direction,
        centre=raw[2] if up else raw[7],
        station=unpack_station(raw[3:8] if up else raw[2:7]),
        password=raw[8] << 8 | raw[9],
        function=function,
        serial=serial,
        sent_at=sent_at,
        report=report,
        payload=body,
        start=start,
        end=end,
        packet=packet,
    )


def _unpack_packet(body: bytes) -> Packet:
    number = int.from_bytes(body[:_PACKET])
    packet = Packet(number >> 12, number & 0xFFF)
    if len(body) < _PACKET or not 1 <= packet.index <= packet.total:
        raise FrameError(Fault.PACKET, body[:_PACKET].hex())
    return packet


def _report(function: int, body: bytes) -> Report:
    if len(body) < 15 or body[:2] != _STATION_LEAD or body[8:10] != _TIME_LEAD:
        raise FrameError(Fault.LEAD, body[:15].hex())
    station_class = body[7]
    if station_class not in STATION_CLASSES:
        raise FrameError(Fault.STATION_CLASS, f"{station_class:02X}")
    station, observed_at = unpack_station(body[2:7]), unpack_time(body[10:15], 5)
    if function == Function.UNIFORM:
        step, readings = decode_uniform(body[15:], observed_at)
        return Report(station, station_class, observed_at, readings, step)
    return Report(station, station_class, observed_at, decode_readings(body[15:], observed_at))


def encode(frame: Frame) -> bytes:
    """Write a frame, refusing whatever :func:`decode` would not read back as the same value."""
    for value, limit in ((frame.centre, 0xFF), (frame.password, 0xFFFF)):
        if not 0 <= value <= limit:
            raise FrameError(Fault.VALUE, f"{value}")
    if function_name(frame.function) is None:
        raise FrameError(Fault.FUNCTION, f"{frame.function:02X}")
    if frame.end not in _ENDS[frame.direction]:
        raise FrameError(Fault.BODY_END, frame.end.name)
    body = _body(frame)
    if len(body) > BODY_LIMIT:
        raise FrameError(Fault.LENGTH, f"{len(body)} bytes of body")
    centre, station = bytes((frame.centre,)), pack_station(frame.station)
    addresses = centre + station if frame.direction is Direction.UP else station + centre
    raw = b"".join(
        (
            MARK,
            addresses,
            frame.password.to_bytes(2),
            bytes((frame.function,)),
            (frame.direction << 12 | len(body)).to_bytes(2),
            bytes((frame.start,)),
            body,
            bytes((frame.end,)),
        )
    )
    return raw + crc16_modbus(raw).to_bytes(2)


def _body(frame: Frame) -> bytes:
    if (frame.packet is None) != (frame.start is Start.STX):
        raise FrameError(Fault.PACKET, "SYN goes with a packet number")
    head = b""
    if frame.packet is not None:
        total, index = frame.packet.total, frame.packet.index
        if not 1 <= index <= total <= 0xFFF:
            raise FrameError(Fault.PACKET, f"{index} of {total}")
        head = (total << 12 | index).to_bytes(_PACKET)
    follows = frame.packet is not None and frame.packet.index > 1
    if follows != (frame.serial is None) or follows != (frame.sent_at is None):
        raise FrameError(Fault.PACKET, "serial number and time belong to the first packet")
    if frame.serial is not None and frame.sent_at is not None:
        if not 0 <= frame.serial <= 0xFFFF:
            raise FrameError(Fault.VALUE, f"serial {frame.serial}")
        head += frame.serial.to_bytes(2) + pack_time(frame.sent_at, 6)
    single = frame.packet is None
    reports = single and frame.direction is Direction.UP and frame.function in _REPORTS
    if reports != (frame.report is not None):
        raise FrameError(Fault.FUNCTION, f"{frame.function:02X} and its report disagree")
    if frame.payload and single and frame.function <= Function.HOURLY:
        raise FrameError(Fault.LENGTH, "this function has no payload")
    if frame.report is None:
        return head + frame.payload
    return head + _report_body(frame.function, frame.report)


def _report_body(function: int, report: Report) -> bytes:
    if report.station_class not in STATION_CLASSES:
        raise FrameError(Fault.STATION_CLASS, f"{report.station_class}")
    uniform = function == Function.UNIFORM
    if uniform != (report.step is not None):
        raise FrameError(Fault.TIME, "only a uniform report has a step")
    lead = _STATION_LEAD + pack_station(report.station) + bytes((report.station_class,))
    lead += _TIME_LEAD + pack_time(report.observed_at, 5)
    if report.step is None:
        return lead + encode_readings(report.readings, report.observed_at)
    return lead + encode_uniform(report.step, report.observed_at, report.readings)
