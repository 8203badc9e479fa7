"""外部规则告警: what other modules' rules found becomes one open row a rule and place."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection

from quancheng.capabilities.things import raising
from quancheng.capabilities.things.models import Alarm, AlarmOccurrence, AlarmRule, AlarmStep, Level, Station
from quancheng.core.text import Text
from quancheng.kernel import clock, events
from quancheng.kernel.errors import InvalidInput

READINGS_KEPT = 500
_THING = "things:"
_CENT = Decimal("0.0001")
_LARGEST = Decimal(10) ** 13
_PLACE = ("zh", "en", "lon", "lat", "region", "department", "kind", "unit")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A rule that came true at a stream, as its module tells it."""

    rule: str
    version: int
    name: Text
    level: int
    key: str
    stream: int | None
    at: datetime
    detected_at: datetime
    readings: tuple[tuple[int, int, float], ...]
    finding: dict[str, Any]
    incident_type: str
    simulated: bool

    @property
    def place_key(self) -> str:
        """``things:<code>`` and the code itself are the same place."""
        return self.key.removeprefix(_THING)


def record(crossing: Crossing) -> tuple[int, str]:
    """Write it inside the running action: the alarm's id and ``known``, ``repeated``, ``muted`` or ``raised``."""
    _check(crossing)
    _one_at_a_time(crossing)
    known = _occurrences(crossing).values_list("alarm_id", flat=True).first()
    if known is not None:
        return int(known), "known"
    open_row = (
        Alarm.objects.filter(rule__code=crossing.rule, key=crossing.place_key, exercise="")
        .exclude(state=Alarm.State.CLOSED)
        .select_related("rule", "station", "datastream")
        .order_by("-pk")
        .first()
    )
    if open_row is not None:
        _repeat(open_row, crossing)
        return open_row.pk, "repeated"
    alarm = _raise(crossing)
    return alarm.pk, "muted" if alarm.untold else "raised"


def _check(crossing: Crossing) -> None:
    wrong: dict[str, Text] = {}
    if not 0 < len(crossing.rule) <= 100 or "." not in crossing.rule:
        wrong["rule"] = Text("应为“模块.规则”，最多100字", "Must be module.rule, 100 characters at most")
    if not 0 < len(crossing.place_key) <= 120:
        wrong["key"] = Text("请写明站码或对象", "Name the station or thing")
    if crossing.level not in Level.values:
        wrong["level"] = Text("应为1至4", "Must be 1 to 4")
    if crossing.at.tzinfo is None or crossing.detected_at.tzinfo is None:
        wrong["at"] = Text("时间要带时区", "A time needs a zone")
    if wrong:
        raise InvalidInput(fields=wrong)


def _one_at_a_time(crossing: Crossing) -> None:
    """SQLite has one writer; on PostgreSQL raisers of the same rule and place wait for each other."""
    if connection.vendor == "postgresql":
        digest = hashlib.sha256(f"{crossing.rule}|{crossing.place_key}".encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:7], "big")])


def _occurrences(crossing: Crossing) -> Any:
    return AlarmOccurrence.objects.filter(
        rule=crossing.rule, version=crossing.version, key=crossing.place_key, stream=crossing.stream or 0,
        at=crossing.at,
    )  # fmt: skip


def _note_occurrence(alarm: Alarm, crossing: Crossing, amount: Decimal | None) -> None:
    AlarmOccurrence.objects.create(
        alarm=alarm, rule=crossing.rule, version=crossing.version, key=crossing.place_key,
        stream=crossing.stream or 0, at=crossing.at, amount=amount,
    )  # fmt: skip


def _repeat(alarm: Alarm, crossing: Crossing) -> None:
    """Once more at the same place: counted, the worse level kept, not told as a new one."""
    amount = _amount(crossing)
    before = alarm.level
    alarm.count += 1
    alarm.level = min(alarm.level, crossing.level)
    alarm.last_at = max(alarm.last_at or alarm.raised_at, crossing.at)
    alarm.raised_at = min(alarm.raised_at, crossing.at)
    alarm.ended_at = None
    alarm.save(update_fields=["count", "level", "last_at", "raised_at", "ended_at"])
    _note_occurrence(alarm, crossing, amount)
    if alarm.level < before:
        AlarmStep.objects.create(
            alarm=alarm, at=crossing.detected_at, what=AlarmStep.What.REPEATED, by=crossing.rule,
            detail={"before": before, "level": alarm.level},
        )  # fmt: skip
    if not alarm.untold:
        told = {"count": alarm.count, "level_before": before}
        events.emit("things.alarm.repeated", alarm.key, payload(alarm) | told)


def _raise(crossing: Crossing) -> Alarm:
    station = Station.objects.filter(code=crossing.place_key).first()
    place = clean(_place(crossing, station))
    muted_until = raising.muted_until(crossing.rule, crossing.place_key, crossing.detected_at)
    alarm = Alarm.objects.create(
        rule=_rule_row(crossing),
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
    _note_occurrence(alarm, crossing, alarm.amount)
    AlarmStep.objects.create(
        alarm=alarm, at=crossing.detected_at, what=AlarmStep.What.RAISED, by=crossing.rule,
        detail={"version": crossing.version},
    )  # fmt: skip
    if not alarm.untold:
        events.emit("things.alarm.raised", alarm.key, payload(alarm))
    return alarm


def _rule_row(crossing: Crossing) -> AlarmRule:
    """The version of the rule, kept beside the declared ones so that an alarm can always name it."""
    zh, en = crossing.name.zh[:200], crossing.name.en[:200]
    row, _made = AlarmRule.objects.get_or_create(
        code=crossing.rule,
        version=crossing.version,
        defaults={
            "module": crossing.rule.split(".")[0][:40],
            "zh": zh,
            "en": en,
            "prop": str(crossing.finding.get("property", ""))[:40],
            "station_kind": "",
            "window_minutes": _minutes(crossing.finding.get("window_minutes")),
            "parameter": "",
            "level": crossing.level,
            "incident_type": crossing.incident_type[:100],
            "digest": hashlib.sha256(f"{crossing.rule}|{crossing.version}".encode()).hexdigest(),
            "active": False,
        },
    )
    return row


def _place(crossing: Crossing, station: Station | None) -> dict[str, Any]:
    if station is not None:
        return raising.station_facts(station)
    told = crossing.finding.get("place")
    found = {name: told[name] for name in _PLACE if name in told} if isinstance(told, Mapping) else {}
    return {"code": crossing.place_key, "region": "", "department": ""} | found


def payload(alarm: Alarm) -> dict[str, Any]:
    """The event of an alarm, with the same names whoever found it."""
    station = raising.station_facts(alarm.station) if alarm.station is not None else dict(alarm.place)
    unit = alarm.finding.get("unit") or alarm.unit
    return {
        "alarm": alarm.pk,
        "rule": alarm.rule.code,
        "rule_version": alarm.rule.version,
        "name": alarm.rule.text.to_dict(),
        "level": alarm.level,
        "incident_type": alarm.rule.incident_type,
        "property": alarm.rule.prop,
        "window_minutes": alarm.rule.window_minutes,
        "amount": "" if alarm.amount is None else raising.plain(alarm.amount),
        "threshold": "" if alarm.threshold is None else raising.plain(alarm.threshold),
        "unit": str(unit),
        "coverage": alarm.coverage,
        "raised_at": raising.local(alarm.raised_at),
        "detected_at": raising.local(alarm.detected_at),
        "late": raising.late(alarm),
        "station": {"code": alarm.key, "kind": "", "zh": alarm.key, "en": alarm.key} | station,
        "finding": alarm.finding,
        "exercise": alarm.exercise,
        "simulated": alarm.is_simulated,
        "evidence": f"/work/things/alarms/{alarm.pk}/",
        "key": alarm.key,
        "stream": alarm.stream,
    }


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
