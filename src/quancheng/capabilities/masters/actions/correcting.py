"""校核请求: a value is said to be wrong; the organ it came from is told and answers."""

from __future__ import annotations

from datetime import date, timedelta

from quancheng.capabilities.masters.models import Correction, Golden, Source
from quancheng.capabilities.masters.recipe import recipe
from quancheng.capabilities.people import queries as people
from quancheng.core.calendar import CalendarError
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Conflict, InvalidInput


@action("masters.correction.ask")
def ask_correction(call: Call, *, golden: Golden, field: str, claimed: str, reason: str) -> Correction:
    """提出校核: goes to the organ whose value stands. Raises InvalidInput (fields), Conflict, Forbidden."""
    access.require(call.actor, "correct", golden)
    origin = golden.origins.get(field)
    wrong: dict[str, Text] = {}
    if origin is None:
        wrong["field"] = Text("该字段没有取值，无从校核", "The field has no value to correct")
    if not claimed.strip() or len(claimed) > 300:
        wrong["claimed"] = Text("请填写您认为正确的值", "Enter the value you think is right")
    elif claimed.strip() == golden.values.get(field):
        wrong["claimed"] = Text("与现值相同", "The same as the present value")
    if len(reason.strip()) < 2 or len(reason) > 500:
        wrong["reason"] = Text("请填写理由", "Enter the reason")
    if wrong or origin is None:
        raise InvalidInput(fields=wrong)
    open_ = Correction.objects.filter(golden=golden, field=field, state=Correction.State.SENT)
    if open_.exists():
        raise Conflict(Text("该字段已有校核请求在办。", "A request for this field is being answered."))
    source = Source.objects.get(master=golden.master, code=origin["source"])
    made: Correction = Correction.objects.create(
        golden=golden, source=source, record=origin["record"].partition(":")[2], field=field,
        organ=people.department(source.organ).pk, held=str(golden.values[field])[:300], claimed=claimed.strip(),
        reason=reason.strip(), asked_by=str(call.actor)[:100], user=call.actor.user_id, asked_at=call.at,
        due_on=_due(call), simulated=golden.simulated,
    )  # fmt: skip
    audit.note(correction=made.pk, golden=golden.code, field=field, source=source.code)
    data = {
        "correction": made.pk, "master": golden.master.code, "number": golden.code, "field": field,
        "organ": source.organ, "source": source.code, "table": source.table_id, "record": made.record,
        "simulated": made.simulated,
    }  # fmt: skip
    events.emit("masters.correction.asked", golden.code, data)
    return made


@action("masters.correction.answer")
def answer_correction(call: Call, *, correction: Correction, accept: bool, answer: str) -> Correction:
    """答复校核: the source organ says what it did. The record follows when the source's own rows change."""
    access.require(call.actor, "answer", correction)
    locked: Correction = Correction.objects.select_for_update().get(pk=correction.pk)
    if locked.state != Correction.State.SENT:
        raise Conflict(Text("该请求已答复。", "The request was answered already."))
    if len(answer.strip()) < 2 or len(answer) > 500:
        raise InvalidInput(fields={"answer": Text("请填写答复", "Enter the answer")})
    locked.state = Correction.State.ACCEPTED if accept else Correction.State.REFUSED
    locked.answer, locked.answered_by, locked.answered_at = answer.strip(), str(call.actor)[:100], call.at
    locked.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    audit.note(correction=locked.pk, accept=accept)
    data = {
        "correction": locked.pk, "master": locked.golden.master.code, "number": locked.golden.code,
        "state": locked.state, "user": locked.user, "simulated": locked.simulated,
    }  # fmt: skip
    events.emit("masters.correction.answered", locked.golden.code, data)
    return locked


def _due(call: Call) -> date:
    days, start = rulebook.find("masters.correction_days").integer(), call.at.astimezone(clock.LOCAL).date()
    try:
        return working_calendar().add_working_days(start, days)
    except CalendarError:  # the notice of the next year is not out yet: count plain weeks
        return start + timedelta(days=days + 2 * (days // 5))


def field_text(golden: Golden, field: str) -> Text:
    """What a field is called."""
    found = recipe(golden.master.code).field(field)
    return found.text if found else Text(field, field)
