"""One crossing, one end after the other, a row at a time: what bulks must be the same as."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from quancheng.capabilities.things import crossings, raising
from quancheng.capabilities.things.counting import Crossing
from quancheng.capabilities.things.crossing_rows import alarm_of, occurrence_of, rule_of
from quancheng.capabilities.things.models import Alarm, AlarmOccurrence, AlarmRule, AlarmStep, Station
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.models import writing


def raise_one(row: dict[str, Any]) -> int:
    facts = dict(row)
    one = Crossing(
        version=facts.pop("rule_version"), name=Text.of(facts.pop("name")),
        readings=tuple(facts.pop("readings")), **facts,
    )  # fmt: skip
    with writing("oracle"):
        return _raise(one)


def _raise(one: Crossing) -> int:
    told = AlarmOccurrence.objects.filter(
        rule=one.rule, version=one.version, key=one.place_key, stream=one.stream or 0, at=one.at
    ).first()
    if told is not None:
        return int(told.alarm_id)
    going = Alarm.objects.filter(rule__code=one.rule, key=one.place_key, exercise="")
    found = going.exclude(state=Alarm.State.CLOSED).order_by("-pk").first()
    return _first(one) if found is None else _again(found, one)


def _again(alarm: Alarm, one: Crossing) -> int:
    before = alarm.level
    alarm.count += 1
    alarm.level = min(alarm.level, one.level)
    alarm.last_at = max(alarm.last_at or alarm.raised_at, one.at)
    alarm.raised_at = min(alarm.raised_at, one.at)
    alarm.ended_at = None
    alarm.save()
    occurrence_of(one, alarm.pk).save()
    if alarm.level < before:
        _step(alarm, one.detected_at, "repeated", one.rule, {"before": before, "level": alarm.level})
    if not alarm.untold:
        more = {"count": alarm.count, "level_before": before}
        events.emit("things.alarm.repeated", alarm.key, crossings.payload(alarm) | more)
    return int(alarm.pk)


def _first(one: Crossing) -> int:
    rule = AlarmRule.objects.filter(code=one.rule, version=one.version).first()
    if rule is None:
        rule = rule_of(one)
        rule.save()
    station = Station.objects.filter(code=one.place_key).first()
    muted = raising.muted_until(one.rule, one.place_key, one.detected_at)
    alarm = alarm_of(one, rule, station, muted)
    alarm.save()
    occurrence_of(one, alarm.pk).save()
    _step(alarm, one.detected_at, "raised", one.rule, {"version": one.version})
    if muted is None:
        events.emit("things.alarm.raised", alarm.key, crossings.payload(alarm))
    return int(alarm.pk)


def end_one(call: Call, pk: int, at: datetime) -> None:
    alarm = Alarm.objects.get(pk=pk)
    if alarm.ended_at is not None or alarm.state == Alarm.State.CLOSED:
        return
    alarm.ended_at = at
    with writing("oracle"):
        alarm.save()
        _step(alarm, call.at, "ended", str(call.actor), {})
    raising.tell_handled(alarm, "ended", str(call.actor), "")


def _step(alarm: Alarm, at: datetime, what: str, by: str, detail: dict[str, Any]) -> None:
    AlarmStep(alarm=alarm, at=at, what=what, by=by, detail=detail).save()
