"""告警说明: what an alarm says of itself: the rule's version, the condition in words, limit and source, readings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from quancheng.capabilities.watch import wording
from quancheng.capabilities.watch.compiling import STATION, Compiled, draft_of
from quancheng.capabilities.watch.models import RuleVersion
from quancheng.capabilities.watch.values import StreamRow, moment
from quancheng.core.rules import NATIONAL
from quancheng.core.text import Text
from quancheng.core.watch import Firing, Kind
from quancheng.kernel import clock

SECONDS = {Kind.SEQUENCE, Kind.ABSENCE, Kind.STUCK}
"""Kinds whose signal is a time, whatever the stream's unit."""


def firing_row(
    version: RuleVersion, compiled: Compiled, firing: Firing, detected_at: datetime, delay_ms: int
) -> dict[str, Any]:
    """Arguments of ``things.raise_alarm`` and columns of the episode."""
    row = compiled.streams[firing.stream]
    key = row.key.removeprefix(STATION) if row.key.startswith(STATION) else row.key
    alarm = {
        "rule": f"watch.{version.rule.code}", "rule_version": version.number, "name": version.rule.text,
        "level": version.level, "key": key[:120], "stream": firing.stream, "at": moment(firing.at),
        "detected_at": detected_at, "readings": firing.readings, "finding": finding(version, compiled, firing, row),
        "incident_type": version.incident_type, "simulated": row.simulated or version.rule.simulated,
    }  # fmt: skip
    episode = {
        "version_id": version.pk, "stream": firing.stream, "key": key[:200], "began": firing.at,
        "value": firing.value, "limit": firing.limit, "late": firing.late, "detected_at": detected_at,
        "delay_ms": min(max(delay_ms, 0), 2**31 - 1), "readings": [list(one) for one in firing.readings],
    }  # fmt: skip
    return {"alarm": alarm, "episode": episode}


def finding(version: RuleVersion, compiled: Compiled, firing: Firing, row: StreamRow) -> dict[str, Any]:
    """The grounds of an alarm, with the same names as those of other modules' rules."""
    spec = compiled.rule.spec
    words = condition(version, compiled, row)
    place = {
        "zh": row.name, "en": row.name_en, "lon": row.lon, "lat": row.lat, "region": row.region,
        "department": row.department, "kind": row.kind, "unit": row.unit,
    }  # fmt: skip
    grounds: dict[str, Any] = {
        "amount": round(firing.value, 4), "threshold": firing.limit, "unit": unit_of(spec.kind, row.unit),
        "property": row.property_key[-40:], "window_minutes": spec.minutes, "condition": words.to_dict(),
        "citation": citation(version, compiled), "late": firing.late, "version": version.number,
        "place": {name: value for name, value in place.items() if value not in (None, "")},
    }  # fmt: skip
    source = compiled.finding
    if source is not None:
        return grounds | source.to_dict()
    since = (version.valid_from or version.written_at).astimezone(clock.LOCAL).date().isoformat()
    rule = {
        "id": f"watch.{version.rule.code}", "name": version.rule.text.to_dict(), "value": firing.limit,
        "unit": grounds["unit"], "authority": version.approved_by, "region": NATIONAL, "valid_from": since,
        "citation": version.source, "simulated": version.rule.simulated,
    }  # fmt: skip
    return grounds | {"rule": rule}


def condition(version: RuleVersion, compiled: Compiled, row: StreamRow | None) -> Text:
    """The version in words, with its present limit."""
    from dataclasses import replace

    draft = replace(draft_of(version), spec=compiled.rule.spec)
    named = None if row is None else name_of(row)
    then = next((one for one in compiled.streams.values() if one.id in compiled.rule.followers), None)
    second = None if then is None else name_of(then)
    return wording.sentence(draft, what=named, unit=row.unit if row else "", then=second)


def name_of(row: StreamRow) -> Text:
    """What the stream observes; in English the short key, as the words it is made of."""
    return Text(row.property, row.property_key.rsplit(":", 1)[-1].replace("_", " "))


def citation(version: RuleVersion, compiled: Compiled) -> str:
    """Where the limit comes from."""
    return compiled.finding.rule.citation if compiled.finding is not None else version.source


def unit_of(kind: Kind, unit: str) -> str:
    """Unit of the signal."""
    return "s" if kind in SECONDS else unit
