"""Rules 质量规则: drafted, tried, submitted, approved by a second person, retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.capabilities.quality import engine, issues, proposals, trials
from quancheng.capabilities.quality.models import OPEN_STATES, Issue, RuleVersion, Sheet
from quancheng.core import quality as core
from quancheng.core.quality import Rule
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

_S = RuleVersion.State


@action("quality.draft_rule")
def draft_rule(call: Call, *, sheet: Sheet, document: Mapping[str, Any], orders: bool) -> RuleVersion:
    """编写规则: a new version of the rule ``document["id"]``, or its draft again; it does not work yet.

    ``orders``: whether what it finds becomes work orders. Raises Forbidden, InvalidInput (field by field).
    """
    access.require(call.actor, "propose", sheet)
    rule = trials.readable(document)
    trials.fits(sheet, rule)
    if orders and rule.severity is core.Severity.NOTE and not rule.weight:
        raise InvalidInput(
            fields={"orders": Text("不计分的提示不派工单", "A note of no weight sends no orders")}
        )
    return _write(call, sheet, rule, dict(document), orders, RuleVersion.Source.PERSON)


def _write(
    call: Call, sheet: Sheet, rule: Rule, document: dict[str, Any], orders: bool, source: str
) -> RuleVersion:
    Sheet.objects.select_for_update().get(pk=sheet.pk)
    facts = {
        "document": document, "kind": str(rule.kind), "dimension": str(rule.side), "severity": str(rule.severity),
        "orders": orders, "trial": {}, "created_at": call.at, "created_by": str(call.actor)[:120],
        "created_by_id": call.actor.user_id, "source": source,
    }  # fmt: skip
    last = RuleVersion.objects.filter(sheet=sheet, code=rule.id).order_by("-number").first()
    if last is not None and last.state in (_S.DRAFT, _S.SUBMITTED):
        for name, value in facts.items():
            setattr(last, name, value)
        last.state = _S.DRAFT
        last.save()
        made: RuleVersion = last
    else:
        number = last.number + 1 if last is not None else 1
        made = RuleVersion.objects.create(sheet=sheet, code=rule.id, number=number, state=_S.DRAFT, **facts)
    audit.note(table=str(sheet.table_id), rule=str(made), kind=made.kind, orders=orders)
    return made


def _tried(call: Call, *, rule: RuleVersion) -> dict[str, Any]:
    return trials.trial_of(rule)


@action("quality.try_rule", idempotent=False, prepare=_tried)
def try_rule(call: Call, *, rule: RuleVersion, prepared: dict[str, Any] | None = None) -> RuleVersion:
    """试运行: what the rule would find on the newest version. Raises Forbidden, NotFound."""
    access.require(call.actor, "propose", rule.sheet)
    rule.trial = prepared or {}
    rule.save(update_fields=["trial"])
    audit.note(rule=str(rule), version=rule.trial.get("version"), failed=rule.trial.get("failed"))
    return rule


@action("quality.submit_rule", idempotent=False)
def submit_rule(call: Call, *, rule: RuleVersion) -> RuleVersion:
    """提交规则: it works at once, or waits for a second person when it sends work orders.

    Raises Forbidden, Conflict (not a draft, not tried in this form, cannot be asked of the table).
    """
    access.require(call.actor, "propose", rule.sheet)
    rule = _locked(rule)
    if rule.state != _S.DRAFT:
        raise Conflict(Text("只有草稿可以提交。", "Only a draft can be submitted."))
    if rule.trial.get("digest") != trials.digest(rule.document):
        raise Conflict(
            Text("规则修改后还没有试运行。", "The rule was not tried since it was changed."),
            todo=Text("请先试运行，看看会查出多少行。", "Try it first and see how many rows it finds."),
        )
    if rule.trial.get("fault"):
        raise Conflict(Text.of(rule.trial["fault"]))
    if not rule.orders:
        return _activate(call, rule)
    rule.state = _S.SUBMITTED
    rule.save(update_fields=["state"])
    audit.note(rule=str(rule), state=rule.state)
    _tell(call, rule, "submitted")
    return rule


@action("quality.decide_rule", idempotent=False)
def decide_rule(call: Call, *, rule: RuleVersion, approve: bool, note: str = "") -> RuleVersion:
    """审批规则, by somebody other than its author. Raises Forbidden, Conflict, InvalidInput (no reason)."""
    access.require(call.actor, "approve", rule)
    rule = _locked(rule)
    if rule.state != _S.SUBMITTED:
        raise Conflict(Text("该规则不在待审批状态。", "The rule does not wait for approval."))
    if call.actor.user_id is not None and call.actor.user_id == rule.created_by_id:
        raise Forbidden(
            Text("规则须由编写人以外的人审批。", "A rule is approved by somebody other than its author.")
        )
    if not approve and not note.strip():
        raise InvalidInput(fields={"note": Text("请写明驳回理由", "Say why it is refused")})
    rule.decided_at, rule.decided_by, rule.note = call.at, str(call.actor)[:120], note.strip()[:300]
    if approve:
        return _activate(call, rule)
    rule.state = _S.REFUSED
    rule.save()
    audit.note(rule=str(rule), state=rule.state, note=note)
    return rule


def _activate(call: Call, rule: RuleVersion) -> RuleVersion:
    RuleVersion.objects.filter(sheet=rule.sheet, code=rule.code, state=_S.ACTIVE).update(state=_S.REPLACED)
    rule.state = _S.ACTIVE
    rule.save()
    Sheet.objects.filter(pk=rule.sheet_id, watched=True).update(dirty_at=call.at)
    audit.note(rule=str(rule), state=rule.state, orders=rule.orders)
    _tell(call, rule, "activated")
    return rule


@action("quality.retire_rule", idempotent=False)
def retire_rule(call: Call, *, rule: RuleVersion, reason: str) -> RuleVersion:
    """停用规则: its open issues are withdrawn with the reason. Raises Forbidden, Conflict, InvalidInput.

    One that sends work orders is retired by the bureau alone: no organ switches off what it is measured by.
    """
    verb = "manage" if rule.orders else "propose"
    access.require(call.actor, verb, rule.sheet)
    rule = _locked(rule)
    if rule.state != _S.ACTIVE:
        raise Conflict(Text("该规则没有生效。", "The rule is not in force."))
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明停用理由", "Say why it is retired")})
    rule.state, rule.note = _S.RETIRED, reason.strip()[:300]
    rule.save(update_fields=["state", "note"])
    for issue in Issue.objects.filter(
        sheet=rule.sheet, origin=Issue.Origin.RULE, code=rule.code, state__in=OPEN_STATES
    ).select_related("organ", "sheet"):
        issues.move(call, issue, core.Withdraw(call.at, reason), reason)
    audit.note(rule=str(rule), reason=reason)
    return rule


# -- proposals --------------------------------------------------------------------------------
def _proposed(call: Call, *, sheet: Sheet) -> list[proposals.Proposal]:
    with engine.opened(sheet.table_id) as (view, _):
        return proposals.for_sheet(sheet, view.schema)


@action("quality.propose_rules", idempotent=False, prepare=_proposed)
def propose_rules(call: Call, *, sheet: Sheet, prepared: Sequence[proposals.Proposal] | None = None) -> int:
    """建议规则 from the schema, the profile and the catalogue's items; how many are new. Raises Forbidden."""
    access.require(call.actor, "propose", sheet)
    return _keep(call, sheet, prepared or ())


@action("quality.keep_proposals", idempotent=False)
def keep_proposals(call: Call, *, sheet: Sheet, found: Sequence[proposals.Proposal]) -> int:
    """留存建议: proposals another part of the platform made."""
    access.require(call.actor, "propose", sheet)
    return _keep(call, sheet, found)


def _keep(call: Call, sheet: Sheet, found: Sequence[proposals.Proposal]) -> int:
    known = set(RuleVersion.objects.filter(sheet=sheet).values_list("code", flat=True))
    made = 0
    for proposal in found:
        rule = trials.readable(proposal.document)
        if rule.id in known:
            continue
        known.add(rule.id)
        version = _write(call, sheet, rule, dict(proposal.document), False, proposal.source)
        version.state = _S.PROPOSED
        version.save(update_fields=["state"])
        made += 1
    audit.note(table=str(sheet.table_id), proposed=made)
    return made


@action("quality.accept_proposal", idempotent=False)
def accept_proposal(call: Call, *, rule: RuleVersion, orders: bool) -> RuleVersion:
    """采纳建议: the proposal becomes the draft of whoever accepts it. Raises Forbidden, Conflict."""
    access.require(call.actor, "propose", rule.sheet)
    rule = _locked(rule)
    _still_proposed(rule)
    rule.state, rule.orders = _S.DRAFT, orders
    rule.created_at, rule.created_by, rule.created_by_id = call.at, str(call.actor)[:120], call.actor.user_id
    rule.save()
    audit.note(rule=str(rule), orders=orders)
    return rule


@action("quality.refuse_proposal", idempotent=False)
def refuse_proposal(call: Call, *, rule: RuleVersion) -> RuleVersion:
    """不采纳建议: it is not made again. Raises Forbidden, Conflict."""
    access.require(call.actor, "propose", rule.sheet)
    rule = _locked(rule)
    _still_proposed(rule)
    rule.state, rule.decided_at, rule.decided_by = _S.REFUSED, call.at, str(call.actor)[:120]
    rule.save()
    audit.note(rule=str(rule))
    return rule


def _still_proposed(rule: RuleVersion) -> None:
    if rule.state != _S.PROPOSED:
        raise Conflict(Text("该建议已处理。", "The proposal was dealt with already."))


def _locked(rule: RuleVersion) -> RuleVersion:
    rows = RuleVersion.objects.select_for_update(of=("self",)).select_related("sheet")
    found: RuleVersion = rows.get(pk=rule.pk)
    return found


def _tell(call: Call, rule: RuleVersion, what: str) -> None:
    data = {
        "rule": rule.pk, "code": rule.code, "name": rule.text.to_dict(), "sheet": rule.sheet.text.to_dict(),
        "organ": rule.sheet.organ.code, "region": rule.sheet.region, "by": str(call.actor)[:120],
        "by_id": call.actor.user_id, "link": rule.get_absolute_url(), "simulated": rule.sheet.simulated,
    }  # fmt: skip
    events.emit(f"quality.rule.{what}", f"{rule.sheet.table_id}:{rule.code}", data)
