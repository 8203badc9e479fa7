"""The only writer of indicators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action


@action("indicators.compute", idempotent=False)
def record_values(call: Call, *, rows: Sequence[Snapshot], only: str = "") -> dict[str, Any]:
    """留存取值: today's values, each replacing an earlier one of the day. Raises Forbidden."""
    access.require(call.actor, "compute", Snapshot)
    Snapshot.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["indicator", "day"],
        update_fields=["value", "numerator", "denominator", "evidence", "note", "as_of", "error"],
    )
    done = {"computed": len(rows), "failed": sorted(row.indicator for row in rows if row.error)}
    audit.note(**done)
    events.emit("indicators.computed", only or "all", done)
    return done
