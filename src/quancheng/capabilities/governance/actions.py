"""Writes of governance: the frozen month."""

from __future__ import annotations

import re
from typing import Any

from quancheng.capabilities.governance import reading
from quancheng.capabilities.governance.models import FrozenRate, Month
from quancheng.core.catalogue import FrozenMonth, freeze
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


def _counted(call: Call, *, month: str) -> tuple[Any, Any, Any]:
    """Counts before the writing transaction begins: it takes a while."""
    access.require(call.actor, "freeze", Month)
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise InvalidInput(fields={"month": Text("月份应为2026-11的形式", "A month is written 2026-11")})
    if clock.today() <= reading.last_day(month):
        raise InvalidInput(fields={"month": Text("本月尚未结束，不能冻结", "The month is not over yet")})
    return reading.rates(month), reading.table_versions(), {one.code: one for one in reading.organs()}


@action("governance.freeze_month", idempotent=False, prepare=_counted)
def freeze_month(call: Call, *, month: str, prepared: Any = None) -> Month:
    """冻结月份: the rates as they are now, chained to the month before. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "freeze", Month)
    rates, tables, organs = prepared
    last = Month.objects.order_by("-month").first()
    if last is not None and month <= last.month:
        raise Conflict(Text(f"已冻结到{last.month}，不能补冻或重冻。", f"Frozen up to {last.month} already."))
    before = FrozenMonth(last.month, (), last.previous, last.digest) if last else None
    made = freeze(month, rates, before)
    row: Month = Month.objects.create(
        month=month, previous=made.previous, digest=made.digest, frozen_at=call.at,
        frozen_by=call.actor.name, tables=tables,
    )  # fmt: skip
    FrozenRate.objects.bulk_create(
        FrozenRate(month=row, organ=organs[one.organ], code=one.organ, name=one.name.value,
                   due=list(one.due), done=list(one.done))
        for one in made.rates
    )  # fmt: skip
    audit.note(month=month, digest=made.digest, rates=len(made.rates))
    events.emit("governance.month.frozen", subject=month, data={"month": month, "digest": made.digest})
    return row
