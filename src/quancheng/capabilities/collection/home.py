"""The block of collection on the desk's home page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.collection import queries


def desk_context(request: HttpRequest) -> dict[str, Any]:
    """What waits and what is late, for a data officer."""
    actor = request.actor  # type: ignore[attr-defined]
    if not queries.DESK_ROLES & actor.role_ids:
        return {}
    return {
        "counts": queries.counts(actor),
        "held": queries.runs(actor, state="held").order_by("-began_at")[:5],
        "late": queries.overdue(actor).order_by("late_since", "code")[:5],
    }
