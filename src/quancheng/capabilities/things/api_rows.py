"""Rows as the API says them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quancheng.capabilities.things.models import Alarm, DeadLetter, RepairOrder, Station


def station_row(found: Station) -> dict[str, Any]:
    """A station as the API says it."""
    return {
        "code": found.code, "name": found.text.to_dict(), "kind": found.kind, "lon": found.lon, "lat": found.lat,
        "region": found.region, "department": found.department, "protocol": found.protocol,
        "address": found.address, "status": found.status, "last_seen": found.last_seen,
        "simulated": found.simulated, "maker": found.maker, "model": found.model, "serial": found.serial,
        "installed_on": found.installed_on, "calibrated_on": found.calibrated_on,
        "calibration_due": found.calibration_due,
        "thing": found.thing,
    }  # fmt: skip


def alarm_row(found: Alarm) -> dict[str, Any]:
    """An alarm with what it was based on."""
    return {
        "id": found.pk, "station": found.key, "station_name": found.text.to_dict(), "stream": found.stream,
        "rule": found.rule.code, "rule_version": found.rule.version, "name": found.rule.text.to_dict(),
        "property": found.rule.prop, "window_minutes": found.rule.window_minutes, "level": found.level,
        "incident_type": found.rule.incident_type, "raised_at": found.raised_at, "detected_at": found.detected_at,
        "amount": _figure(found.amount), "threshold": _figure(found.threshold), "unit": found.unit,
        "coverage": found.coverage, "count": found.count, "last_at": found.last_at, "ended_at": found.ended_at,
        "muted_until": found.muted_until, "step": found.step, "result": found.result, "simulated": found.is_simulated,
        "state": found.state, "acknowledged_by": found.acknowledged_by, "closed_by": found.closed_by,
        "note": found.note, "exercise": found.exercise, "finding": found.finding, "evidence": found.evidence,
    }  # fmt: skip


def _figure(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def letter_row(found: DeadLetter) -> dict[str, Any]:
    """A refused frame."""
    return {
        "id": found.pk, "received_at": found.received_at, "channel": found.channel, "reason": found.reason,
        "text": found.text.to_dict(), "detail": found.detail, "raw_hex": found.raw_hex, "address": found.address,
        "exercise": found.exercise,
    }  # fmt: skip


def order_row(found: RepairOrder) -> dict[str, Any]:
    """A repair order as the API says it."""
    return {
        "number": found.number, "station": found.station.code, "maintainer": found.maintainer.code,
        "cause": found.cause, "text": found.text, "state": found.state, "created_at": found.created_at,
        "due_at": found.due_at, "ended_at": found.ended_at, "alarm": found.alarm_id, "simulated": found.simulated,
    }  # fmt: skip
