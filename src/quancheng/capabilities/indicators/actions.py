"""The only writer of indicators."""

from __future__ import annotations

from typing import Any

import structlog

from quancheng.capabilities.indicators import catalogue
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Forbidden, NotSignedIn

log = structlog.get_logger(__name__)


def compute(call: Call, *, only: str = "") -> dict[str, Any]:
    """计算指标: today's value of all indicators, or of one. Raises Forbidden, NotFound.

    An indicator that fails keeps no value and its reason; the others are computed all the same.
    The functions run before the writing transaction, so a slow one keeps nobody waiting.
    """
    if not access.allowed(call.actor, "compute", Snapshot):
        raise Forbidden() if call.actor.is_authenticated else NotSignedIn()
    wanted = [catalogue.definition(only)] if only else catalogue.definitions()
    return _keep(call, rows=[_row(one, call) for one in wanted], only=only)


@action("indicators.compute", idempotent=False)
def _keep(call: Call, *, rows: list[Snapshot], only: str) -> dict[str, Any]:
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


def _row(one: catalogue.Definition, call: Call) -> Snapshot:
    today = clock.today()
    try:
        found = one.compute()
    except Exception as error:
        log.exception("indicators.failed", indicator=one.id)
        reason = f"{type(error).__name__}: {error}"[:300]
        return Snapshot(indicator=one.id, day=today, as_of=call.at, evidence=one.evidence, error=reason)
    return Snapshot(
        indicator=one.id,
        day=today,
        value=found.value,
        numerator=found.numerator,
        denominator=found.denominator,
        evidence=found.evidence or one.evidence,
        note=found.note.to_dict() if found.note else {},
        as_of=found.as_of,
    )
