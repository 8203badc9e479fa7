"""越限的行: what a crossing becomes in the tables: alarm, occurrence, rule version, and what JSON can hold."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from quancheng.capabilities.things import raising
from quancheng.capabilities.things.counting import Crossing, Standing
from quancheng.capabilities.things.models import Alarm, AlarmOccurrence, AlarmRule, Station
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

READINGS_KEPT = 500
_CENT = Decimal("0.0001")
_LARGEST = Decimal(10) ** 13
_PLACE = ("zh", "en", "lon", "lat", "region", "department", "kind", "unit")


def alarm_of(
    crossing: Crossing, rule: AlarmRule, station: Station | None, muted_until: datetime | None
) -> Alarm:
    """An unsaved alarm. Raises InvalidInput for readings out of all time."""
    place = clean(_place(crossing, station))
    return Alarm(
        rule=rule,
        station=station,
        key=crossing.place_key,
        stream=crossing.stream,
        place=place,
        department=str(place.get("department", ""))[:60],
        region=str(place.get("region", ""))[:12],
        level=crossing.level,
        raised_at=crossing.at,
        last_at=crossing.at,
        detected_at=crossing.detected_at,
        amount=_amount(crossing),
        threshold=_decimal(crossing.finding.get("threshold")),
        coverage=_coverage(crossing.finding),
        finding=clean(crossing.finding),
        evidence=[_evidence(row) for row in crossing.readings[-READINGS_KEPT:]],
        muted_until=muted_until,
        untold=muted_until is not None,
        simulated=crossing.simulated or (station is not None and station.simulated),
    )


def occurrence_of(crossing: Crossing, alarm: int) -> AlarmOccurrence:
    """An unsaved occurrence."""
    rule, version, key, stream, at = crossing.identity
    return AlarmOccurrence(
        alarm_id=alarm, rule=rule, version=version, key=key, stream=stream, at=at, amount=_amount(crossing)
    )


def rule_of(crossing: Crossing) -> AlarmRule:
    """The unsaved version of the rule, kept beside the declared ones so that an alarm can always name it."""
    return AlarmRule(
        code=crossing.rule,
        version=crossing.version,
        module=crossing.rule.split(".")[0][:40],
        zh=crossing.name.zh[:200],
        en=crossing.name.en[:200],
        prop=str(crossing.finding.get("property", ""))[:40],
        station_kind="",
        window_minutes=_minutes(crossing.finding.get("window_minutes")),
        parameter="",
        level=crossing.level,
        incident_type=crossing.incident_type[:100],
        digest=hashlib.sha256(f"{crossing.rule}|{crossing.version}".encode()).hexdigest(),
        active=False,
    )


def standing_of(alarm: Alarm) -> Standing:
    """What counting would change of it."""
    return Standing(alarm.level, alarm.count, alarm.raised_at, alarm.last_at, alarm.ended_at, alarm.untold)


def put(standing: Standing, alarm: Alarm) -> None:
    """Set what counting changed; ``untold`` it never changes."""
    alarm.level, alarm.count = standing.level, standing.count
    alarm.raised_at, alarm.last_at, alarm.ended_at = standing.raised_at, standing.last_at, standing.ended_at


def _place(crossing: Crossing, station: Station | None) -> dict[str, Any]:
    if station is not None:
        return raising.station_facts(station)
    told = crossing.finding.get("place")
    found = {name: told[name] for name in _PLACE if name in told} if isinstance(told, Mapping) else {}
    return {"code": crossing.place_key, "region": "", "department": ""} | found


def clean(value: Any) -> Any:
    """What JSON can hold: no NaN or infinity (they become null), other things as their text."""
    if isinstance(value, Mapping):
        return {str(name): clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _evidence(row: tuple[int, int, float]) -> dict[str, Any]:
    stream, at, value = row
    return {"time": raising.local(_moment(at)), "value": f"{value:.10g}", "stream": stream}


def _moment(at: int) -> datetime:
    try:
        return datetime.fromtimestamp(at // 1_000_000, clock.LOCAL).replace(microsecond=at % 1_000_000)
    except (OverflowError, ValueError, OSError) as wrong:
        raise InvalidInput(
            fields={"readings": Text("读数时间超出范围", "A reading's time is out of range")}
        ) from wrong


def _amount(crossing: Crossing) -> Decimal | None:
    stated = _decimal(crossing.finding.get("amount"))
    if stated is None and crossing.readings:
        return _decimal(crossing.readings[-1][2])
    return stated


def _decimal(raw: Any) -> Decimal | None:
    """A figure that fits the column; None for what is none (booleans are no amounts)."""
    if raw is None or isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        return None
    try:
        value = Decimal(str(raw))
        return value.quantize(_CENT) if value.is_finite() and abs(value) < _LARGEST else None
    except InvalidOperation:
        return None


def _coverage(finding: Mapping[str, Any]) -> float | None:
    raw = finding.get("coverage")
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def _minutes(raw: Any) -> int:
    return int(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < 2**31 else 0
