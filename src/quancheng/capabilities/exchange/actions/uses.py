"""The writers of what people do about uses of their data: objections and their answers."""

from __future__ import annotations

from quancheng.capabilities.exchange.models import Objection, UseLine
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


@action("exchange.object_to_use")
def object_to_use(call: Call, *, use: int, text: str) -> Objection:
    """提出异议: a person objects to a use of their own data. Raises InvalidInput, NotFound, Conflict (once each)."""
    found = access.visible(call.actor, UseLine).select_related("exchange").filter(pk=use).first()
    if found is None:
        access.require(call.actor, "object", UseLine)
        raise NotFound(Text("没有这条使用记录。", "There is no such use."))
    access.require(call.actor, "object", found)
    if not 5 <= len(text.strip()) <= 500:
        raise InvalidInput(fields={"text": Text("请用5至500个字说明", "Say it in 5 to 500 characters")})
    if Objection.objects.filter(use=found).exists():
        raise Conflict(Text("您已对这次使用提出过异议。", "You have objected to this use already."))
    row: Objection = Objection.objects.create(
        use=found,
        person_id=found.person_id,
        provider=found.exchange.provider,
        text=text.strip(),
        made_at=call.at,
    )
    audit.note(use=use, exchange=found.exchange_id)
    said = {"objection": row.pk, "department": row.provider.code, "state": "open"}
    events.emit("exchange.objection.changed", f"objection:{row.pk}", said)
    return row


@action("exchange.answer_objection")
def answer_objection(call: Call, *, objection: int, answer: str) -> Objection:
    """答复异议: the provider answers; the person is told. Raises InvalidInput, NotFound, Conflict."""
    found = access.visible(call.actor, Objection).filter(pk=objection).first()
    if found is None:
        access.require(call.actor, "answer", Objection)
        raise NotFound(Text("没有这件异议。", "There is no such objection."))
    access.require(call.actor, "answer", found)
    if not 5 <= len(answer.strip()) <= 500:
        raise InvalidInput(fields={"answer": Text("请用5至500个字答复", "Answer in 5 to 500 characters")})
    if found.state == Objection.State.ANSWERED:
        raise Conflict(Text("已经答复过。", "It was answered already."))
    found.state, found.answer, found.answered_at = Objection.State.ANSWERED, answer.strip(), call.at
    found.save(update_fields=["state", "answer", "answered_at"])
    audit.note(objection=objection)
    said = {"objection": found.pk, "person": found.person_id, "state": "answered"}
    events.emit("exchange.objection.changed", f"objection:{found.pk}", said)
    row: Objection = found
    return row
