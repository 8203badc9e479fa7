"""办理状态的存放: ``core.exchange.SharingRequest`` as JSON of a column, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.core.calendar import Extension, LegalClock, Suspension
from quancheng.core.exchange import Clock, Deed, Entry, Event, Role, ShareType, SharingRequest, Stage


def write(request: SharingRequest) -> dict[str, Any]:
    """State as JSON."""
    return {
        "id": request.id,
        "share_type": str(request.share_type),
        "drafted": request.drafted.isoformat(),
        "stage": str(request.stage),
        "limit": None if request.limit is None else str(request.limit),
        "clock": None if request.clock is None else _write_clock(request.clock),
        "warned": request.warned,
        "ends": _day(request.ends),
        "history": [_write_entry(entry) for entry in request.history],
    }


def read(kept: Mapping[str, Any]) -> SharingRequest:
    """The value of :func:`write`."""
    return SharingRequest(
        kept["id"],
        ShareType(kept["share_type"]),
        date.fromisoformat(kept["drafted"]),
        Stage(kept["stage"]),
        None if kept["limit"] is None else Clock(kept["limit"]),
        None if kept["clock"] is None else _read_clock(kept["clock"]),
        kept["warned"],
        _read_day(kept["ends"]),
        tuple(_read_entry(entry) for entry in kept["history"]),
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _write_clock(clock: LegalClock) -> dict[str, Any]:
    return {
        "started": clock.started.isoformat(),
        "limit": clock.limit,
        "suspensions": [[one.start.isoformat(), one.reason, _day(one.end)] for one in clock.suspensions],
        "extensions": [[one.on.isoformat(), one.days, one.reason] for one in clock.extensions],
    }


def _read_clock(kept: Mapping[str, Any]) -> LegalClock:
    return LegalClock(
        date.fromisoformat(kept["started"]),
        kept["limit"],
        tuple(
            Suspension(date.fromisoformat(start), reason, _read_day(end))
            for start, reason, end in kept["suspensions"]
        ),
        tuple(Extension(date.fromisoformat(on), days, reason) for on, days, reason in kept["extensions"]),
    )


def _write_entry(entry: Entry) -> dict[str, Any]:
    event = entry.event
    return {
        "deed": str(event.deed),
        "by": str(event.by),
        "on": event.on.isoformat(),
        "reason": event.reason,
        "basis": event.basis,
        "days": event.days,
        "before": str(entry.before),
        "after": str(entry.after),
    }


def _read_entry(kept: Mapping[str, Any]) -> Entry:
    event = Event(
        Deed(kept["deed"]),
        Role(kept["by"]),
        date.fromisoformat(kept["on"]),
        kept["reason"],
        kept["basis"],
        kept["days"],
    )
    return Entry(event, Stage(kept["before"]), Stage(kept["after"]))
