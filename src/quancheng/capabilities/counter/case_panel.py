"""Where a case was received and where its papers are, for the pages of the case."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.counter import queries
from quancheng.capabilities.counter.custody_pages import KINDS, is_late, timeline


def context(request: HttpRequest, case: Any) -> dict[str, Any] | None:
    """For the desk: reception and bags; nothing for cases applied for online."""
    actor = request.actor  # type: ignore[attr-defined]
    reception = queries.reception_of(actor, case)
    rows = [
        {"bag": one, "kind": KINDS[one.state], "late": is_late(one)} for one in queries.bags_of(actor, case)
    ]
    return {"reception": reception, "bags": rows} if reception or rows else None


def citizen_context(request: HttpRequest, case: Any) -> dict[str, Any] | None:
    """For the applicant: where it was received, who has the papers, every hand-over and whether it is whole."""
    actor = request.actor  # type: ignore[attr-defined]
    reception = queries.reception_of(actor, case)
    if reception is None:
        return None
    rows = [
        {
            "bag": one,
            "kind": KINDS[one.state],
            "timeline": timeline(queries.chain(one)),
            "verdict": queries.verdict(one),
        }
        for one in queries.bags_of(actor, case)
    ]
    return {"reception": reception, "bags": rows}
