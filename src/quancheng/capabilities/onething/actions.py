"""The writers of one-things. Drafts are in ``drafting.py``, publishing in ``publishing.py``; exported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.onething import asking, bundling, plan
from quancheng.capabilities.onething.drafting import attach_upload, consent, drop_draft, save_draft
from quancheng.capabilities.onething.models import Bundle, BundleItem
from quancheng.capabilities.onething.numbering import receipt_number
from quancheng.capabilities.onething.packing import keep_pack
from quancheng.capabilities.onething.publishing import matters, publish_theme
from quancheng.capabilities.onething.values import BundleState, ItemState
from quancheng.capabilities.services import actions as services
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, QuanchengError

__all__ = [
    "answer_item", "attach_upload", "consent", "drop_draft", "follow_case", "keep_pack", "publish_theme",
    "retry_item", "save_draft", "skip_item", "submit_bundle", "withdraw_bundle",
]  # fmt: skip


@action("onething.bundle.submit")
def submit_bundle(call: Call, *, bundle: Bundle, declared: bool = False) -> Bundle:
    """提交一件事: items become cases of their departments, at once or when their turn comes.

    Raises Forbidden, Conflict (handed in already), InvalidInput (questions, facts, papers, consents
    not said yet, the declaration).
    """
    access.require(call.actor, "submit", bundle)
    bundle = bundling.lock(bundle)
    if bundle.state != BundleState.DRAFT.value:
        raise Conflict(
            Text(
                f"这件事已经提交，编号{bundle.receipt}。",
                f"This was handed in already under {bundle.receipt}.",
            ),
            extra={"receipt": bundle.receipt or ""},
        )
    seen = asking.sight(call.actor, bundle)
    _complete(seen, declared)
    typed = {key for key, value in bundle.facts.items() if seen.known.get(key, {}).get("value") != value}
    bundle.answers, bundle.facts = dict(seen.answered.answers), dict(seen.values)
    bundle.provenance = {key: {**one, "changed": key in typed} for key, one in seen.known.items()}
    bundle.known = len([key for key in seen.known if key not in typed]) + _spared(seen)
    bundle.asked = len([one for one in seen.facts if one.key in seen.values]) - len(set(seen.known) - typed)
    bundle.receipt = receipt_number(clock.today(), bundle.pk)
    bundle.state, bundle.submitted_at = BundleState.RUNNING.value, call.at
    bundle.save()
    known = matters(call.actor)
    steps = plan.layers(seen.theme.item, set(seen.chosen))
    position = 0
    for number, step in enumerate(steps, start=1):
        for key in step:
            position += 1
            code = seen.theme.of(key).matter
            name = known[code].name if code in known else {"zh": code, "en": code}
            BundleItem.objects.create(
                bundle=bundle,
                key=key,
                matter=code,
                name=name,
                position=position,
                layer=number,
                changed_at=call.at,
            )
    audit.note(
        receipt=bundle.receipt, theme=seen.theme.code, version=bundle.version.number, items=list(seen.chosen),
        consents=dict(sorted(seen.given.items())),
    )  # fmt: skip
    bundling.tell(bundle, "bundle.submitted", items=list(seen.chosen))
    return bundling.advance(call, bundle)


def _complete(seen: asking.Sight, declared: bool) -> None:
    wrong = {**seen.wrong_questions, **seen.wrong_facts}
    wrong |= {one.key: Text(f"请提供{one.name.zh}", f"Provide {one.name.en}") for one in seen.missing_uploads}
    wrong |= {
        one.key: Text(f"请选择是否同意：{one.data.zh}", f"Say yes or no: {one.data.en}")
        for one in seen.unsaid
    }
    if not declared:
        wrong["declared"] = Text("请确认所填内容真实", "Confirm that what you state is true")
    if wrong:
        raise InvalidInput(fields=wrong)
    if not seen.chosen:
        raise InvalidInput(Text("按您的回答没有要办的事项。", "Your answers call for no item."))


def _spared(seen: asking.Sight) -> int:
    """Values an item would have asked for that come from another item or from the same one answer."""
    total = sum(len(seen.theme.of(key).fields) + len(seen.theme.of(key).answers) for key in seen.chosen)
    once = {fact for key in seen.chosen for fact in seen.theme.of(key).fields.values()}
    once |= {name for key in seen.chosen for name in seen.theme.of(key).answers.values()}
    return max(total - len(once), 0) + sum(len(seen.theme.of(key).results) for key in seen.chosen)


@action("onething.case.follow")
def follow_case(call: Call, *, receipt: str) -> int:
    """跟进办件: system only; brings the item of a case to where the case stands. Raises Forbidden."""
    access.require(call.actor, "follow", Bundle)
    row = BundleItem.objects.select_related("bundle").filter(case__receipt=receipt).first()
    if row is None:
        return 0
    audit.note(receipt=row.bundle.receipt, item=row.key, case=receipt)
    bundling.follow(call, row)
    return 1


@action("onething.item.answer")
def answer_item(
    call: Call,
    *,
    item: BundleItem,
    fields: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]] | None = None,
) -> BundleItem:
    """补充: what the applicant gives because data may not be passed on. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "save", item.bundle)
    bundle, row = _taken(item, {ItemState.ASKING})
    wanted, papers = row.missing.get("fields", []), row.missing.get("uploads", [])
    given = {key: str(fields.get(key) or "").strip()[:200] for key in wanted}
    wrong = {key: Text("请填写这一项", "Fill this in") for key, value in given.items() if not value}
    wrong |= {key: Text("请上传这份材料", "Upload this paper") for key in papers if key not in (files or {})}
    if wrong:
        raise InvalidInput(fields=wrong)
    row.extra = {
        "fields": {**row.extra.get("fields", {}), **given},
        "files": {**row.extra.get("files", {}), **{key: dict((files or {})[key]) for key in papers}},
    }
    bundling.move(call, row, ItemState.WAITING)
    audit.note(receipt=bundle.receipt, item=row.key, fields=sorted(given), uploads=sorted(papers))
    bundling.advance(call, bundle)
    return _again(row)


@action("onething.item.skip")
def skip_item(call: Call, *, item: BundleItem) -> BundleItem:
    """不办这一项: it and what rests on it end here. Raises Forbidden, Conflict (a department has it, or it is over)."""
    access.require(call.actor, "save", item.bundle)
    states = {ItemState.WAITING, ItemState.ASKING, ItemState.FAILED, ItemState.BLOCKED}
    bundle, row = _taken(item, states)
    bundling.move(call, row, ItemState.SKIPPED)
    audit.note(receipt=bundle.receipt, item=row.key)
    bundling.tell(bundle, "item.skipped", item=row.key, matter_code=row.matter)
    bundling.advance(call, bundle)
    return _again(row)


@action("onething.item.retry")
def retry_item(call: Call, *, item: BundleItem, facts: Mapping[str, Any] | None = None) -> BundleItem:
    """重新办理 an item that was not taken, refused, withdrawn or left out. Raises Forbidden, Conflict."""
    access.require(call.actor, "save", item.bundle)
    states = {ItemState.FAILED, ItemState.REFUSED, ItemState.WITHDRAWN, ItemState.SKIPPED}
    bundle, row = _taken(item, states)
    if facts:
        bundle.facts = bundle.facts | {
            key: value for key, value in facts.items() if key in bundle.spec.facts_by_key
        }
    if bundle.firm_id is None and call.actor.firm_id is not None:
        bundle.firm_id = call.actor.firm_id
    bundle.save()
    row.case = None
    bundling.move(call, row, ItemState.WAITING)
    audit.note(receipt=bundle.receipt, item=row.key)
    bundling.advance(call, bundle)
    return _again(row)


@action("onething.bundle.withdraw")
def withdraw_bundle(call: Call, *, bundle: Bundle) -> Bundle:
    """撤回整件事: open cases are withdrawn where the law still allows; what is decided stays. Raises Forbidden, Conflict."""
    access.require(call.actor, "withdraw", bundle)
    bundle = bundling.lock(bundle)
    if bundle.state != BundleState.RUNNING.value:
        raise Conflict(Text("只有办理中的一件事可以撤回。", "Only a one-thing in progress can be withdrawn."))
    for row in bundle.items.select_related("case"):
        if row.progress.case_open:
            try:
                services.withdraw_case(call.with_key(None), case=row.case, reason="撤回整件事")
            except QuanchengError as wrong:
                bundling.move(call, row, row.progress, wrong.detail)
                continue
        if not row.progress.over or row.progress is ItemState.BLOCKED:
            bundling.move(call, row, ItemState.WITHDRAWN)
    bundle.state, bundle.finished_at = BundleState.WITHDRAWN.value, call.at
    bundle.save()
    audit.note(receipt=bundle.receipt)
    bundling.tell(bundle, "bundle.withdrawn")
    return bundle


def _taken(item: BundleItem, states: set[ItemState]) -> tuple[Bundle, BundleItem]:
    """The locked bundle and its item in one of these states. Raises Conflict."""
    bundle = bundling.lock(item.bundle)
    row = BundleItem.objects.get(pk=item.pk)
    if row.progress not in states or bundle.state in {BundleState.DRAFT.value, BundleState.WITHDRAWN.value}:
        now = row.progress.text
        raise Conflict(
            Text(
                f"这一项现在是“{now.zh}”，不能这样做。", f"This item is now “{now.en}”; that is not possible."
            )
        )
    return bundle, row


def _again(row: BundleItem) -> BundleItem:
    now: BundleItem = BundleItem.objects.select_related("bundle", "case").get(pk=row.pk)
    return now
