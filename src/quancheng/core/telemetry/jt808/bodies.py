"""JT/T 808 消息体 (§8): registration, authentication, positions one by one and in bulk; both ways."""

from __future__ import annotations

from ..bcd import micros, of_micros, pack_bcd, unpack_bcd
from ..refusal import FrameRefused, Reason
from .frame import Authentication, Frame, Location, Registration
from .tables import STATUS_BITS, Message

__all__ = [
    "authentication",
    "locations",
    "pack_bulk",
    "pack_location",
    "pack_time",
    "registration",
    "unpack_time",
]

_MILLION = 1_000_000
_CENTURY = 2000
_FIXED = 28
_SOUTH, _WEST = 1 << STATUS_BITS["south"], 1 << STATUS_BITS["west"]
_REGISTRATIONS = {37: (5, 20, 7), 25: (5, 8, 7)}
"""Sizes of maker, model and terminal: 2013, and 2011 whose bodies are shorter."""
_REGISTRATION_2019 = (11, 30, 30)


def unpack_time(raw: bytes) -> int:
    """BCD YYMMDDhhmmss of Beijing time as microseconds UTC. Raises FrameRefused."""
    digits = unpack_bcd(raw)
    year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    return micros(_CENTURY + year, month, day, hour, minute, second)


def pack_time(at: int) -> bytes:
    """Microseconds UTC as BCD YYMMDDhhmmss; whole seconds from 2000 to 2099 only."""
    local = of_micros(at)
    if local.microsecond or not _CENTURY <= local.year < _CENTURY + 100:
        raise FrameRefused(Reason.TIME, f"{local}")
    return pack_bcd(f"{local:%y%m%d%H%M%S}", 6)


def _text(raw: bytes) -> str:
    try:
        return raw.strip(b"\x00 ").decode("gbk")
    except UnicodeDecodeError as error:
        raise FrameRefused(Reason.SYNTAX, raw[:20].hex()) from error


def registration(frame: Frame) -> Registration:
    """终端注册 (0100) of 2011, 2013 or 2019. Raises FrameRefused."""
    body = frame.body
    if frame.version is not None:
        sizes, least = _REGISTRATION_2019, 4 + sum(_REGISTRATION_2019) + 1
    else:
        least = next((size for size in _REGISTRATIONS if len(body) >= size), 37)
        sizes = _REGISTRATIONS[least]
    if len(body) < least:
        raise FrameRefused(Reason.LENGTH, f"registration of {len(body)} bytes")
    at, words = 4, list[str]()
    for size in sizes:
        words.append(_text(body[at : at + size]))
        at += size
    maker, model, terminal = words
    province, city = body[0] << 8 | body[1], body[2] << 8 | body[3]
    return Registration(province, city, maker, model, terminal, body[at], _text(body[at + 1 :]))


def authentication(frame: Frame) -> Authentication:
    """终端鉴权 (0102). Raises FrameRefused."""
    body = frame.body
    if frame.version is None:
        return Authentication(_text(body))
    size = body[0] if body else 0
    if not body or len(body) != 1 + size + 15 + 20:
        raise FrameRefused(Reason.LENGTH, f"authentication of {len(body)} bytes")
    token, rest = body[1 : 1 + size], body[1 + size :]
    return Authentication(_text(token), _text(rest[:15]), _text(rest[15:]))


def _location(raw: bytes) -> Location:
    """位置信息 (表23–表27). Raises FrameRefused for impossible places and times."""
    if len(raw) < _FIXED:
        raise FrameRefused(Reason.LENGTH, f"position of {len(raw)} bytes")
    alarm, status, latitude, longitude = (int.from_bytes(raw[at : at + 4]) for at in range(0, 16, 4))
    altitude, speed, direction = (int.from_bytes(raw[at : at + 2]) for at in range(16, 22, 2))
    if latitude > 90 * _MILLION or longitude > 180 * _MILLION or direction > 360:
        raise FrameRefused(Reason.VALUE, f"{latitude} {longitude} {direction}")
    return Location(
        alarm=alarm,
        status=status,
        latitude=latitude / _MILLION * (-1 if status & _SOUTH else 1),
        longitude=longitude / _MILLION * (-1 if status & _WEST else 1),
        altitude=altitude,
        speed=speed / 10,
        direction=direction,
        at=unpack_time(raw[22:28]),
        extras=_extras(raw[_FIXED:]),
    )


def _extras(raw: bytes) -> tuple[tuple[int, bytes], ...]:
    found, at = [], 0
    while at < len(raw):
        if at + 1 >= len(raw) or at + 2 + raw[at + 1] > len(raw):
            raise FrameRefused(Reason.LENGTH, f"item {raw[at]:02X} is cut")
        end = at + 2 + raw[at + 1]
        found.append((raw[at], raw[at + 2 : end]))
        at = end
    return tuple(found)


def locations(frame: Frame) -> list[tuple[Location, bool]]:
    """Positions of 0200 or 0704, each with whether it is sent late (补报); none of other messages."""
    if frame.message == Message.LOCATION:
        return [(_location(frame.body), False)]
    if frame.message != Message.BULK:
        return []
    body = frame.body
    if len(body) < 3:
        raise FrameRefused(Reason.LENGTH, "bulk without head")
    count, late, at = body[0] << 8 | body[1], body[2] == 1, 3
    found: list[tuple[Location, bool]] = []
    for _ in range(count):
        size = int.from_bytes(body[at : at + 2])
        part = body[at + 2 : at + 2 + size]
        if len(part) < size or at + 2 > len(body):
            raise FrameRefused(Reason.LENGTH, f"position {len(found) + 1} of {count} is cut")
        found.append((_location(part), late))
        at += 2 + size
    if at != len(body):
        raise FrameRefused(Reason.LENGTH, f"{len(body) - at} bytes too many")
    return found


def pack_location(location: Location) -> bytes:
    """The body of 0200. Refuses what :func:`locations` would not read back as the same value."""
    try:
        raw = b"".join(
            (
                location.alarm.to_bytes(4),
                location.status.to_bytes(4),
                round(abs(location.latitude) * _MILLION).to_bytes(4),
                round(abs(location.longitude) * _MILLION).to_bytes(4),
                location.altitude.to_bytes(2),
                round(location.speed * 10).to_bytes(2),
                location.direction.to_bytes(2),
                pack_time(location.at),
                *(bytes((code, len(value))) + value for code, value in location.extras),
            )
        )
    except (OverflowError, ValueError) as error:
        if isinstance(error, FrameRefused):
            raise
        raise FrameRefused(Reason.VALUE, str(error)) from error
    if _location(raw) != location:
        raise FrameRefused(Reason.VALUE, "a position that cannot be written")
    return raw


def pack_bulk(found: list[Location], *, late: bool = False) -> bytes:
    """The body of 0704."""
    parts = [pack_location(one) for one in found]
    lengths = (len(part).to_bytes(2) + part for part in parts)
    return len(parts).to_bytes(2) + bytes((late,)) + b"".join(lengths)
