"""Block on the desk's home: who waits for a person, who waits for a call."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.guide import queries


def desk_context(request: HttpRequest) -> dict[str, Any]:
    """For agents only; empty for others."""
    actor = request.actor  # type: ignore[attr-defined]
    if queries.AGENT not in actor.role_ids:
        return {}
    return {"duty": queries.on_duty(), "callbacks": queries.open_callbacks(actor)}
