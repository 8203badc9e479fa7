"""权责清单: import of an organ's list, and hanging an entry on a duty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from quancheng.capabilities.catalogue import queries, sheets, writing
from quancheng.capabilities.catalogue.actions.entries import changed_to
from quancheng.capabilities.catalogue.models import Duty, Entry, State
from quancheng.capabilities.catalogue.values import Imported, RowRefused
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

_NO = {"否", "无", "0", "false", "False", "N", "no"}


@action("catalogue.duty.import", idempotent=False)
def import_duties(call: Call, *, organ: str, file: Any, name: str, simulated: bool = False) -> Imported:
    """导入权责清单 of one organ: new and changed duties; those the file does not name stay. In = out + refused."""
    department = writing.department(organ, "organ")
    access.require(call.actor, "catalogue", department)
    found = sheets.lines(file, name, ("事项代码", "事项名称"))
    known = {one.code: one for one in Duty.objects.select_related("organ")}
    done = {"created": 0, "changed": 0, "unchanged": 0}
    refused: list[RowRefused] = []
    seen: set[str] = set()
    for line in found:
        fault = _fault(line, known, organ, seen)
        if fault is not None:
            refused.append(sheets.refusal(line, [fault]))
            continue
        code = line.cells["事项代码"]
        seen.add(code)
        facts = {
            "name": line.cells["事项名称"][:200],
            "yields_data": line.cells.get("产生数据", "") not in _NO,
            "basis": line.cells.get("设定依据", "")[:300],
        }
        before = known.get(code)
        if before is None:
            Duty.objects.create(code=code, organ=department, simulated=simulated, **facts)
            done["created"] += 1
        elif any(getattr(before, key) != value for key, value in facts.items()):
            Duty.objects.filter(pk=before.pk).update(**facts)
            done["changed"] += 1
        else:
            done["unchanged"] += 1
    audit.note(organ=organ, rows=len(found), **done, refused=len(refused))
    events.emit("catalogue.duties.imported", organ, {**done, "refused": len(refused)})
    return Imported(len(found), done["created"], done["changed"], done["unchanged"], tuple(refused))


def _fault(line: sheets.Line, known: dict[str, Duty], organ: str, seen: set[str]) -> Text | None:
    code = line.cells.get("事项代码", "")
    if line.fault is not None:
        return line.fault
    if not code or len(code) > 64:
        return Text("事项代码为空或过长。", "The code of the duty is empty or too long.")
    if not line.cells.get("事项名称"):
        return Text("事项名称为空。", "The name of the duty is empty.")
    if code in seen:
        return Text("事项代码在文件中重复。", "The code is in the file twice.")
    if code in known and known[code].organ.code != organ:
        return Text("事项代码属于其他部门。", "The code belongs to another organ.")
    return None


@action("catalogue.duty.link")
def link_duty(call: Call, *, duty: str, entry: str | UUID) -> Entry:
    """关联 an entry with the duty its data comes from; the entry's working copy changes."""
    seen = queries.row(call.actor, entry)
    access.require(call.actor, "edit", seen)
    found: Entry = Entry.objects.select_for_update().select_related("organ").get(pk=seen.pk)
    if not Duty.objects.filter(code=duty, organ=found.organ).exists():
        raise InvalidInput(fields={"duty": Text("没有本部门的这项职责。", "The organ has no such duty.")})
    if found.state in {State.SUBMITTED, State.APPROVED}:
        raise Conflict(Text("条目正在审核，暂不能关联。", "The entry waits for a decision."))
    value = found.draft
    if duty not in value.duties:
        changed_to(call, found, replace(value, duties=(*value.duties, duty)))
        writing.save([found])
        writing.note(call, found, "edit", duty)
        writing.tell("edited", found)
    audit.note(code=found.code, duty=duty)
    return found
