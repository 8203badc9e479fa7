"""更正: failing rows before the officer's eyes: which they are, what they become, files of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from quancheng.capabilities.quality import engine, rows
from quancheng.capabilities.quality.models import Issue
from quancheng.capabilities.quality.values import Failing, FailingPage
from quancheng.capabilities.tables import queries as tables
from quancheng.core.quality import Fault
from quancheng.core.tabular import Limits, TableError, body, propose_head, read, safe_cell, sniff
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

SIZE = 25
REASON = "不合格原因"
FILE_BYTES = 20 * 1024 * 1024
MOST_FILE_ROWS = 100_000
_LIMITS = Limits(
    bytes=FILE_BYTES, in_memory=FILE_BYTES, unpacked=200 * 1024 * 1024, ratio=200.0, parts=500,
    rows=MOST_FILE_ROWS, columns=500, cell=32_768, row=200_000,
)  # fmt: skip


def page(issue: Issue, *, version: int | None, offset: int, unmasked: bool, size: int = SIZE) -> FailingPage:
    """A page of an issue's failing rows (不合格行). Raises NotFound when the table or version is gone."""
    number, found = _failing(issue, version, size, offset)
    schema = engine.info_of(issue.sheet.table_id).schema
    columns = {each.name: each for each in schema.columns}

    def cell(name: str, value: Any) -> str:
        column = columns.get(name)
        hidden = column is not None and column.personal and not unmasked
        return rows.masked(value, column) if hidden else rows.shown(value)

    def part(row: Mapping[str, Any], prefix: str) -> dict[str, object]:
        names = [name for name in row if name.startswith(prefix)]
        return {name.removeprefix(prefix): cell(name.removeprefix(prefix), row[name]) for name in names}

    labels = {name: columns[name].zh or name for name in columns}

    def line(place: int, row: Mapping[str, Any]) -> Failing:
        values = part(row, "value_")
        named = tuple((labels.get(name, name), value) for name, value in values.items())
        return Failing(offset + place, part(row, "key_"), values, reason_text(row.get("reason")), named)

    shown = tuple(line(place, row) for place, row in enumerate(found))
    seen = {name for row in shown[:1] for name in (*row.key, *row.values)}
    personal = any(columns[name].personal for name in seen if name in columns)
    names = tuple(label for row in shown[:1] for label, _ in row.cells)
    return FailingPage(number, shown, offset, issue.left, personal and not unmasked, names)


def reason_text(reason: Any) -> Text:
    """Why a row fails, in words (原因)."""
    return Fault(reason).text if reason in set(Fault) else Text("有疑义", "doubted")


def _failing(issue: Issue, version: int | None, size: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
    if issue.origin == Issue.Origin.DOUBT:
        return _doubted(issue, version, offset)
    if issue.rule is None or not engine.rule_of(issue.rule).by_row:
        return version or issue.sheet.version, []
    rule = engine.rule_of(issue.rule)
    return engine.failing_rows(issue.sheet, rule, version=version, limit=size, offset=offset)


def _doubted(issue: Issue, version: int | None, offset: int) -> tuple[int, list[dict[str, Any]]]:
    view = tables.view(str(issue.sheet.table_id), version)
    if offset:
        return view.version, []
    found = view.lookup([rows.typed_key(view.schema, issue.subject["key"])])
    keys = {f"key_{name}": row[name] for row in found for name in view.schema.key}
    values = {f"value_{issue.code}": row.get(issue.code) for row in found}
    return view.version, [keys | values | {"reason": ""}] if found else []


@dataclass(frozen=True, slots=True)
class Target:
    """A failing row to be repaired (待更正行): its key and all of it, as of ``version``."""

    version: int
    key: tuple[Any, ...]
    row: dict[str, Any]
    schema: Any


def target(issue: Issue, *, version: int, place: int) -> Target:
    """The failing row at a place of the list of a version, as it is now.

    Raises NotFound (no such place), Conflict when the row was changed since: the list is old.
    """
    number, found = _failing(issue, version, 1, place)
    if not found:
        raise NotFound(Text("没有这一不合格行。", "There is no such failing row."))
    then, now = tables.view(str(issue.sheet.table_id), number), tables.view(str(issue.sheet.table_id))
    key = tuple(found[0][f"key_{name}"] for name in now.schema.key)
    before, current = then.lookup([_raw(key)]), now.lookup([_raw(key)])
    if not before or not current or before[0] != current[0]:
        raise stale()
    return Target(now.version, _raw(key), dict(current[0]), now.schema)


def stale() -> Conflict:
    """The row is not what it was when the list was made."""
    return Conflict(
        Text("这一行已被更新。", "The row was changed meanwhile."),
        todo=Text("请刷新不合格行再更正。", "Look at the failing rows again."),
    )


def _raw(key: Sequence[Any]) -> tuple[Any, ...]:
    """The key as tables keep it: moments came on the city's clock from the rules' engine."""
    return tuple(
        value.replace(tzinfo=clock.LOCAL).astimezone(UTC)
        if isinstance(value, datetime) and value.tzinfo is None
        else value
        for value in key
    )


def entered(schema: Any, before: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The row with what a person wrote into its cells (更正后的行); keys stay. Raises InvalidInput (fields)."""
    after, wrong = dict(before), {}
    for column in schema.columns:
        text = texts.get(column.name)
        if text is None or column.name in schema.key or text == rows.shown(before.get(column.name)):
            continue
        try:
            after[column.name] = rows.typed(column, text)
        except InvalidInput as refused:
            wrong.update(refused.fields)
    if wrong:
        raise InvalidInput(fields=wrong)
    return after


# -- files ------------------------------------------------------------------------------------
def file_of(issue: Issue, most: int) -> tuple[int, str, int]:
    """Failing rows as CSV that Excel opens, whole rows with the reason first; version, text, rows."""
    number, found = _failing(issue, None, most, 0)
    view = tables.view(str(issue.sheet.table_id), number)
    key = view.schema.key
    reasons = {_raw([row[f"key_{name}"] for name in key]): row["reason"] for row in found}
    whole = view.lookup(list(reasons)) if reasons else []
    out = io.StringIO()
    writer = csv.writer(out)
    names = [each.name for each in view.schema.columns]
    writer.writerow([REASON, *names])
    for row in whole:
        reason = reason_text(reasons[tuple(row[name] for name in key)]).zh
        writer.writerow([reason, *(safe_cell(rows.shown(row.get(name))) for name in names)])
    return number, "\ufeff" + out.getvalue(), len(whole)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of corrections, read (更正文件): rows that change something, and rows refused with place and reason.

    ``rows_in == len(changed) + unchanged + len(refused)``.
    """

    rows_in: int
    changed: tuple[dict[str, Any], ...]
    unchanged: int
    refused: tuple[tuple[Text, Text], ...]
    version: int


def read_upload(issue: Issue, stream: BinaryIO, name: str, most: int) -> Upload:
    """Read a file of corrected rows: only failing rows of the issue, only columns of the table.

    Raises InvalidInput when the file cannot be read or has no key columns, TooLarge by its limits.
    """
    view = tables.view(str(issue.sheet.table_id))
    _, failing = _failing(issue, view.version, MOST_FILE_ROWS, 0)
    allowed = {_raw([row[f"key_{name}"] for name in view.schema.key]) for row in failing}
    try:
        found = list(_records(view.schema, stream, name))
    except TableError as error:
        raise InvalidInput(error.text, fields={"file": error.text}) from error
    if len(found) > most:
        text = Text(f"文件超过{most}行", f"The file has more than {most} rows")
        raise InvalidInput(text, fields={"file": text})
    return _sorted(view, found, allowed)


def _records(schema: Any, stream: BinaryIO, name: str) -> Iterator[tuple[Text, dict[str, str] | Text]]:
    from quancheng.core.tabular.model import show

    lines = list(read(stream, sniff(stream, name, _LIMITS), _LIMITS))
    head = propose_head(lines[:50])
    labels = {each.zh: each.name for each in schema.columns if each.zh}
    known = {each.name for each in schema.columns}
    columns = [label if label in known else labels.get(label, "") for label in head.names]
    if not set(schema.key) <= set(columns):
        text = Text(
            "文件缺少主键列：" + "、".join(schema.key), "The file lacks key columns: " + ", ".join(schema.key)
        )
        raise InvalidInput(text, fields={"file": text})
    for line in body(lines, head):
        if line.fault:
            from quancheng.core.tabular import explain

            yield line.place.text(), explain(line.fault)
            continue
        cells = [show(cell).removeprefix("'") for cell in line.cells]
        yield (
            line.place.text(),
            {column: cell for column, cell in zip(columns, cells, strict=False) if column},
        )


def _sorted(view: Any, found: Sequence[tuple[Text, Any]], allowed: set[tuple[Any, ...]]) -> Upload:
    keyed: dict[tuple[Any, ...], tuple[Text, dict[str, str]]] = {}
    refused: list[tuple[Text, Text]] = []
    for place, record in found:
        if isinstance(record, Text):
            refused.append((place, record))
            continue
        try:
            key = rows.typed_key(view.schema, record)
        except InvalidInput:
            refused.append((place, Text("主键有误", "The key cannot be read")))
            continue
        if key in keyed:
            refused.append((place, Text("主键重复", "The key is there twice")))
        elif key not in allowed:
            refused.append((place, Text("不是本问题的不合格行", "Not a failing row of this finding")))
        else:
            keyed[key] = (place, record)
    changed, unchanged = [], 0
    current = (
        {tuple(row[name] for name in view.schema.key): row for row in view.lookup(list(keyed))}
        if keyed
        else {}
    )
    for key, (place, record) in keyed.items():
        try:
            after = entered(view.schema, current[key], record)
        except InvalidInput as wrong:
            zh = "；".join(f"{name}：{text.zh}" for name, text in wrong.fields.items())
            en = "; ".join(f"{name}: {text.en}" for name, text in wrong.fields.items())
            refused.append((place, Text(zh, en)))
            continue
        if after == current[key]:
            unchanged += 1
        else:
            changed.append(after)
    return Upload(len(found), tuple(changed), unchanged, tuple(refused), view.version)
