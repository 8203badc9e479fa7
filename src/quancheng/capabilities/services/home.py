"""Blocks on the home pages: hot matters and open cases; what waits at the desk."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.services import catalogue, queries, showing


def context(request: HttpRequest) -> dict[str, Any]:
    """The citizen's home: my open cases, hot matters, zones."""
    actor = request.actor  # type: ignore[attr-defined]
    mine = queries.my_cases(actor, {"state": "open", "size": "3"}).items if actor.is_authenticated else []
    return {
        "matters": catalogue.matters(actor, {"size": "6"}).items,
        "open_cases": [{"case": one, "kind": showing.state_kind(one.state)} for one in mine],
        "zones": catalogue.zones(),
    }


def desk_context(request: HttpRequest) -> dict[str, Any]:
    """The desk's home: figures of the inbox and the next due cases."""
    actor = request.actor  # type: ignore[attr-defined]
    if not queries.DESK_ROLES & actor.role_ids:
        return {}
    page = queries.inbox(actor, {"size": "5"})
    return {
        "counts": queries.counts(actor),
        "rows": [{"case": one, "reading": queries.clock_of(one)} for one in page.items],
    }
