"""告警发出: alarm rows with their evidence, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.things import evaluation
from quancheng.capabilities.things.judging import is_late
from quancheng.capabilities.things.models import Alarm, AlarmMute, AlarmRule, AlarmStep, Station
from quancheng.kernel import clock, events

LONGEST_MUTE = timedelta(days=30)


def raise_hits(
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
        if not alarm.untold:
            told = _payload(alarm, hit, stations[hit.touched.station])
            events.emit("things.alarm.raised", hit.touched.station, told)
    AlarmStep.objects.bulk_create(
        [
            AlarmStep(
                alarm=alarm, at=detected_at, what=AlarmStep.What.RAISED, by=alarm.rule.code,
                detail={"version": alarm.rule.version},
            )
            for alarm in alarms
        ]
    )  # fmt: skip
    return list(alarms)


def _row_of(hit: evaluation.Hit, station: Station, exercise: str, run: str, detected_at: datetime) -> Alarm:
    silence = None if exercise else muted_until(hit.rule.code, station.code, detected_at)
    return Alarm(
        rule=hit.rule,
        datastream_id=hit.touched.stream,
        station=station,
        key=station.code,
        place=station_facts(station),
        department=station.department,
        region=station.region,
        last_at=hit.at,
        muted_until=silence,
        untold=silence is not None,
        exercise=exercise,
        level=hit.rule.level,
        raised_at=hit.at,
        detected_at=detected_at,
        amount=hit.amount,
        threshold=hit.threshold,
        coverage=round(hit.coverage, 4),
        finding=hit.finding.to_dict(),
        evidence=[{"time": local(at), "value": plain(value)} for at, value in hit.readings],
        run=run,
    )


def muted_until(rule: str, key: str, at: datetime) -> datetime | None:
    """Until when a rule says nothing at a place; None when it is not muted at that moment."""
    live = AlarmMute.objects.filter(rule=rule, key=key, created_at__lte=at, until__gt=at)
    found: datetime | None = live.order_by("-until").values_list("until", flat=True).first()
    return found


def late(alarm: Alarm) -> bool:
    """Whether the reading that raised it came later than stations normally need."""
    return is_late(alarm.raised_at, alarm.detected_at)


def _payload(alarm: Alarm, hit: evaluation.Hit, station: Station) -> dict[str, Any]:
    return {
        "alarm": alarm.pk,
        "rule": hit.rule.code,
        "rule_version": hit.rule.version,
        "name": hit.rule.text.to_dict(),
        "level": alarm.level,
        "incident_type": hit.rule.incident_type,
        "property": hit.rule.prop,
        "window_minutes": hit.rule.window_minutes,
        "amount": plain(alarm.amount),
        "threshold": plain(alarm.threshold),
        "unit": hit.finding.rule.unit,
        "coverage": alarm.coverage,
        "raised_at": local(alarm.raised_at),
        "detected_at": local(alarm.detected_at),
        "late": is_late(alarm.raised_at, alarm.detected_at),
        "station": station_facts(station),
        "finding": alarm.finding,
        "exercise": alarm.exercise,
        "simulated": station.simulated or bool(alarm.exercise),
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
    """Emit ``things.alarm.acknowledged``, ``closed``, ``ended``, ``muted`` or ``downgraded``."""
    events.emit(
        f"things.alarm.{what}",
        alarm.key,
        {
            "alarm": alarm.pk,
            "rule": alarm.rule.code,
            "key": alarm.key,
            "by": by,
            "note": note,
            "exercise": alarm.exercise,
        },
    )


def local(moment: datetime) -> str:
    """ISO text in the city's time."""
    return moment.astimezone(clock.LOCAL).isoformat()


def plain(value: Any) -> str:
    """A decimal without needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
