"""The panel of the command overview: live warnings of the city or a drill, approval at hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.kernel import access
from quancheng.kernel.middleware import new_key
from quancheng.scenarios.weather import flow
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning
from quancheng.scenarios.weather.pages.common import verbs_for

ROWS = 4


def context(request: HttpRequest, exercise: str) -> dict[str, Any]:
    """Live warnings, what waits for approval first."""
    actor = request.actor  # type: ignore[attr-defined]
    found = access.visible(actor, Warning).filter(state__in=flow.LIVE, exercise=exercise).defer("xml")
    order = {State.SUBMITTED: 0, State.PUBLISHED: 1, State.DRAFT: 2}
    rows = sorted(found.order_by("-drafted_at", "-id")[: 2 * ROWS], key=lambda row: order[State(row.state)])
    kinds = {State.SUBMITTED: "warn", State.PUBLISHED: "ok"}
    return {
        "warnings": [
            {
                "row": row,
                "may": verbs_for(actor, row),
                "kind": kinds.get(State(row.state), "info"),
                "key": new_key(),
            }
            for row in rows[:ROWS]
        ],
    }
