"""数据质量: a day's figures of every stream, computed again as long as late data may come."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.things.models import Station, StreamDay
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action

_FIGURES = ["expected", "arrived", "due_hours", "valid_hours", "late", "stuck_hours", "impossible"]


@action("things.keep_days", idempotent=False)
def keep_days(call: Call, *, rows: Sequence[StreamDay]) -> int:
    """记下日质量: replaces what was known of these streams on that day."""
    access.require(call.actor, "ingest", Station)
    StreamDay.objects.bulk_create(
        list(rows),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["day", "datastream"],
        update_fields=_FIGURES,
    )
    audit.note(rows=len(rows))
    return len(rows)
