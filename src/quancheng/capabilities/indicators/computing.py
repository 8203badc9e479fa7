"""指标计算: runs the functions, then writes what they said in one go."""

from __future__ import annotations

from typing import Any

import structlog

from quancheng.capabilities.indicators import actions, catalogue
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import access, clock
from quancheng.kernel.actions import Call
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
    return actions.record_values(call, rows=[_row(one, call) for one in wanted], only=only)


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
