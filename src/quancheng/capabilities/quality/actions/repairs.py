"""Repairs 更正: single rows in place, files of failing rows; data is written by tables alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO
from uuid import uuid4

from quancheng.capabilities.quality import repairing, rows
from quancheng.capabilities.quality.issues import move, step
from quancheng.capabilities.quality.models import Correction, Issue, Sheet
from quancheng.capabilities.quality.repairing import Target, Upload
from quancheng.capabilities.tables import actions as table_actions
from quancheng.capabilities.tables import queries as tables
from quancheng.core import quality as core
from quancheng.core.text import Text
from quancheng.kernel import access, audit, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

_S = Correction.State


def _open(call: Call, issue: Issue) -> Issue:
    """The issue, locked, when the asker may repair its table: the organ that the data comes from."""
    access.require(call.actor, "work", issue)
    access.require(call.actor, "repair", issue.sheet)
    row: Issue = (
        Issue.objects.select_for_update(of=("self",))
        .select_related("sheet", "organ", "rule")
        .get(pk=issue.pk)
    )
    if not row.is_open or row.state == Issue.State.DISPUTED:
        raise Conflict(
            Text(f"当前为“{row.get_state_display()}”，不能更正。", "In this state nothing can be corrected.")
        )
    return row


def _aimed(call: Call, *, issue: Issue, version: int, place: int, texts: Mapping[str, str]) -> Target | None:
    if not access.allowed(call.actor, "repair", issue.sheet):
        return None
    return repairing.target(issue, version=version, place=place)


@action("quality.correct_row", prepare=_aimed)
def correct_row(
    call: Call,
    *,
    issue: Issue,
    version: int,
    place: int,
    texts: Mapping[str, str],
    prepared: Target | None = None,
) -> Correction:
    """单行更正: the failing row at ``place`` of ``version`` becomes what was written; or waits for a second person.

    ``texts``: what people wrote, by column; columns left out stay. Raises Forbidden, NotFound, InvalidInput
    (fields), Conflict (the row was changed meanwhile; the issue takes no corrections).
    """
    row = _open(call, issue)
    assert prepared is not None
    after = repairing.entered(prepared.schema, prepared.row, texts)
    columns = list(rows.changed_columns(prepared.schema, prepared.row, after))
    if not columns:
        raise InvalidInput(Text("没有改动任何内容。", "Nothing was changed."))
    names = prepared.schema.key
    correction: Correction = Correction.objects.create(
        issue=row, organ=row.organ, version=prepared.version, columns=columns, state=_S.WAITING, at=call.at,
        key={name: rows.shown(value) for name, value in zip(names, prepared.key, strict=True)},
        after={name: rows.shown(after[name]) for name in columns}, by=str(call.actor)[:120], by_id=call.actor.user_id,
    )  # fmt: skip
    audit.note(issue=row.number, columns=columns, version=prepared.version)
    _begin(call, row)
    if row.sheet.four_eyes:
        step(call, row, "proposed", "、".join(columns))
        return correction
    return _apply(call, row, correction, after, prepared.version)


def _begin(call: Call, row: Issue) -> None:
    if row.state in (Issue.State.ORDERED, Issue.State.FAILED_AGAIN):
        move(call, row, core.Begin(call.at))


def _apply(
    call: Call, row: Issue, correction: Correction, after: Mapping[str, Any], version: int
) -> Correction:
    """Write through tables. The values go from here into the table's version and nowhere else."""
    applied = table_actions.apply_changes(
        Call.system("quality", key=f"correction:{correction.pk}"),
        table_id=str(row.sheet.table_id), upserts=[dict(after)], run=f"quality:{row.number}:{correction.pk}", expect_version=version,
    )  # fmt: skip
    correction.state, correction.after, correction.applied_version = _S.APPLIED, {}, applied.version
    correction.save()
    step(call, row, "corrected", "、".join(correction.columns))
    Sheet.objects.filter(pk=row.sheet_id).update(dirty_at=call.at)
    return correction


@action("quality.decide_correction", idempotent=False)
def decide_correction(call: Call, *, correction: Correction, approve: bool) -> Correction:
    """复核更正, by another officer of the organ. Raises Forbidden, Conflict (decided, row changed meanwhile)."""
    access.require(call.actor, "decide", correction)
    row = _open(call, correction.issue)
    found: Correction = Correction.objects.select_for_update(of=("self",)).get(pk=correction.pk)
    if found.state != _S.WAITING:
        raise Conflict(Text("该更正已处理。", "The correction was decided already."))
    if call.actor.user_id is not None and call.actor.user_id == found.by_id:
        raise Forbidden(Text("更正须由提交人以外的人复核。", "A correction is decided by another person."))
    found.decided_at, found.decided_by = call.at, str(call.actor)[:120]
    audit.note(issue=row.number, approve=approve, columns=found.columns)
    if not approve:
        found.state, found.after = _S.REFUSED, {}
        found.save()
        step(call, row, "refused", "、".join(found.columns))
        return found
    then, now = (tables.view(str(row.sheet.table_id), each) for each in (found.version, None))
    key = rows.typed_key(now.schema, found.key)
    before, current = then.lookup([key]), now.lookup([key])
    if not before or not current or before[0] != current[0]:
        raise repairing.stale()
    after = repairing.entered(now.schema, current[0], found.after)
    return _apply(call, row, found, after, now.version)


def _read(call: Call, *, issue: Issue, file: BinaryIO, name: str) -> Upload | None:
    if not access.allowed(call.actor, "repair", issue.sheet):
        return None
    most = rulebook.find("quality.upload_rows").integer()
    return repairing.read_upload(issue, file, name, most)


@action("quality.upload_corrections", idempotent=False, prepare=_read)
def upload_corrections(
    call: Call, *, issue: Issue, file: BinaryIO, name: str, prepared: Upload | None = None
) -> Upload:
    """上传更正文件: rows that change something are written as one version, the others said with place and reason.

    Raises Forbidden, InvalidInput (no readable table), Conflict (second person asked for; changed meanwhile).
    """
    row = _open(call, issue)
    assert prepared is not None
    if row.sheet.four_eyes:
        raise Conflict(
            Text(
                "本表的更正须逐行复核，不能用文件。",
                "Corrections of this table need a second person, row by row.",
            )
        )
    audit.note(
        issue=row.number, rows=prepared.rows_in, changed=len(prepared.changed), unchanged=prepared.unchanged,
        refused=len(prepared.refused),
    )  # fmt: skip
    if prepared.changed:
        _begin(call, row)
        table_actions.apply_changes(
            Call.system("quality"), table_id=str(row.sheet.table_id), upserts=list(prepared.changed),
            run=f"quality:{row.number}:{uuid4().hex[:12]}", expect_version=prepared.version,
        )  # fmt: skip
        step(call, row, "corrected", f"{len(prepared.changed)} 行 rows")
        Sheet.objects.filter(pk=row.sheet_id).update(dirty_at=call.at)
    return prepared


@action("quality.note_download", idempotent=False)
def note_download(call: Call, *, issue: Issue, rows: int, version: int) -> Issue:
    """下载不合格行: who took how many rows; only officers of the organ, whose data it is. Raises Forbidden."""
    access.require(call.actor, "repair", issue.sheet)
    step(call, issue, "downloaded", f"{rows} 行 rows, v{version}")
    audit.note(issue=issue.number, rows=rows, version=version)
    return issue
