"""Writers of items: publish, file, decide, withdraw, finish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from quancheng.capabilities.internal import casework, filing, running
from quancheng.capabilities.internal.models import Dossier, Item, ItemModel, Notice, WorkItem
from quancheng.capabilities.internal.printing import Printed
from quancheng.capabilities.internal.spec import digest_of, linked_services, read_spec
from quancheng.capabilities.internal.values import ItemState, Outcome, WorkState
from quancheng.capabilities.internal.who import account
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

VARIABLES = {"outcome": "", "returned_by": ""}
FILERS = {"personnel": "internal.personnel", "enterprise": "internal.enterprise"}


@action("internal.item.publish", idempotent=False)
def publish_item(call: Call, *, content: Mapping[str, Any], bpmn: str) -> ItemModel:
    """发布事项: a definition with its model becomes the next version; running items keep theirs.

    Raises Forbidden, InvalidInput (definition wrong, or the engine cannot run the model, with reasons).
    """
    access.require(call.actor, "publish", ItemModel)
    try:
        spec = read_spec(content)
    except ValidationError as wrong:
        detail = "; ".join(f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in wrong.errors()[:5])
        raise InvalidInput(Text(f"事项定义有误：{detail}", f"The definition is wrong: {detail}")) from wrong
    plain = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    digest = digest_of(plain, bpmn)
    audit.note(item=spec.code, digest=digest)
    last = casework.current_model(spec.code)
    if last is not None and last.digest == digest:
        return last
    if found := running.problems(bpmn):
        raise InvalidInput(
            Text(
                "流程图不能运行：" + "；".join(one.zh for one in found[:5]),
                "The model cannot be run: " + "; ".join(one.en for one in found[:5]),
            )
        )
    made: ItemModel = ItemModel.objects.create(
        code=spec.code, number=last.number + 1 if last else 1, content=plain, bpmn=bpmn, digest=digest,
        published_at=call.at,
    )  # fmt: skip
    return made


@action("internal.item.file")
def file_item(
    call: Call,
    *,
    code: str,
    form: Mapping[str, Any],
    dossier: Dossier | None = None,
    unit_id: int | None = None,
) -> Item:
    """申报事项 for a dossier, or for somebody new in one of the asker's units.

    What the dossier knows is taken from it with its provenance. Raises Forbidden, InvalidInput
    (fields, rules), Conflict (a running item is in the way).
    """
    model = casework.current_model(code)
    spec = read_spec(model.content) if model is not None else None
    if model is None or spec is None:
        access.require(call.actor, "file", Item)
        raise InvalidInput(Text(f"没有事项 {code}。", f"There is no item {code}."))
    if spec.needs == "none":
        access.require(call.actor, "open", Dossier)
        dossier, unit = None, _own_unit(call, unit_id)
    else:
        if dossier is None:
            access.require(call.actor, "file", Dossier)
            raise InvalidInput(Text("请先选择档案。", "Choose a dossier first."))
        access.require(call.actor, "file", dossier)
        unit = dossier.unit
        _fits(spec.group, dossier)
    values = filing.check(spec, dossier, form)
    filing.refuse_duplicates(spec, dossier, values)
    asked = filing.initial(spec, dossier)
    known = filing.facts_for(spec, dossier)
    provenance = known | {
        key: fact | {"changed": str(values.get(key, "")) != str(fact["value"])} for key, fact in asked.items()
    }
    today = clock.today()
    item = Item(
        number=casework.item_number(today), model=model, code=spec.code, group=spec.group,
        name=spec.name.text.to_dict(),
        dossier=dossier, subject_name=filing.subject_of(dossier, values), unit=unit, form=values,
        provenance=provenance, state=ItemState.RUNNING.value, filed_by_id=account(call),
        filed_at=call.at, due_on=casework.item_due(spec, today),
        simulated=call.actor.simulated or (dossier is not None and dossier.simulated),
    )  # fmt: skip
    item.save()
    casework.remember(call, item, "filed", Text("申报", "Filed"))
    audit.note(item=item.number, code=spec.code, version=model.number)
    casework.tell(item, "filed")
    casework.carry_out(call, item, running.start(model.bpmn, VARIABLES, call.at))
    return item


def _own_unit(call: Call, unit_id: int | None) -> Any:
    held = {
        pk for grant in call.actor.grants if grant.role == FILERS["personnel"] for pk in grant.departments
    }
    chosen = unit_id if unit_id is not None else (min(held) if len(held) == 1 else None)
    if chosen is None:
        wrong = Text("请选择用人单位。", "Choose the unit.")
        raise InvalidInput(wrong, fields={"unit": wrong})
    if chosen not in held:
        raise Forbidden()
    from quancheng.capabilities.internal.queries import unit_by_id

    return unit_by_id(chosen)


def _fits(group: str, dossier: Dossier) -> None:
    wanted = Dossier.Kind.STAFF if group == "personnel" else Dossier.Kind.ENTERPRISE
    if dossier.kind != wanted or dossier.status != "active":
        raise Conflict(
            Text(
                f"档案{dossier.number}目前为“{dossier.status_text.zh}”，不能办理此事项。",
                f"The dossier {dossier.number} is “{dossier.status_text.en}”; this item is not possible.",
            )
        )


@action("internal.work.decide")
def decide_work(
    call: Call,
    *,
    work: WorkItem,
    outcome: str,
    opinion: str = "",
    form: Mapping[str, Any] | None = None,
    revision: int | None = None,
) -> Item:
    """办理一个环节: agree, return for correction or refuse; a correction brings new answers.

    Raises Forbidden, InvalidInput (no reason, wrong outcome, fields), Conflict (somebody was first).
    """
    access.require(call.actor, "decide", work)
    item = casework.lock(work.item, None)
    work = WorkItem.objects.select_related("department").get(pk=work.pk)
    if work.state != WorkState.OPEN:
        raise _already(work)
    if revision is not None and revision != item.revision and work.kind == "correct":
        casework.lock(item, revision)
    opinion = opinion.replace("\x00", "").strip()[: casework.MAX_TEXT]
    _check_outcome(work, outcome, opinion)
    if work.kind == "correct" and form is not None:
        _take_answers(item, form)
    work.state, work.outcome, work.opinion = WorkState.DONE.value, outcome, opinion
    work.done_at, work.done_by_id = call.at, call.actor.user_id
    if work.kind == "service" and outcome == Outcome.AGREE:
        work.result = (
            linked_services()[work.element].done.text.to_dict() if work.element in linked_services() else {}
        )
    work.save()
    data: dict[str, Any] = {"outcome": outcome}
    if outcome == Outcome.RETURN:
        item.returns += 1
        if work.kind == "approve":
            data["returned_by"] = work.element
    what = Outcome(outcome).text
    casework.remember(
        call, item, outcome, Text(f"{work.text.zh}：{what.zh}", f"{work.text.en}: {what.en}"),
        reason=opinion, element=work.element,
    )  # fmt: skip
    audit.note(item=item.number, element=work.element, outcome=outcome)
    casework.carry_out(call, item, running.answer(item.model.bpmn, item.flow, work.task, data, call.at))
    _announce(item, outcome, opinion, work)
    return item


def _take_answers(item: Item, form: Mapping[str, Any]) -> None:
    """Corrected answers, checked like the first ones; once recorded they can no longer change."""
    spec = casework.spec_of(item)
    values = filing.check(spec, item.dossier if spec.needs == "active" else None, form) if (
        item.decided_at is None
    ) else item.form  # fmt: skip
    item.form = values
    if spec.needs == "none":
        item.subject_name = filing.subject_of(None, values) or item.subject_name


def _announce(item: Item, outcome: str, opinion: str, work: WorkItem) -> None:
    if outcome == Outcome.RETURN:
        casework.tell(item, "returned", reason=opinion, step=work.text.to_dict())
    elif item.state == ItemState.REFUSED:
        casework.tell(item, "refused", reason=opinion, step=work.text.to_dict())


def _check_outcome(work: WorkItem, outcome: str, opinion: str) -> None:
    possible = {
        "approve": {Outcome.AGREE, Outcome.RETURN, Outcome.REFUSE},
        "service": {Outcome.AGREE, Outcome.RETURN},
        "correct": {Outcome.AGREE},
    }[work.kind]
    if outcome not in possible:
        wrong = Text("这个环节没有这种意见。", "This step has no such outcome.")
        raise InvalidInput(wrong, fields={"outcome": wrong})
    if outcome != Outcome.AGREE and not opinion:
        wrong = Text("退回或不予办理必须写明理由。", "Give the reason for a return or refusal.")
        raise InvalidInput(wrong, fields={"opinion": wrong})


def _already(work: WorkItem) -> Conflict:
    who = str(work.done_by or "")
    what = Outcome(work.outcome).text if work.outcome else work.state_text
    return Conflict(
        Text(
            f"“{work.text.zh}”已由{who}办理（{what.zh}），您的操作没有生效。",
            f"“{work.text.en}” was handled by {who} ({what.en}); your step was not carried out.",
        ),
        extra={"state": str(work.state), "by": who},
    )


@action("internal.item.withdraw")
def withdraw_item(call: Call, *, item: Item, reason: str) -> Item:
    """撤回 before the decision is recorded. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "withdraw", item)
    item = casework.lock(item, None)
    if item.over or item.decided_at is not None:
        raise Conflict(
            Text("审批通过后不能撤回。", "An item cannot be withdrawn once it is approved or over.")
        )
    if not reason.strip():
        wrong = Text("请写明撤回原因。", "Give the reason.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    WorkItem.objects.filter(item=item, state=WorkState.OPEN).update(state=WorkState.CANCELLED.value)
    item.state, item.ended_at = ItemState.WITHDRAWN.value, call.at
    item.decision = {"kind": "withdrawn", "reason": reason.strip()[: casework.MAX_TEXT]}
    item.revision += 1
    item.save()
    casework.remember(call, item, "withdrawn", Text("撤回", "Withdrawn"), reason=reason.strip()[:500])
    audit.note(item=item.number)
    casework.tell(item, "withdrawn")
    return item


@action("internal.item.note", idempotent=False)
def note_item(call: Call, *, item: Item, text: str) -> Item:
    """备注 into the history. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "note", item)
    if not text.strip():
        wrong = Text("请填写备注。", "Enter a note.")
        raise InvalidInput(wrong, fields={"text": wrong})
    casework.remember(call, item, "note", Text("备注", "Note"), reason=text.strip()[: casework.MAX_TEXT])
    audit.note(item=item.number)
    return item


@action("internal.item.pack")
def finish_pack(call: Call, *, item: Item, task: str, papers: Sequence[tuple[str, Printed]]) -> Item:
    """结果文书: keep the printed and sealed notices and let the model go on. System only.

    Raises Forbidden, Conflict (the model does not wait for it).
    """
    access.require(call.actor, "pack", Item)
    item = casework.lock(item, None)
    spec = casework.spec_of(item)
    by_kind = {row.kind: row for row in spec.notice}
    for kind, printed in papers:
        row = by_kind.get(kind)
        title = row.title.text if row else Text("联办结果清单", "List of results")
        Notice.objects.create(
            item=item, kind=kind, title=title.to_dict(), code=printed.code, digest=printed.digest,
            issuer=people.department(printed.seal["organ"]), seal=printed.seal, at=call.at,
        )  # fmt: skip
    casework.carry_out(call, item, running.answer(item.model.bpmn, item.flow, task, {}, call.at))
    casework.remember(
        call, item, "completed", Text("一次办成，结果文书已生成", "Done at once; the result pack is ready")
    )
    audit.note(item=item.number, notices=[kind for kind, _printed in papers])
    casework.tell(item, "completed", returns=item.returns)
    return item
