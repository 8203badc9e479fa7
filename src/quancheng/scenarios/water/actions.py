"""The writers of the water scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.scenarios.water.models import DrillRun, FloodPoint
from quancheng.scenarios.water.values import FloodPlace, RunTerms


@action("water.flood_points.register")
def register_flood_points(call: Call, *, places: Sequence[FloodPlace]) -> int:
    """登记易涝点. Register or correct places that flood; returns how many there are now."""
    access.require(call.actor, "register", FloodPoint)
    for place in places:
        FloodPoint.objects.update_or_create(code=place.code, defaults=place.columns())
    audit.note(places=len(places))
    return FloodPoint.objects.count()


@action("water.drill.record")
def record_drill(call: Call, *, code: str, terms: RunTerms, report: Mapping[str, Any]) -> DrillRun:
    """归档演练报告. Keep the report of a rehearsal as it was made."""
    access.require(call.actor, "record", DrillRun)
    run = DrillRun.objects.create(
        code=code,
        drill=terms.drill,
        seed=terms.seed,
        faults=terms.faults,
        seats=terms.seats,
        started_at=terms.started_at,
        ended_at=terms.ended_at,
        recorded_at=call.at,
        passed=bool(report["passed"]),
        report=dict(report),
    )
    audit.note(code=code, passed=run.passed)
    events.emit("water.drill.recorded", subject=code, data={"code": code, "passed": run.passed})
    return run
