"""Data return 数据返还: declared by the source, read by areas with a mark, receipted with both counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.capabilities.ledgers import areas, base, limits, looking, spreadsheet
from quancheng.capabilities.ledgers.fetching import get
from quancheng.capabilities.ledgers.models import Receipt, Returned
from quancheng.capabilities.people import queries as people
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, TooLarge


@action("ledgers.declare_returned")
def declare_returned(
    call: Call,
    *,
    table: str,
    zh: str,
    organ: str,
    region_column: str,
    en: str = "",
    fields: Sequence[str] = (),
    simulated: bool = False,
) -> Returned:
    """设定返还: a table is given back to districts and towns, each the rows whose ``region_column`` begins with its
    code. ``fields``: columns given (empty: all). A second declaration of a table changes the first.

    Raises Forbidden, InvalidInput, NotFound when there is no such table.
    """
    access.require(call.actor, "declare", Returned)
    found = Returned.objects.filter(table=table).first() or Returned(table=table)
    found.zh, found.en, found.organ = zh.strip()[:80], en.strip()[:120], people.department(organ)
    found.region_column, found.fields, found.active = region_column, list(fields), True
    found.declared_by, found.declared_at = str(call.actor)[:120], call.at
    found.simulated = simulated or call.actor.simulated
    faults = _declaration_faults(found)
    if faults:
        raise InvalidInput(fields=faults)
    found.save()
    access.require(call.actor, "declare", found)
    audit.note(table=table, organ=organ, region_column=region_column)
    return found


def _declaration_faults(found: Returned) -> dict[str, Text]:
    faults = {}
    schema = base.schema_of(found)
    kinds = {one.name: one.kind for one in schema.columns}
    if not found.zh:
        faults["zh"] = Text("请填写名称。", "Give it a name.")
    if kinds.get(found.region_column) is not Kind.TEXT:
        faults["region_column"] = Text(
            "区划字段应是表里的文本字段。", "The region column is a text column of the table."
        )
    if unknown := set(found.fields) - kinds.keys():
        said = "、".join(sorted(unknown))
        faults["fields"] = Text(f"表里没有字段：{said}", f"No such columns: {said}")
    return faults


@action("ledgers.stop_returned")
def stop_returned(call: Call, *, returned: int, reason: str) -> Returned:
    """停止返还, with a reason; ledgers keep what was pre-filled. Raises Forbidden, Conflict, InvalidInput."""
    found = get(call, Returned, "declare", pk=returned)
    if not found.active:
        raise Conflict(Text("已经停止返还。", "It is not returned any more."))
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明理由。", "Give a reason.")})
    found.active = False
    found.save(update_fields=["active"])
    audit.note(table=found.table, reason=reason.strip()[:200])
    return found


@action("ledgers.look_at_returned", idempotent=False)
def look_at_returned(
    call: Call, *, returned: int, area: str = "", filters: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """查询返还数据 of one's own area: rows, total, the watermark. Each look is an entry of the audit.

    ``filters``: ``text``, ``column``, ``value``, ``sort``, ``offset``. Raises Forbidden, InvalidInput.
    """
    found = get(call, Returned, "read", pk=returned)
    prefix = areas.own_prefix(call.actor, area)
    seen = looking.look(found, prefix, filters or {})
    mark = looking.watermark(call)
    audit.note(returned=found.zh, area=prefix, rows=len(seen["rows"]), total=seen["total"], mark=mark["code"],
               asked={key: str(value)[:60] for key, value in (filters or {}).items() if value})  # fmt: skip
    return seen | {"mark": mark, "area": prefix}


@action("ledgers.export_returned", idempotent=False)
def export_returned(
    call: Call, *, returned: int, purpose: str, area: str = "", filters: Mapping[str, Any] | None = None
) -> str:
    """导出返还数据 as CSV with a watermark, for a stated purpose, at most the rule book's number of rows.

    Raises Forbidden, InvalidInput without a purpose, TooLarge.
    """
    found = get(call, Returned, "read", pk=returned)
    if not purpose.strip():
        raise InvalidInput(fields={"purpose": Text("请写明导出用途。", "Say what it is exported for.")})
    prefix = areas.own_prefix(call.actor, area)
    most = limits.whole("export_rows")
    seen = looking.look(found, prefix, {**(filters or {}), "offset": 0}, size=most + 1)
    if len(seen["rows"]) > most:
        raise TooLarge(
            Text(f"一次最多导出{most}行，请缩小范围。", f"At most {most} rows at a time; narrow the list."),
            todo=Text("请按社区或条件分批导出。", "Export by community or condition."),
        )
    mark = looking.watermark(call)
    audit.note(
        returned=found.zh,
        area=prefix,
        rows=len(seen["rows"]),
        purpose=purpose.strip()[:200],
        mark=mark["code"],
    )
    names = [one.zh or one.name for one in base.shown_columns(found)]
    rows = [[cell["text"] for cell in row] for row in seen["rows"]]
    return spreadsheet.csv_of(names, rows, [mark["text"], Text(f"用途：{purpose.strip()}", "").zh])


@action("ledgers.take_receipt")
def take_receipt(call: Call, *, returned: int, area: str = "") -> Receipt:
    """签收: the area counts what it reads of the newest version, the city what it gives; both are kept.

    The same version is receipted once. Raises Forbidden.
    """
    found = get(call, Returned, "read", pk=returned)
    prefix = areas.own_prefix(call.actor, area)
    access.require(call.actor, "take", Receipt)
    view = base.view_of(found)
    kept = Receipt.objects.filter(returned=found, region_code=prefix, version=view.version).first()
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    given = base.counts_by_area(found, len(prefix)).get(prefix, 0)
    taken, digest = base.taken(found, prefix, view.version)
    made: Receipt = Receipt.objects.create(
        returned=found, region_code=prefix, version=view.version, given=given, taken=taken, digest=digest,
        by=str(call.actor)[:120], at=call.at,
    )  # fmt: skip
    access.require(call.actor, "take", made)
    events.emit(
        "ledgers.return.taken", found.table,
        {"table": found.table, "area": prefix, "version": made.version, "given": given, "taken": taken},
    )  # fmt: skip
    audit.note(table=found.table, area=prefix, version=made.version, given=given, taken=taken)
    return made
