"""What the HTTP interface takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput


class TextIn(Schema):
    """A text in two languages."""

    zh: str = Field(min_length=1, max_length=160)
    en: str = Field(min_length=1, max_length=200)


class ReportIn(Schema):
    """接报."""

    type: str = Field(max_length=100)
    level: int = Field(ge=1, le=4)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    region: str = Field(max_length=12)
    title: TextIn
    occurred_at: datetime
    source_kind: str = Field("system", max_length=10)
    source_ref: str = Field(max_length=120)
    text: str = Field("", max_length=500)
    place: str = Field("", max_length=120)
    exercise: str = Field("", max_length=40)


class NoteIn(Schema):
    """A note or reason."""

    note: str = Field("", max_length=1000)


class LevelIn(NoteIn):
    """A level with its reason."""

    level: int = Field(ge=1, le=4)


class ActivateIn(NoteIn):
    """Starting a plan, at another level than proposed if given."""

    level: int | None = Field(None, ge=1, le=4)


class ProposeIn(Schema):
    """研判."""

    plan: str = Field(max_length=60)
    inputs: dict[str, Any] = Field(default_factory=dict)
    districts: list[str] = Field(default_factory=list, max_length=200)
    incident: str = Field("", max_length=24)
    exercise: str = Field("", max_length=40)


class TaskIn(Schema):
    """下达任务."""

    title: TextIn
    department: str = Field(max_length=40)
    incident: str = Field("", max_length=24)
    priority: int = Field(2, ge=1, le=3)
    due_minutes: int = Field(60, ge=1, le=10080)
    text: str = Field("", max_length=500)


class ProofIn(Schema):
    """反馈."""

    text: str = Field(min_length=1, max_length=1000)
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)


# -- shapes -----------------------------------------------------------------------------------
def incident_shape(row: Any) -> dict[str, Any]:
    """An incident as plain values."""
    return {
        "number": row.number,
        "type": row.type,
        "title": row.title.to_dict(),
        "level": row.level,
        "state": row.state,
        "lon": row.lon,
        "lat": row.lat,
        "located": row.located,
        "region": row.region,
        "place": row.place,
        "lead": row.lead.code if row.lead else "",
        "occurred_at": row.occurred_at,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "reports": row.reports_count,
        "exercise": row.exercise,
        "simulated": row.simulated,
        "url": row.path,
    }


def task_shape(row: Any) -> dict[str, Any]:
    """A task as plain values."""
    return {
        "number": row.number,
        "title": row.title.to_dict(),
        "state": row.state,
        "department": row.department.code,
        "region": row.region,
        "priority": row.priority,
        "lon": row.lon,
        "lat": row.lat,
        "issued_at": row.issued_at,
        "due_at": row.due_at,
        "accepted_at": row.accepted_at,
        "proved_at": row.proved_at,
        "verified_at": row.verified_at,
        "escalated_at": row.escalated_at,
        "minutes": row.minutes,
        "incident": row.incident.number if row.incident else "",
        "exercise": row.exercise,
        "simulated": row.simulated,
        "url": row.path,
    }


def activation_shape(row: Any) -> dict[str, Any]:
    """A response as plain values."""
    return {
        "id": row.pk,
        "plan": row.plan.code,
        "version": row.plan.version,
        "level": row.level,
        "state": row.state,
        "proposed_level": row.proposed_level,
        "districts": row.districts,
        "reasons": row.reasons,
        "proposed_at": row.proposed_at,
        "activated_at": row.activated_at,
        "ended_at": row.ended_at,
        "history": row.history,
        "exercise": row.exercise,
        "simulated": row.simulated,
    }


def page_of(page: Any, shape: Any) -> dict[str, Any]:
    """A page of a list with its cursors."""
    return {"items": [shape(row) for row in page], "next": page.next, "previous": page.previous}


def plain(value: str | None) -> str:
    """A parameter that can be asked of the database; raises InvalidInput."""
    text = value or ""
    if "\x00" in text or len(text) > 200:
        raise InvalidInput(
            Text("参数里有不能用的字符或过长。", "A parameter has unusable characters or is too long.")
        )
    return text
