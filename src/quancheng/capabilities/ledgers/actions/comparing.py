"""Comparing lists 比对: made, kept for some weeks for its maker, turned into tasks or corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from quancheng.capabilities.ledgers import (
    areas,
    base,
    comparing,
    limits,
    looking,
    outfitting,
    sides,
    spreadsheet,
)
from quancheng.capabilities.ledgers.actions import designing, differences
from quancheng.capabilities.ledgers.fetching import get
from quancheng.capabilities.ledgers.models import Book, Comparison, Difference, Line
from quancheng.capabilities.ledgers.sides import ListRef
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, TooLarge

_TASK_COLUMNS = [
    {"name": "核实结果", "choices": ["左表正确", "右表正确", "都不正确"], "required": True},
    {"name": "核实说明"},
]


@action("ledgers.compare_lists")
def compare_lists(
    call: Call, *, zh: str, left: ListRef, right: ListRef, matching: comparing.Matching,
    columns: Sequence[tuple[str, str]], simulated: bool = False,
) -> Comparison:  # fmt: skip
    """比对两份清单. The result is the maker's alone and kept for some weeks.

    Raises InvalidInput (fields ``left``, ``right``, ``key``), TooLarge, Forbidden.
    """
    access.require(call.actor, "make", Comparison)
    if not zh.strip():
        raise InvalidInput(fields={"zh": Text("请填写名称。", "Give it a name.")})
    _fit(left, right, matching, columns)
    lines, counts = comparing.compare(left.rows, right.rows, matching, columns)
    made: Comparison = Comparison.objects.create(
        zh=zh.strip()[:60], region_code=(areas.prefixes(call.actor) or [""])[0][:12],
        created_by=call.actor.user_id or 0, created_name=str(call.actor)[:120], created_at=call.at,
        expires_at=call.at + timedelta(days=limits.whole("comparison_days")),
        left=left.about(), right=right.about(), matching=_matching_json(matching),
        columns=[list(pair) for pair in columns], counts=counts.to_dict(), simulated=simulated,
    )  # fmt: skip
    access.require(call.actor, "make", made)
    Line.objects.bulk_create(
        [
            Line(
                comparison=made, number=number, side=one.side.value, key=one.key[:240], cells=list(one.cells),
                left=None if one.left is None else dict(one.left), likeness=one.likeness, why=one.why,
                right=None if one.right is None else dict(one.right),
            )
            for number, one in enumerate(lines, 1)
        ],
        batch_size=500,
    )  # fmt: skip
    audit.note(comparison=made.pk, left=left.name, right=right.name, counts=counts.to_dict())
    return made


def _fit(left: ListRef, right: ListRef, how: comparing.Matching, columns: Sequence[tuple[str, str]]) -> None:
    faults: dict[str, Text] = {}
    most = limits.whole("compared_rows")
    for name, side in (("left", left), ("right", right)):
        if len(side.rows) > most:
            raise TooLarge(Text(f"每份清单最多{most}行。", f"A list has at most {most} rows."))
        if not side.rows:
            faults[name] = Text("清单里没有数据行。", "The list holds no rows.")
    pairs = [*how.key, *(one for one in (how.name, how.birth) if one)]
    if not how.key and not (how.name and how.birth):
        faults["key"] = Text(
            "请选择标识字段，或姓名和出生日期。", "Choose key columns, or name and date of birth."
        )
    unknown = [a for a, b in [*pairs, *columns] if a not in left.names or b not in right.names]
    if unknown:
        faults["key"] = Text(
            f"清单里没有字段：{'、'.join(unknown)}", f"No such columns: {', '.join(unknown)}"
        )
    if faults:
        raise InvalidInput(fields=faults)


def _matching_json(how: comparing.Matching) -> dict[str, Any]:
    return {"key": [list(one) for one in how.key], "name": list(how.name or ()), "birth": list(how.birth or ()),
            "least": how.least}  # fmt: skip


@action("ledgers.export_comparison", idempotent=False)
def export_comparison(call: Call, *, comparison: int, side: str = "") -> str:
    """导出比对结果 as CSV: every line with its class, both sides' values beside each other. Audited."""
    found = get(call, Comparison, "use", pk=comparison)
    rows = found.lines.order_by("number")
    rows = rows.filter(side=side) if side in {one.value for one in comparing.Side} else rows
    most = limits.whole("export_rows")
    if rows.count() > most:
        raise TooLarge(Text(f"一次最多导出{most}行，请分类导出。", f"At most {most} rows; export by class."))
    names = [a for a, _ in found.columns]
    heads = [
        "类别",
        "标识",
        *(f"{name}（{end}）" for name in names for end in ("左", "右")),
        "不同字段",
        "原因",
    ]
    lines = [_line(one, found.columns) for one in rows]
    mark = looking.watermark(call)
    audit.note(comparison=found.pk, rows=len(lines), mark=mark["code"])
    return spreadsheet.csv_of(heads, lines, [mark["text"]])


def _line(one: Line, pairs: Sequence[Sequence[str]]) -> list[str]:
    cells: list[str] = []
    for a, b in pairs:
        cells += [(one.left or {}).get(a, ""), (one.right or {}).get(b, "")]
    side, why = sides.side_text(one.side).zh, sides.why_text(one.why).zh
    return [side, one.key, *cells, "、".join(one.cells), why]


@action("ledgers.turn_into_book")
def turn_into_book(
    call: Call, *, comparison: int, kinds: Sequence[str], department: str, region_code: str, due_on: date
) -> Book:
    """转为核查任务: lines of the given classes become rows of a draft ledger to be checked in the field.

    Raises Conflict when no line is left, InvalidInput.
    """
    found = get(call, Comparison, "use", pk=comparison)
    wanted = list(found.lines.filter(side__in=list(kinds), handled="").order_by("number"))
    if not wanted:
        raise Conflict(Text("没有可转的行。", "There is no line to turn into a task."))
    columns = [
        {"name": "标识"}, {"name": "比对结果"}, {"name": "左表内容"}, {"name": "右表内容"}, *_TASK_COLUMNS,
    ]  # fmt: skip
    book = designing.create_book(
        call.with_key(None), zh=f"{found.zh}核查"[:60], purpose=f"核查“{found.zh}”比对出的{len(wanted)}处不一致",
        department=department, region_code=region_code, due_on=due_on, columns=columns, key_column="标识",
        may_add=False, simulated=found.simulated,
    )  # fmt: skip
    rows = [
        {"标识": one.key or f"第{one.number}行", "比对结果": sides.side_text(one.side).zh,
         "左表内容": _content(one.left, one.cells), "右表内容": _content(one.right, one.cells)} | _place(one)
        for one in wanted
    ]  # fmt: skip
    outfitting.bring_in(call, book, rows)
    found.lines.filter(pk__in=[one.pk for one in wanted]).update(handled=book.code)
    audit.note(comparison=found.pk, book=book.code, rows=len(wanted))
    return book


def _content(row: Mapping[str, str] | None, cells: Sequence[str]) -> str:
    if row is None:
        return ""
    names = cells or list(row)
    return "；".join(f"{name}：{row[name]}" for name in names if row.get(name))[:900]


def _place(one: Line) -> dict[str, str]:
    for row in (one.left, one.right):
        for name in ("社区", "社区代码", "所属社区", "区划代码"):
            if row and row.get(name):
                return {name: row[name]}
    return {}


@action("ledgers.turn_into_differences")
def turn_into_differences(call: Call, *, comparison: int) -> int:
    """转为更正申请: cells in which a list differs from a returned table go to the table's source. Returns how many.

    Raises Conflict when the right side is no returned table, or nothing is left to send.
    """
    found = get(call, Comparison, "use", pk=comparison)
    access.require(call.actor, "send", Difference)
    returned = sides.table_of(found.right)
    key = found.matching["key"]
    if returned is None or len(key) != 1:
        raise Conflict(
            Text(
                "右表不是返还数据，或没有按一个标识字段比对。",
                "The right list is no returned table, or has no one key.",
            )
        )
    specs = {one.zh or one.name: one for one in base.shown_columns(returned)}
    made: list[Difference] = []
    handled: list[int] = []
    for line in found.lines.filter(side=comparing.Side.DIFFERING.value, handled="").order_by("number"):
        handled.append(line.pk)
        made += list(_corrections(call, found, line, returned, specs))
    if not made:
        raise Conflict(Text("没有可以申请更正的差异。", "There is nothing to correct."))
    differences.keep(made)
    differences.tell_sources(call, made)
    found.lines.filter(pk__in=handled).update(handled="更正申请")
    for organ, number in differences.count_by_organ(made).items():
        events.emit("ledgers.differences.sent", f"comparison:{found.pk}", {"organ": organ, "number": number})
    audit.note(comparison=found.pk, sent=len(made))
    return len(made)


def _corrections(call: Call, found: Comparison, line: Line, returned: Any, specs: Mapping[str, Any]) -> Any:
    by_left = dict(found.columns)
    right_key = found.matching["key"][0][1]
    region = _region_in(returned, specs, line.right or {})
    for name in line.cells:
        spec = specs.get(by_left.get(name, ""))
        if spec is None or not (line.left or {}).get(name):
            continue
        yield differences.of_comparison(
            call, returned, comparison=found, kind=Difference.Kind.VALUE, key=[(line.right or {}).get(right_key, "")],
            label=line.key[:120], column=name[:80], source=spec.name, base=(line.right or {}).get(by_left[name], ""),
            found=(line.left or {})[name][:1000], region_code=region, simulated=found.simulated,
        )  # fmt: skip


def _region_in(returned: Any, specs: Mapping[str, Any], row: Mapping[str, str]) -> str:
    """The community of a row of a returned table."""
    for name, spec in specs.items():
        if spec.name == returned.region_column:
            return row.get(name, "")[:12]
    return ""


@action("ledgers.drop_comparison")
def drop_comparison(call: Call, *, comparison: int) -> None:
    """删除比对结果 now."""
    found = get(call, Comparison, "use", pk=comparison)
    audit.note(comparison=comparison, name=found.zh)
    found.delete()


@action("ledgers.prune_comparisons", idempotent=False)
def prune_comparisons(call: Call) -> int:
    """清除到期的比对结果: they hold copies of personal data."""
    access.require(call.actor, "prune", Comparison)
    gone = Comparison.objects.filter(expires_at__lte=call.at)
    number = gone.count()
    gone.delete()
    audit.note(removed=number)
    return number
