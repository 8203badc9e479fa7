"""JT/T 808 位置 → 读数.

Elements: ``latitude longitude altitude speed direction alarm status``, each defined alarm and status
bit as 0 or 1 (``alarm-emergency``, ``status-ignition`` …), the additional items by name (``mileage``,
``fuel``, ``carriage-temperature``, ``analogue-0`` …). A vehicle has many and a gateway wants few:
only elements in ``wanted`` are made.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from ..reading import Quality, Reading
from .bodies import locations
from .frame import Frame, Location
from .tables import ALARM_BITS, EXTRAS, STATUS_BITS

__all__ = ["readings"]

_ANALOGUES = 0x2B
_ALARMS = tuple((f"alarm-{name}", bit) for name, bit in ALARM_BITS.items())
_STATES = tuple((f"status-{name}", bit) for name, bit in STATUS_BITS.items())
_LOCATED = STATUS_BITS["located"]


def readings(frame: Frame, wanted: Container[str] | None = None) -> list[Reading]:
    """Readings of 0200 and 0704, none of other messages; ``wanted`` ``None`` = all.

    Without a fix (定位 bit 0) the terminal sends its last place: place, speed and direction are STALE.
    What is sent late (补报) is LATE. Raises FrameRefused as :func:`.bodies.locations`.
    """
    found = []
    for location, late in locations(frame):
        quality = int(Quality.LATE) if late else 0
        for name, value, unit, doubt in _values(location):
            if wanted is None or name in wanted:
                found.append(Reading(name, value, unit, location.at, quality | doubt))
    return found


def _values(location: Location) -> Iterator[tuple[str, float, str, int]]:
    stale = 0 if location.status >> _LOCATED & 1 else int(Quality.STALE)
    yield "latitude", location.latitude, "°", stale
    yield "longitude", location.longitude, "°", stale
    yield "altitude", float(location.altitude), "m", stale
    yield "speed", location.speed, "km/h", stale
    yield "direction", float(location.direction), "°", stale
    yield "alarm", float(location.alarm), "", 0
    yield "status", float(location.status), "", 0
    for name, bit in _ALARMS:
        yield name, float(location.alarm >> bit & 1), "", 0
    for name, bit in _STATES:
        yield name, float(location.status >> bit & 1), "", 0
    for code, raw in location.extras:
        yield from _extra(code, raw)


def _extra(code: int, raw: bytes) -> Iterator[tuple[str, float, str, int]]:
    """One additional item; items of another size than the standard's, or of makers, give nothing."""
    row = EXTRAS.get(code)
    if row is not None and len(raw) == row.size:
        yield row.name, int.from_bytes(raw, signed=row.signed) / 10**row.decimals, row.unit, 0
    elif code == _ANALOGUES and len(raw) == 4:
        yield "analogue-0", float(raw[2] << 8 | raw[3]), "", 0
        yield "analogue-1", float(raw[0] << 8 | raw[1]), "", 0
