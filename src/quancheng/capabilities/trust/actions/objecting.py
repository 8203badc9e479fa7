"""异议: the holder says what is wrong, the issuing department answers."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.trust.actions.common import reason_of, tell
from quancheng.capabilities.trust.models import Licence, LicenceObjection
from quancheng.capabilities.trust.values import fact_keys
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("trust.objection.file")
def file_objection(call: Call, *, licence: Licence, item: str, claim: str) -> LicenceObjection:
    """提出异议 about one item. Raises Forbidden, InvalidInput, Conflict (one is open)."""
    access.require(call.actor, "object", licence)
    if item not in fact_keys(licence):
        which = Text("请选择有误的内容。", "Choose what is wrong.")
        raise InvalidInput(which, fields={"item": which})
    said = reason_of(claim, Text("哪里有误", "what is wrong"), "claim")
    if LicenceObjection.objects.filter(licence=licence, state=LicenceObjection.State.OPEN).exists():
        raise Conflict(Text("已有一条异议待答复。", "An objection is waiting for its answer."))
    days = rulebook.find("trust.objection_days").integer()
    made = LicenceObjection.objects.create(
        licence=licence, item=item, claim=said, filed_at=call.at, filed_by_id=call.actor.user_id,
        due_on=clock.today() + timedelta(days=days),
    )  # fmt: skip
    audit.note(number=licence.number, item=item)
    tell("objected", licence, item=item, office_id=licence.issued_by_id)
    return made  # type: ignore[no-any-return]


@action("trust.objection.answer")
def answer_objection(
    call: Call, *, objection: LicenceObjection, corrected: bool, answer: str
) -> LicenceObjection:
    """答复异议; a correction itself is a change of the licence. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", objection)
    said = reason_of(answer, Text("答复内容", "an answer"), "answer")
    if corrected and objection.licence.status != Licence.Status.REPLACED:
        raise Conflict(
            Text("请先变更换发证照，再答复“已更正”。", "Change the licence first, then answer “corrected”.")
        )
    state = LicenceObjection.State.CORRECTED if corrected else LicenceObjection.State.REFUSED
    live = LicenceObjection.objects.filter(pk=objection.pk, state=LicenceObjection.State.OPEN)
    if not live.update(state=state, answered_at=call.at, answered_by=call.actor.name[:120], answer=said):
        raise Conflict(Text("该异议已经答复。", "The objection was answered already."))
    audit.note(number=objection.licence.number, state=state)
    tell("objection_answered", objection.licence, answer=said)
    return objection.refresh()
