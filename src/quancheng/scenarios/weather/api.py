"""HTTP interface of weather, below ``/api/v1/weather/``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from ninja import Query, Router, Schema, Status
from ninja.security import django_auth

from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.actions import Call
from quancheng.kernel.middleware import call_of
from quancheng.scenarios.weather import actions, queries, wording
from quancheng.scenarios.weather.models import Warning

router = Router()


class Both(Schema):
    """A text in two languages."""

    zh: str
    en: str


class DraftIn(Schema):
    """起草."""

    level: int
    districts: list[str]
    headline: Both
    description: Both
    instruction: Both
    previous: str = ""
    exercise: str = ""
    seen: str = ""


class SeenIn(Schema):
    """The revision the approver read."""

    seen: str = ""


class ReasonIn(Schema):
    """Why."""

    reason: str


class PageParams(Schema):
    """Filters and cursor."""

    state: str = ""
    level: int | None = None
    exercise: str | None = None
    q: str = ""
    cursor: str = ""
    size: str = ""


@router.get("warnings", summary="预警 Warnings", auth=None)
def warnings(request: HttpRequest, params: Query[PageParams]) -> dict[str, Any]:
    """Warnings the asker may see, newest draft first; ``exercise=*`` for drills only."""
    found = queries.warnings(
        call_of(request).actor,
        state=params.state,
        level=params.level,
        exercise=params.exercise,
        text=params.q,
    )
    page = pagination.page(found.select_related("previous"), ("-drafted_at", "-id"), params.dict())
    return {"items": [warning_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.get("areas.geojson", summary="预警区域图层 Areas under warning", auth=None)
def areas(request: HttpRequest, exercise: str = "") -> JsonResponse:
    """Districts under a warning in force, the worst level of each."""
    return _geojson(queries.areas_geojson(exercise))


@router.get("warnings/{number}/areas.geojson", summary="一条预警的区域 Areas of one warning", auth=None)
def warning_areas(request: HttpRequest, number: str) -> JsonResponse:
    """Districts of one warning, whatever its state."""
    return _geojson(queries.warning_geojson(_row(call_of(request), number)))


@router.get("warnings/{number}", summary="一条预警 One warning", auth=None)
def warning(request: HttpRequest, number: str) -> dict[str, Any]:
    """A warning with its basis."""
    row = _row(call_of(request), number)
    return warning_row(row) | {"basis": row.basis}


@router.post("warnings", summary="起草 Draft", auth=django_auth, response={201: dict})
def draft(request: HttpRequest, body: DraftIn) -> Any:
    """Draft an alert, or an update of ``previous``."""
    call = call_of(request)
    previous = _row(call, body.previous) if body.previous else None
    made = actions.draft_warning(call, draft=_draft(body), previous=previous, exercise=body.exercise)
    return Status(201, warning_row(made))


@router.put("warnings/{number}", summary="修改 Edit", auth=django_auth)
def edit(request: HttpRequest, number: str, body: DraftIn) -> dict[str, Any]:
    """Change a draft; a submitted one goes back to draft."""
    call = call_of(request)
    row = _row(call, number)
    return warning_row(actions.edit_draft(call, warning=row, draft=_draft(body), seen=body.seen))


@router.post("warnings/{number}/submit", summary="送审 Submit", auth=django_auth)
def submit(request: HttpRequest, number: str) -> dict[str, Any]:
    """Hand it to an approver."""
    call = call_of(request)
    return warning_row(actions.submit_warning(call, warning=_row(call, number)))


@router.post("warnings/{number}/approve", summary="签发 Approve and publish", auth=django_auth)
def approve(request: HttpRequest, number: str, body: SeenIn) -> dict[str, Any]:
    """Publish it; the approver had no hand in the text."""
    call = call_of(request)
    return warning_row(actions.approve_warning(call, warning=_row(call, number), seen=body.seen))


@router.post("warnings/{number}/return", summary="退回 Return", auth=django_auth)
def send_back(request: HttpRequest, number: str, body: ReasonIn) -> dict[str, Any]:
    """Back to the drafter."""
    call = call_of(request)
    return warning_row(actions.return_warning(call, warning=_row(call, number), reason=body.reason))


@router.post("warnings/{number}/withdraw", summary="撤回 Withdraw", auth=django_auth)
def withdraw(request: HttpRequest, number: str, body: ReasonIn) -> dict[str, Any]:
    """Not to be published any more."""
    call = call_of(request)
    return warning_row(actions.withdraw_warning(call, warning=_row(call, number), reason=body.reason))


@router.post("warnings/{number}/cancel", summary="解除 Cancel", auth=django_auth)
def cancel(request: HttpRequest, number: str, body: ReasonIn) -> dict[str, Any]:
    """End a warning in force; the answer is the cancelling message."""
    call = call_of(request)
    return warning_row(actions.cancel_warning(call, warning=_row(call, number), reason=body.reason))


def warning_row(row: Warning) -> dict[str, Any]:
    """A warning as the API says it."""
    return {
        "number": row.number, "event_type": row.event_type, "level": row.level, "colour": row.colour.value.lower(),
        "msg_type": row.msg_type, "state": row.state, "headline": row.headline, "description": row.description,
        "instruction": row.instruction, "districts": row.districts, "crossed_at": row.crossed_at,
        "effective": row.effective, "expires": row.expires, "drafted_at": row.drafted_at,
        "published_at": row.published_at, "ended_at": row.ended_at,
        "previous": row.previous.number if row.previous else None, "exercise": row.exercise,
        "simulated": row.simulated, "sha256": row.xml_sha256, "signature": row.signature, "revision": row.revision,
        "cap": f"{row.message_path}.xml" if row.published_at else None,
    }  # fmt: skip


def _draft(body: DraftIn) -> actions.Draft:
    parts = (body.headline, body.description, body.instruction)
    return actions.Draft(body.level, body.districts, wording.Words(*(Text(one.zh, one.en) for one in parts)))


def _row(call: Call, number: str) -> Warning:
    return queries.warning(call.actor, number)


def _geojson(body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, content_type="application/geo+json", json_dumps_params={"ensure_ascii": False})
