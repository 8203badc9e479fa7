"""Tables under watch 受检表."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quality import engine
from quancheng.capabilities.quality.models import Sheet
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

MOST_HOURS = 24 * 31


def ensure_sheet(call: Call, table_id: str, *, watched: bool) -> Sheet:
    """The row of a table, made when it is not there; inside an action that asked for its rights."""
    info = engine.info_of(UUID(str(table_id)))
    organ = people.department(info.owner)
    found, _ = Sheet.objects.get_or_create(
        table_id=UUID(info.table_id),
        defaults={
            "name": info.name[:120], "zh": (info.zh or info.name)[:200], "en": (info.en or info.name)[:200],
            "organ": organ, "region": organ.region_code, "watched": watched, "simulated": info.simulated,
            "dirty_at": call.at if watched else None,
        },
    )  # fmt: skip
    return found


@action("quality.watch_table")
def watch_table(call: Call, *, table_id: str) -> Sheet:
    """纳入监测: a table is checked after each change and by routine. Raises NotFound, Forbidden."""
    sheet = ensure_sheet(call, table_id, watched=True)
    access.require(call.actor, "propose", sheet)
    if not sheet.watched:
        sheet.watched, sheet.dirty_at = True, call.at
        sheet.save(update_fields=["watched", "dirty_at"])
    audit.note(table=table_id, name=sheet.name)
    return sheet


@action("quality.set_watch", idempotent=False)
def set_watch(
    call: Call,
    *,
    sheet: Sheet,
    watched: bool,
    every_hours: int,
    four_eyes: bool,
    missing: Sequence[str] = (),
) -> Sheet:
    """监测设置: how often, whether corrections need a second person, words that stand for "none".

    Raises Forbidden, InvalidInput (fields).
    """
    access.require(call.actor, "propose", sheet)
    wrong: dict[str, Text] = {}
    if not 1 <= every_hours <= MOST_HOURS:
        wrong["every_hours"] = Text(f"应为1至{MOST_HOURS}小时", f"From 1 to {MOST_HOURS} hours")
    words = [word.strip() for word in missing if word.strip()]
    if len(words) > 16 or any(len(word) > 20 or min(word) < " " for word in words):
        wrong["missing"] = Text("至多16个词，每个不超过20字", "At most 16 words of 20 characters")
    if wrong:
        raise InvalidInput(fields=wrong)
    before = {name: getattr(sheet, name) for name in ("watched", "every_hours", "four_eyes", "missing")}
    sheet.watched, sheet.every_hours, sheet.four_eyes = watched, every_hours, four_eyes
    sheet.missing = list(dict.fromkeys(words))
    if sheet.missing != before["missing"] or (watched and not before["watched"]):
        sheet.dirty_at = call.at
    sheet.next_at = _next(sheet, call.at)
    sheet.save()
    audit.note(
        table=str(sheet.table_id), before=before, after={name: getattr(sheet, name) for name in before}
    )
    return sheet


def _next(sheet: Sheet, at: datetime) -> Any:
    return (sheet.checked_at or at) + timedelta(hours=sheet.every_hours) if sheet.watched else None


@action("quality.note_change", idempotent=False)
def note_change(call: Call, *, table_id: str) -> bool:
    """数据变更: a watched table waits for its check; whether there is one."""
    access.require(call.actor, "keep", Sheet)
    found = Sheet.objects.filter(table_id=table_id, watched=True, dirty_at=None)
    done = bool(found.update(dirty_at=call.at))
    audit.note(table=table_id, waits=done)
    return done
