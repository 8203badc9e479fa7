"""What command tells the rest of the city: the payloads of its events."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.command.deeds import display
from quancheng.capabilities.command.models import Incident, PlanActivation, Task
from quancheng.kernel.actions import Call


def _common(call: Call, at: Any, row: Incident | PlanActivation | Task) -> dict[str, Any]:
    return {
        "exercise": row.exercise,
        "simulated": row.simulated,
        "at": at,
        "by": display(call.actor),
        "evidence": row.path,
    }


def of_incident(call: Call, at: Any, row: Incident, **more: Any) -> dict[str, Any]:
    """Payload of ``command.incident.*``."""
    return {
        **_common(call, at, row),
        "number": row.number,
        "type": row.type,
        "title": row.title.to_dict(),
        "level": row.level,
        "lon": row.lon,
        "lat": row.lat,
        "region": row.region,
        "state": row.state,
        "lead": row.lead.code if row.lead else "",
        "occurred_at": row.occurred_at,
        "reports": row.reports_count,
        **more,
    }


def of_activation(call: Call, at: Any, row: PlanActivation, **more: Any) -> dict[str, Any]:
    """Payload of ``command.plan.*``."""
    return {
        **_common(call, at, row),
        "activation": row.pk,
        "plan": row.plan.code,
        "name": row.plan.name.to_dict(),
        "level": row.level,
        "incident": row.incident.number if row.incident else "",
        "districts": row.districts,
        **more,
    }


def of_task(call: Call, at: Any, row: Task, **more: Any) -> dict[str, Any]:
    """Payload of ``command.task.*``."""
    return {
        **_common(call, at, row),
        "number": row.number,
        "title": row.title.to_dict(),
        "department": row.department.code,
        "region": row.region,
        "priority": row.priority,
        "due_at": row.due_at,
        "state": row.state,
        "incident": row.incident.number if row.incident else "",
        "activation": row.activation_id,
        "template": row.template,
        "lon": row.lon,
        "lat": row.lat,
        **more,
    }
