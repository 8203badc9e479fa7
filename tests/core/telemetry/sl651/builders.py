"""Frames and Hypothesis strategies for the tests of SL 651."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from quancheng.core.telemetry.sl651 import (
    BEIJING,
    ELEMENTS,
    STATION_CLASSES,
    Direction,
    End,
    Frame,
    Kind,
    Packet,
    Reading,
    Report,
    Start,
    reading,
)

AT = datetime(2007, 7, 18, 18, 25, tzinfo=BEIJING)
SLOT = timedelta(minutes=5)


def rain_frame(amount: str = "15.5", at: datetime = AT, serial: int = 7) -> Frame:
    """An additional report of five-minute rain, as a gauge of the drill sends it."""
    rows = (
        reading(0x22, Decimal(amount), at),
        reading(0x26, Decimal("62.2"), at),
        reading(0x38, Decimal("12.60"), at),
    )
    report = Report("3701000001", 0x50, at, rows)
    return Frame(Direction.UP, 1, "3701000001", 0x1234, 0x33, serial, at, report)


def hour_frame(values: list[Decimal | None], code: int = 0xF4) -> Frame:
    """An hourly report of twelve slots of rain or level."""
    first = AT - 11 * SLOT
    rows = tuple(reading(code, value, first + k * SLOT) for k, value in enumerate(values))
    report = Report("3701000001", 0x50, AT, (*rows, reading(0x26, Decimal("9.0"), AT)))
    return Frame(Direction.UP, 1, "3701000001", 0, 0x34, 8, AT, report)


def uniform_frame(values: list[Decimal | None], step: timedelta = SLOT) -> Frame:
    """A uniform-period report of river levels."""
    rows = tuple(reading(0x39, value, AT + k * step) for k, value in enumerate(values))
    report = Report("3701000001", 0x48, AT, rows, step)
    return Frame(Direction.UP, 1, "3701000001", 0, 0x31, 9, AT, report)


def packet_frame(total: int, index: int, end: End = End.ETB) -> Frame:
    """One packet of a picture."""
    first = index == 1
    serial, sent_at = (5, AT) if first else (None, None)
    return Frame(
        Direction.UP, 1, "3701000001", 0, 0x36, serial, sent_at,
        payload=bytes(range(64)), start=Start.SYN, end=end, packet=Packet(total, index),
    )  # fmt: skip


minutes = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(
    lambda t: t.replace(second=0, microsecond=0, tzinfo=BEIJING)
)
stations = st.integers(0, 10**10 - 1).map(lambda n: f"{n:010d}") | st.integers(0, 0xFFFFFFFF).map(
    lambda n: f"{n:010X}"
)
numbers = sorted(code for code, row in ELEMENTS.items() if row.kind is Kind.BCD)


@st.composite
def readings(draw: st.DrawFn, at: datetime) -> Reading:
    """A reading of any numeric element, perhaps missing, negative or extended."""
    code = draw(st.sampled_from([*numbers, 0x7A, 0xFF33]))
    row = ELEMENTS.get(code)
    width = row.width if row else draw(st.integers(1, 31))
    decimals = row.decimals if row else draw(st.integers(0, 7))
    most = 10 ** (2 * width) - 1
    least = -(10 ** (2 * width - 2) - 1)
    value = draw(st.none() | st.integers(least, most))
    number = None if value is None else Decimal(f"{value}E-{decimals}")
    return reading(code, number, at, width << 3 | decimals)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Any self-report frame with up to eight readings at up to two times."""
    at = draw(minutes)
    later = at + SLOT if at.year < 2099 else at
    station = draw(stations)
    groups = (
        *draw(st.lists(readings(at), max_size=4)),
        *draw(st.lists(readings(later), max_size=4)),
    )
    kind = draw(st.sampled_from(sorted(STATION_CLASSES)))
    return Frame(
        direction=Direction.UP,
        centre=draw(st.integers(0, 255)),
        station=station,
        password=draw(st.integers(0, 0xFFFF)),
        function=draw(st.sampled_from([0x30, 0x32, 0x33, 0x34])),
        serial=draw(st.integers(0, 0xFFFF)),
        sent_at=at + timedelta(seconds=draw(st.integers(0, 59))),
        report=Report(station, kind, at, groups),
        end=draw(st.sampled_from([End.ETX, End.ETB])),
    )
