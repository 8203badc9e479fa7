"""分拣: which readings of a message may go on, and which rows of a group are new, known or doubtful. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quancheng.capabilities.ingest.values import DeviceRef, Reason
from quancheng.core.telemetry.reading import Quality, Reading

Value = float | str | bool | None
Row = tuple[int, int, Value, int]
"""(stream, time in µs UTC, value, quality bits)"""
NEVER = -(1 << 62)
UNSURE = math.nan
"""Stands for the last value of a stream while it is being corrected: equal to nothing, not even
itself, so that whatever comes for that moment is compared with the store, after the correction."""
_DETAIL = 200
_SIMULATED = int(Quality.SIMULATED)


@dataclass(frozen=True, slots=True)
class Horizon:
    """Which times are believed, in µs beside the time of receipt."""

    ahead: int
    oldest: int

    def around(self, received_at: int) -> tuple[int, int]:
        """The earliest and the latest time believed of what came at ``received_at``."""
        return received_at - self.oldest, received_at + self.ahead


@dataclass(slots=True)
class Sorted:
    """A message taken apart: rows for the store, refusals by reason with an example of each."""

    rows: list[Row] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def refuse(self, reason: Reason, example: str) -> None:
        """Count a refusal; the first of each reason is the example."""
        self.refused[reason.value] += 1
        self.examples.setdefault(reason.value, example[:_DETAIL])


def sort_out(device: DeviceRef, readings: Sequence[Reading], received_at: int, horizon: Horizon) -> Sorted:
    """Give each reading its stream, scale and time; refuse what cannot be believed.

    A reading without a time gets the time of receipt. Rows come back ordered by stream and time, the same
    (stream, time) once (the last word of the message counts).
    """
    found = Sorted()
    earliest, latest = horizon.around(received_at)
    rows: dict[tuple[int, int], Row] = {}
    mark = _SIMULATED if device.simulated else 0
    streams = device.streams
    for one in readings:
        channel = streams.get(one.element)
        if channel is None:
            found.refuse(Reason.UNKNOWN_ELEMENT, one.element)
            continue
        stream, scale, offset = channel
        time = received_at if one.time is None else one.time
        if time > latest:
            found.refuse(Reason.AHEAD, f"{one.element} {time}")
            continue
        if time < earliest:
            found.refuse(Reason.TOO_OLD, f"{one.element} {time}")
            continue
        value = one.value
        if type(value) is float or type(value) is int:
            value = value * scale + offset
            if not math.isfinite(value):
                found.refuse(Reason.IMPOSSIBLE, f"{one.element} {one.value}")
                continue
        rows[(stream, time)] = (stream, time, value, one.quality | mark)
    found.rows = [rows[key] for key in sorted(rows)] if len(rows) > 1 else list(rows.values())
    return found


def add_plain(
    device: DeviceRef,
    time: int,
    values: Mapping[str, Value],
    horizon: tuple[int, int],
    rows: list[Row],
) -> bool:
    """Append the rows of a message of one moment, all of whose values are numbers with channels of their own.

    The short way of :func:`sort_out` for what comes most; False, with nothing appended, for any other message:
    it says nothing about those. ``horizon``: the earliest and latest believed time, µs UTC.
    """
    if not values or not horizon[0] <= time <= horizon[1]:
        return False
    mark = _SIMULATED if device.simulated else 0
    streams = device.streams
    before = len(rows)
    known = -1
    for name, value in values.items():
        channel = streams.get(name)
        if channel is None or type(value) is not float:
            break
        stream, scale, offset = channel
        number = value * scale + offset
        if number - number != 0.0 or stream <= known:  # not finite, or streams not in order
            break
        known = stream
        rows.append((stream, time, number, mark))
    else:
        return True
    del rows[before:]
    return False


@dataclass(slots=True)
class Split:
    """Rows of one group: ``fresh`` ones are later than anything known of their stream, ``doubtful`` ones are
    not and must be compared with the store; the third kind, known copies, is only counted."""

    fresh: list[Row] = field(default_factory=list)
    doubtful: list[Row] = field(default_factory=list)
    known: int = 0


def split(
    rows: Sequence[Row], last: Mapping[int, tuple[int, Value]], overlay: dict[int, tuple[int, Value]]
) -> Split:
    """Compare rows with the last known (time, value) of their streams.

    ``last`` holds every stream of ``rows`` (``NEVER`` for one without readings); ``overlay`` is what this
    group has added so far, and is added to.
    """
    found = Split()
    for row in rows:
        stream, time, value, _ = row
        known = overlay.get(stream) or last[stream]
        if time > known[0]:
            overlay[stream] = (time, value)
            found.fresh.append(row)
        elif time == known[0] and value == known[1]:
            found.known += 1
        else:
            found.doubtful.append(row)
            if time == known[0]:
                overlay[stream] = (time, UNSURE)
    return found
