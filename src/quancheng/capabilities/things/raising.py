"""告警发出: alarm rows with their evidence, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from quancheng.capabilities.things import evaluation
from quancheng.capabilities.things.judging import is_late
from quancheng.capabilities.things.models import Alarm, AlarmRule, Station
from quancheng.kernel import clock, events


def raise_alarms(
    rules: Sequence[AlarmRule],
    touched: Sequence[evaluation.Touched],
    exercise: str,
    *,
    run: str,
    detected_at: datetime,
) -> list[Alarm]:
    """Evaluate and write the alarms; one event each."""
    hits = evaluation.evaluate(rules, touched, exercise)
    if not hits:
        return []
    stations = {
        station.code: station
        for station in Station.objects.filter(code__in={hit.touched.station for hit in hits})
    }
    alarms = Alarm.objects.bulk_create(
        [_row_of(hit, stations[hit.touched.station], exercise, run, detected_at) for hit in hits]
    )
    for alarm, hit in zip(alarms, hits, strict=True):
        events.emit("things.alarm.raised", hit.touched.station, _payload(alarm, hit))
    return list(alarms)


def _row_of(hit: evaluation.Hit, station: Station, exercise: str, run: str, detected_at: datetime) -> Alarm:
    return Alarm(
        rule=hit.rule,
        datastream_id=hit.touched.stream,
        station=station,
        exercise=exercise,
        level=hit.rule.level,
        raised_at=hit.at,
        detected_at=detected_at,
        amount=hit.amount,
        threshold=hit.threshold,
        coverage=round(hit.coverage, 4),
        finding=hit.finding.to_dict(),
        evidence=[{"time": _local(at), "value": _plain(value)} for at, value in hit.readings],
        run=run,
    )


def _payload(alarm: Alarm, hit: evaluation.Hit) -> dict[str, Any]:
    return {
        "alarm": alarm.pk,
        "rule": hit.rule.code,
        "rule_version": hit.rule.version,
        "name": hit.rule.text.to_dict(),
        "level": alarm.level,
        "incident_type": hit.rule.incident_type,
        "property": hit.rule.prop,
        "window_minutes": hit.rule.window_minutes,
        "amount": _plain(alarm.amount),
        "threshold": _plain(alarm.threshold),
        "unit": hit.finding.rule.unit,
        "coverage": alarm.coverage,
        "raised_at": _local(alarm.raised_at),
        "detected_at": _local(alarm.detected_at),
        "late": is_late(alarm.raised_at, alarm.detected_at),
        "station": station_facts(alarm.station),
        "finding": alarm.finding,
        "exercise": alarm.exercise,
        "simulated": alarm.station.simulated or bool(alarm.exercise),
        "evidence": f"/work/things/alarms/{alarm.pk}/",
    }


def station_facts(station: Station) -> dict[str, Any]:
    """What listeners need to know of a station."""
    return {
        "code": station.code,
        "zh": station.zh,
        "en": station.en,
        "kind": station.kind,
        "lon": station.lon,
        "lat": station.lat,
        "region": station.region,
        "department": station.department,
    }


def tell_status(station: Station, status: str) -> None:
    """Emit the change of a station's state."""
    events.emit(
        "things.station.status_changed",
        station.code,
        {
            "code": station.code,
            "kind": station.kind,
            "region": station.region,
            "status": str(status),
            "before": str(station.status),
        },
    )


def tell_handled(alarm: Alarm, what: str, by: str, note: str) -> None:
    """Emit ``things.alarm.acknowledged`` or ``things.alarm.closed``."""
    events.emit(
        f"things.alarm.{what}",
        alarm.station.code,
        {"alarm": alarm.pk, "rule": alarm.rule.code, "by": by, "note": note, "exercise": alarm.exercise},
    )


def _local(moment: datetime) -> str:
    return moment.astimezone(clock.LOCAL).isoformat()


def _plain(value: Any) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
