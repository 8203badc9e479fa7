"""遥测站一侧: make SL 651 frames and send them over TCP, for drills, tests and trying a gateway."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Self

from quancheng.capabilities.things.properties import LEVEL_ELEMENT, RAIN, STATION_CLASS
from quancheng.core.telemetry import sl651

CENTRE, PASSWORD = 0x01, 0x1234
BATTERY = Decimal("12.60")
_RAIN_5MIN, _VOLTAGE = 0x22, 0x38


def report(
    address: str,
    at: datetime,
    values: Sequence[tuple[int, Decimal | None]],
    *,
    station_class: int = 0x50,
    function: int = sl651.Function.TIMED,
    sent_at: datetime | None = None,
    serial: int = 1,
) -> bytes:
    """A report of elements ``(code, value)`` observed at a minute; ``None`` is missing."""
    readings = tuple(sl651.reading(code, value, at) for code, value in values)
    body = sl651.Report(address, station_class, at, readings)
    frame = sl651.Frame(
        direction=sl651.Direction.UP,
        centre=CENTRE,
        station=address,
        password=PASSWORD,
        function=function,
        serial=serial & 0xFFFF,
        sent_at=sent_at or at,
        report=body,
    )
    return sl651.encode(frame)


def rain_report(
    address: str,
    at: datetime,
    mm: Decimal | None,
    *,
    sent_at: datetime | None = None,
    serial: int = 1,
    voltage: Decimal | None = BATTERY,
) -> bytes:
    """Rain of the five minutes that end at ``at``, and the battery."""
    values = [(_RAIN_5MIN, mm), (_VOLTAGE, voltage)]
    return report(address, at, values, station_class=STATION_CLASS[RAIN], sent_at=sent_at, serial=serial)


def level_report(
    address: str,
    at: datetime,
    metres: Decimal | None,
    *,
    kind: str = "river",
    sent_at: datetime | None = None,
    serial: int = 1,
    voltage: Decimal | None = BATTERY,
) -> bytes:
    """A water level (river, reservoir, spring) or depth (ponding), and the battery."""
    values = [(LEVEL_ELEMENT[kind], metres), (_VOLTAGE, voltage)]
    return report(address, at, values, station_class=STATION_CLASS[kind], sent_at=sent_at, serial=serial)


class Sl651Client:
    """One line to a centre: send frames, wait for its answers."""

    def __init__(self, host: str = "127.0.0.1", port: int = 5651, *, connect_timeout: float = 5.0) -> None:
        self._socket = socket.create_connection((host, port), timeout=connect_timeout)
        self._buffer = sl651.FrameBuffer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def send_bytes(self, raw: bytes) -> None:
        """Send anything, wait for nothing."""
        self._socket.sendall(raw)

    def send(self, frames: Sequence[bytes], *, timeout: float = 10.0) -> list[bool]:
        """Send frames and wait; True for each whose answer came. Damaged frames get none."""
        self._socket.sendall(b"".join(frames))
        waiting: dict[tuple[str, int, int | None], list[int]] = {}
        for index, raw in enumerate(frames):
            key = _key_of(raw)
            if key is not None:
                waiting.setdefault(key, []).append(index)
        acked = [False] * len(frames)
        deadline = time.monotonic() + timeout
        while waiting and (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError:
                break
            if not chunk:
                break
            for answer in self._buffer.feed(chunk):
                if isinstance(answer, sl651.Frame):
                    _tick(waiting, (answer.station, answer.function, answer.serial), acked)
        return acked


def _tick(
    waiting: dict[tuple[str, int, int | None], list[int]], key: tuple[str, int, int | None], acked: list[bool]
) -> None:
    indexes = waiting.get(key)
    if indexes:
        acked[indexes.pop(0)] = True
        if not indexes:
            del waiting[key]


def _key_of(raw: bytes) -> tuple[str, int, int | None] | None:
    try:
        frame = sl651.decode(raw)
    except sl651.FrameError:
        return None
    return (frame.station, frame.function, frame.serial) if frame.wants_answer else None


def resent(raw: bytes, serial: int) -> bytes:
    """The same report under another serial number, as a station sends it again."""
    return sl651.encode(replace(sl651.decode(raw), serial=serial & 0xFFFF))
