"""What the desk's case page shows of the assistant: ``templates/services/panel/assistant.html``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.assistant import queries, showing


def context(request: HttpRequest, case: Any) -> dict[str, Any]:
    """The readings of a case; empty for cases without pictures and for who may not see them."""
    rows = [showing.reading_row(one) for one in queries.readings(request.actor, case.receipt)]  # type: ignore[attr-defined]
    return {"assistant_rows": rows, "case": case}
