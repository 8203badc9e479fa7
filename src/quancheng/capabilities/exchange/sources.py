"""数据来源: rows of a grant, from the platform's table or the provider's own service behind a circuit breaker."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.exchange.models import Backend, Grant
from quancheng.capabilities.tables import queries as tables
from quancheng.core import exchange as core
from quancheng.core.exchange.condition_form import condition_to_json
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput, PartnerFailed

_ANSWER_BYTES = 32 * 2**20
OPEN = Text(
    "提供方服务连续失败，已暂停调用，请稍后再试。",
    "The provider's service keeps failing; it is left alone for a while.",
)
FAILED = Text("提供方服务没有正确应答。", "The provider's service did not answer correctly.")


def columns_wanted(grant: Grant, allowed: core.Allowed) -> list[str]:
    """Columns to fetch: what is shown, what the row condition reads, whom the row is about."""
    shown = [name for name, way in allowed.fields.items() if way is not core.Mask.HIDE]
    read = [*core.fields_of(allowed.condition), *([grant.person_field] if grant.person_field else [])]
    return list(dict.fromkeys([*shown, *read]))


def rows_of(
    grant: Grant, allowed: core.Allowed, limit: int, offset: int, at: datetime
) -> list[dict[str, Any]]:
    """At most ``limit`` rows that the grant covers, unmasked, from ``offset`` on, in key order.

    Raises InvalidInput for a condition that does not fit the columns, PartnerFailed.
    """
    fields = columns_wanted(grant, allowed)
    if not grant.table_id:
        return _asked(grant, allowed, fields, limit, offset)
    view = tables.view(grant.table_id)
    _fits(allowed.condition, view.schema.field_types())
    missing = [name for name in fields if view.schema.column(name) is None]
    if missing:
        raise PartnerFailed(
            Text(
                f"数据表已没有字段 {'、'.join(missing)}。",
                f"The table has no column {', '.join(missing)} any more.",
            ),
            todo=Text("请提供部门修改授权字段。", "Let the provider change the grant's fields."),
        )
    found = view.arrow(fields, _plain(allowed.condition), limit + offset)
    rows: list[dict[str, Any]] = found.slice(offset).to_pylist()
    return rows


def all_rows(grant: Grant, allowed: core.Allowed, most: int) -> Iterator[dict[str, Any]]:
    """The rows of a grant, streamed, for a file."""
    view = tables.view(grant.table_id)
    _fits(allowed.condition, view.schema.field_types())
    fields = columns_wanted(grant, allowed)
    for batch in view.batches(fields, _plain(allowed.condition), limit=most):
        yield from batch.to_pylist()


def _fits(condition: core.Condition, types: Any) -> None:
    try:
        core.check(condition, types)
    except core.ConditionError as error:
        raise InvalidInput(error.text, fields={"condition": error.text}) from error


def _plain(condition: core.Condition) -> core.Condition | None:
    """Without empty ANDs, so that "all rows" takes the table's short way."""
    parts = _parts(condition)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else core.AllOf(tuple(parts))


def _parts(condition: core.Condition) -> list[core.Condition]:
    if isinstance(condition, core.AllOf):
        return [inner for part in condition.parts for inner in _parts(part)]
    return [condition]


# -- the provider's own service -----------------------------------------------------------------
def _asked(
    grant: Grant, allowed: core.Allowed, fields: list[str], limit: int, offset: int
) -> list[dict[str, Any]]:
    from quancheng.capabilities.exchange import actions  # the circuit's state is written by an action

    backend = Backend.objects.filter(resource=grant.resource).first()
    if backend is None:
        raise PartnerFailed(
            Text("提供方没有登记服务地址。", "The provider has registered no service address.")
        )
    ticket = actions.admit_backend(Call.system("exchange"), backend=backend.pk)
    if ticket is None:
        raise PartnerFailed(OPEN, todo=Text("稍后自动恢复。", "It is tried again by itself."))
    question = {
        "fields": fields,
        "condition": condition_to_json(allowed.condition),
        "limit": limit,
        "offset": offset,
        "grant": grant.number,
    }
    good = False
    try:
        rows = _post(backend.url, question, backend.timeout_seconds)
        good = True
    finally:
        actions.report_backend(Call.system("exchange"), backend=backend.pk, ticket=ticket, good=good)
    return [row for row in rows if isinstance(row, dict)][:limit]


def _post(url: str, question: dict[str, Any], timeout: float) -> list[Any]:
    """``{"rows": […]}`` of the provider's service."""
    if not url.startswith(("http://", "https://")):
        raise PartnerFailed(FAILED)
    request = urllib.request.Request(  # noqa: S310
        url, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            raw = answer.read(_ANSWER_BYTES + 1)
        if len(raw) > _ANSWER_BYTES:
            raise PartnerFailed(FAILED)
        rows = json.loads(raw)["rows"]
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError) as error:
        raise PartnerFailed(FAILED) from error
    if not isinstance(rows, list):
        raise PartnerFailed(FAILED)
    return rows


def read_circuit(kept: dict[str, Any], rule: core.BreakerRule) -> core.Breaker:
    """A kept circuit under today's rule."""
    if not kept:
        return core.Breaker(rule)
    until = kept.get("until")
    return core.Breaker(
        rule,
        core.Circuit(kept["circuit"]),
        kept["round"],
        kept["failed"],
        kept["succeeded"],
        kept["started"],
        kept["openings"],
        None if until is None else datetime.fromisoformat(until),
    )


def write_circuit(state: core.Breaker) -> dict[str, Any]:
    """A circuit as JSON."""
    kept = asdict(replace(state, rule=core.BreakerRule(1, timedelta(seconds=1))))
    del kept["rule"]
    return kept | {
        "circuit": str(state.circuit),
        "until": None if state.until is None else state.until.isoformat(),
    }
