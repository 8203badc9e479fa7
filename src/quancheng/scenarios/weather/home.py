"""Blocks on home pages: a warning in force for citizens, what waits for forecasters and approvers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.kernel import access
from quancheng.scenarios.weather import queries
from quancheng.scenarios.weather.models import Warning
from quancheng.scenarios.weather.pages.public import in_words

ORDER = 0
"""A warning in force stands above everything else on the page."""


def context(request: HttpRequest) -> dict[str, Any]:
    """The citizen's home: real warnings in force, never exercises."""
    return {"now": [in_words(row) for row in queries.in_force()[:3]]}


def desk_context(request: HttpRequest) -> dict[str, Any]:
    """The desk's home: drafts to submit, warnings to approve."""
    actor = request.actor  # type: ignore[attr-defined]
    drafts = access.allowed(actor, "draft", Warning)
    if not drafts and not access.allowed(actor, "approve", Warning):
        return {}
    return {"rows": list(queries.waiting(actor).defer("xml")[:5]), "may_draft": drafts, "shown": True}
