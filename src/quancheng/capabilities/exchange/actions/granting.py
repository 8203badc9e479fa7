"""How grants are made, changed and ended; the deeds themselves stand in ``requests`` and ``grants``."""

from __future__ import annotations

import secrets
from datetime import datetime, time, timedelta

from quancheng.capabilities.exchange import checking, holdings
from quancheng.capabilities.exchange.models import Counter, Grant, ShareRequest, Subscription
from quancheng.capabilities.exchange.values import MODES, Given, Holding
from quancheng.capabilities.tables.values import TableSchema
from quancheng.core import exchange as core
from quancheng.core.text import Text
from quancheng.kernel import audit, clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput


def make_grant(call: Call, row: ShareRequest, given: Given, holding: Holding) -> Grant:
    """The grant of a request; nothing can be used before a source is there. Raises Conflict."""
    from quancheng.capabilities.exchange.models import Backend

    if not holding.table_id and not Backend.objects.filter(resource=row.resource).exists():
        raise Conflict(
            Text(
                "目录条目没有挂接数据表，也没有登记提供方服务，无法提供。",
                "The entry has neither a table nor a service.",
            ),
            todo=Text("请先归集数据，或登记服务地址。", "Collect the data first, or register a service."),
        )
    schema = holdings.schema_of(holding.table_id)
    if holding.table_id and (missing := missing_columns(schema, given)):
        text = Text(
            f"数据表没有字段：{'、'.join(missing)}", f"The table has no such column: {', '.join(missing)}"
        )
        raise InvalidInput(fields={"fields": text})
    start = max(call.at, datetime.combine(row.starts, time.min, clock.LOCAL))
    personal = holdings.person_field(schema)
    grant: Grant = Grant.objects.create(
        number=f"SQD{call.at.astimezone(clock.LOCAL):%Y%m%d}{secrets.token_hex(4).upper()}",
        request=row,
        consumer=row.consumer,
        provider=row.provider,
        resource=row.resource,
        resource_zh=row.resource_zh,
        resource_en=row.resource_en,
        table_id=holding.table_id,
        purpose=row.purpose,
        basis_title=row.basis_title,
        basis_clause=row.basis_clause,
        fields={name: str(way) for name, way in given.fields.items()},
        search=list(given.search),
        condition=checking.narrowed(row.condition, given.condition),
        modes=[str(mode) for mode in given.modes or MODES[row.way]],
        hours=[list(one) for one in given.hours],
        calls_per_day=given.calls_per_day,
        rows_per_day=given.rows_per_day,
        rows_per_call=given.rows_per_call,
        rate_per_second=given.rate_per_second,
        valid_from=start,
        valid_until=datetime.combine(given.ends, time.min, clock.LOCAL) + timedelta(days=1),
        case_required=given.case_required,
        person_field=personal,
        created_at=call.at,
        simulated=row.simulated,
    )
    Counter.objects.create(grant=grant)
    if row.renews_id:
        _close(call, Grant.objects.filter(pk=row.renews_id), "已续期")
    audit.note(grant=grant.number, fields=grant.fields, until=grant.valid_until.isoformat())
    said = {"grant": grant.number, "resource": grant.resource, "consumer": row.consumer.code}
    events.emit("exchange.grant.made", grant.number, said)
    return grant


def missing_columns(schema: TableSchema | None, given: Given) -> list[str]:
    """Granted fields the table does not have."""
    names = set() if schema is None else set(schema.names)
    return sorted(given.fields.keys() - names)


def end_grant(call: Call, row: ShareRequest, effect: core.Effect) -> None:
    """The grants of a request that has ended."""
    last = row.state["history"][-1] if row.state["history"] else {}
    _close(call, Grant.objects.filter(request=row), str(last.get("reason") or "使用期满或已撤回"))


def _close(call: Call, grants, reason: str) -> None:  # type: ignore[no-untyped-def]
    withdrawn = str(core.GrantStatus.WITHDRAWN)
    for number in list(grants.exclude(status=withdrawn).values_list("number", flat=True)):
        events.emit("exchange.grant.ended", number, {"grant": number, "reason": reason[:200]})
    Subscription.objects.filter(grant__in=grants).update(
        status=Subscription.Status.PAUSED, changed_at=call.at
    )
    grants.exclude(status=withdrawn).update(status=withdrawn, ended_reason=reason[:300])
