"""The writers of weather: draft, edit, submit, return, approve and publish, cancel, expire."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from quancheng.capabilities.command import queries as picture
from quancheng.core.cap import Alert, CapError, from_xml, to_xml
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.scenarios.weather import areas, flow, message, signing, wording
from quancheng.scenarios.weather.flow import MsgType, State
from quancheng.scenarios.weather.models import Warning, WarningEvent

RAINSTORM = "rainstorm"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says; levels 1 (worst) to 4."""

    level: int
    districts: Sequence[str]
    words: wording.Words
    basis: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    crossed_at: datetime | None = None
    event_type: str = RAINSTORM


@action("weather.warning.draft")
def draft_warning(call: Call, *, draft: Draft, previous: Warning | None = None, exercise: str = "") -> Warning:
    """起草预警. A new alert, or an update of ``previous``. Raises InvalidInput, Forbidden, Conflict."""
    access.require(call.actor, "draft", Warning)
    _refuse_bad(draft)
    if previous is not None and previous.state != State.PUBLISHED:
        raise _changed(previous)
    at = picture.exercise_moment(call, exercise)
    made = Warning.objects.create(
        number=_number(at, exercise),
        event_type=draft.event_type,
        level=draft.level,
        msg_type=MsgType.UPDATE if previous else MsgType.ALERT,
        state=State.DRAFT,
        districts=sorted(set(draft.districts)),
        basis=list(draft.basis),
        crossed_at=draft.crossed_at,
        drafted_at=at,
        drafted_by=str(call.actor),
        changed_at=at,
        previous=previous,
        exercise=exercise,
        simulated=call.actor.simulated or bool(exercise),
        **_text_columns(draft.words),
    )
    _log(made, call, at, "draft", Text("起草", "Drafted"))
    return made


@action("weather.warning.edit")
def edit_draft(call: Call, *, warning: Warning, draft: Draft) -> Warning:
    """修改草稿. Only while it is a draft; a submitted one goes back to draft first."""
    access.require(call.actor, "draft", warning)
    _refuse_bad(draft)
    at = picture.exercise_moment(call, warning.exercise)
    changes: dict[str, Any] = {
        "level": draft.level,
        "districts": sorted(set(draft.districts)),
        "basis": list(draft.basis) or warning.basis,
        "crossed_at": draft.crossed_at or warning.crossed_at,
        "state": State.DRAFT,
        **_text_columns(draft.words),
    }
    found = _move(warning, flow.UNPUBLISHED, at, **changes)
    _log(found, call, at, "edit", Text("修改", "Edited"))
    return found


@action("weather.warning.submit")
def submit_warning(call: Call, *, warning: Warning) -> Warning:
    """送审."""
    access.require(call.actor, "draft", warning)
    at = picture.exercise_moment(call, warning.exercise)
    found = _move(warning, {State.DRAFT}, at, state=State.SUBMITTED, submitted_at=at, submitted_by=str(call.actor))
    _log(found, call, at, "submit", Text("送审", "Submitted for approval"))
    _tell("submitted", found, at)
    return found


@action("weather.warning.return")
def return_warning(call: Call, *, warning: Warning, reason: str) -> Warning:
    """退回修改, with a reason."""
    access.require(call.actor, "approve", warning)
    reason = _reason(reason)
    at = picture.exercise_moment(call, warning.exercise)
    found = _move(warning, {State.SUBMITTED}, at, state=State.DRAFT)
    _log(found, call, at, "return", Text(f"退回:{reason}", f"Returned: {reason}"))
    return found


@action("weather.warning.withdraw")
def withdraw_warning(call: Call, *, warning: Warning, reason: str) -> Warning:
    """撤回未发布的预警, with a reason."""
    access.require(call.actor, "draft", warning)
    reason = _reason(reason)
    at = picture.exercise_moment(call, warning.exercise)
    found = _move(warning, flow.UNPUBLISHED, at, state=State.WITHDRAWN, ended_at=at)
    _log(found, call, at, "withdraw", Text(f"撤回:{reason}", f"Withdrawn: {reason}"))
    return found


@action("weather.warning.publish")
def approve_warning(call: Call, *, warning: Warning) -> Warning:
    """签发并发布. The approver is another person than drafter and submitter. Raises Forbidden, Conflict, InvalidInput."""
    access.require(call.actor, "approve", warning)
    warning.refresh_from_db()
    if str(call.actor) in {warning.drafted_by, warning.submitted_by}:
        raise Forbidden(
            Text("起草人、送审人不能签发自己的预警。", "Who drafted or submitted a warning may not approve it."),
            todo=Text("请由另一位签发人审批。", "Ask another approver."),
        )
    at = picture.exercise_moment(call, warning.exercise)
    expires = at + timedelta(hours=float(rulebook.find("weather.validity_hours").number()))
    found = _move(
        warning, {State.SUBMITTED}, at,
        state=State.PUBLISHED, published_at=at, approved_by=str(call.actor), effective=at, expires=expires,
    )  # fmt: skip
    _supersede(found, at, State.SUPERSEDED)
    return _send(found, call, at)


@action("weather.warning.cancel")
def cancel_warning(call: Call, *, warning: Warning, reason: str) -> Warning:
    """解除预警: a CAP Cancel that refers to the warning in force; returns the cancelling message."""
    access.require(call.actor, "approve", warning)
    reason = _reason(reason)
    at = picture.exercise_moment(call, warning.exercise)
    in_force = _move(warning, {State.PUBLISHED}, at, state=State.CANCELLED, ended_at=at)
    _log(in_force, call, at, "cancel", Text(f"解除:{reason}", f"Cancelled: {reason}"))
    made = Warning.objects.create(
        number=_number(at, warning.exercise),
        event_type=warning.event_type,
        level=warning.level,
        msg_type=MsgType.CANCEL,
        state=State.CANCELLED,
        districts=warning.districts,
        basis=[{"reason": reason}],
        drafted_at=at,
        drafted_by=str(call.actor),
        approved_by=str(call.actor),
        published_at=at,
        effective=at,
        expires=at + timedelta(hours=1),
        ended_at=at,
        changed_at=at,
        previous=in_force,
        exercise=warning.exercise,
        simulated=warning.simulated,
        **_text_columns(wording.cancel_words(warning.level)),
    )
    _drop_drafts(in_force, at)
    return _send(made, call, at)


@action("weather.warning.expire")
def expire_warnings(call: Call) -> int:
    """到期: warnings of the real city whose time is over; returns how many."""
    access.require(call.actor, "expire", Warning)
    over = Warning.objects.filter(state=State.PUBLISHED, exercise="", expires__lte=call.at)
    numbers = list(over.values_list("number", flat=True))
    over.update(state=State.EXPIRED, ended_at=call.at, changed_at=call.at)
    audit.note(expired=numbers)
    return len(numbers)


def _send(warning: Warning, call: Call, at: datetime) -> Warning:
    before = _published_before(warning)
    web = f"{settings.PUBLIC_URL}/warnings/"
    try:
        document = to_xml(message.build(warning, before, web))
    except CapError as broken:
        told = broken.problems[0]
        raise InvalidInput(told.text, extra={"path": told.path}) from broken
    warning.xml, warning.xml_sha256 = document, hashlib.sha256(document).hexdigest()
    warning.signature = signing.sign(document)
    warning.save(update_fields=["xml", "xml_sha256", "signature"])
    _log(warning, call, at, "publish", Text.of(warning.headline))
    audit.note(number=warning.number, sha256=warning.xml_sha256, msg_type=warning.msg_type)
    _tell("published", warning, at)
    return warning


def _published_before(warning: Warning) -> Alert | None:
    before = warning.previous
    return from_xml(bytes(before.xml)) if before is not None and before.xml else None


def _supersede(warning: Warning, at: datetime, state: State) -> None:
    if warning.previous_id is not None:
        done = Warning.objects.filter(pk=warning.previous_id, state=State.PUBLISHED)
        if not done.update(state=state, ended_at=at, changed_at=at):
            raise _changed(Warning.objects.get(pk=warning.previous_id))


def _drop_drafts(in_force: Warning, at: datetime) -> None:
    waiting = Warning.objects.filter(previous=in_force, state__in=flow.UNPUBLISHED)
    waiting.update(state=State.WITHDRAWN, ended_at=at, changed_at=at)


def _move(warning: Warning, allowed: Any, at: datetime, **changes: Any) -> Warning:
    """Change a warning only from the states it may be changed from; Conflict when someone was first."""
    target = changes.get("state")
    fitting = [state for state in allowed if target in (None, state) or flow.may_become(state, State(target))]
    done = Warning.objects.filter(pk=warning.pk, state__in=fitting).update(changed_at=at, **changes)
    warning.refresh_from_db()
    if not done:
        raise _changed(warning)
    return warning


def _changed(warning: Warning) -> Conflict:
    last = warning.log.last()
    who = f"{last.actor}" if last else "-"
    return Conflict(
        Text(
            f"预警 {warning.number} 现为“{warning.state_text.zh}”,最近由 {who} 处理。",
            f"Warning {warning.number} is now '{warning.state_text.en}', last handled by {who}.",
        )
    )


def _refuse_bad(draft: Draft) -> None:
    fields: dict[str, Text] = {}
    if draft.level not in flow.COLOURS:
        fields["level"] = Text("请选择预警级别。", "Choose a warning level.")
    unknown = [code for code in draft.districts if not areas.known(code)]
    if unknown or not draft.districts:
        fields["districts"] = Text("请选择影响区县。", "Choose the affected districts.")
    for name in ("headline", "description", "instruction"):
        told: Text = getattr(draft.words, name)
        if not told.zh.strip() or not told.en.strip():
            fields[name] = Text("请填写中文和英文。", "Fill in both Chinese and English.")
    if fields:
        raise InvalidInput(fields=fields)


def _reason(reason: str) -> str:
    reason = reason.strip()[:200]
    if not reason:
        told = Text("请填写理由。", "Give a reason.")
        raise InvalidInput(told, fields={"reason": told})
    return reason


def _text_columns(words: wording.Words) -> dict[str, Any]:
    return {
        "headline": words.headline.to_dict(),
        "description": words.description.to_dict(),
        "instruction": words.instruction.to_dict(),
    }


def _number(at: datetime, exercise: str) -> str:
    """``JN-W-20260718-003``; exercises have their code in it."""
    day = f"{at.astimezone(message.LOCAL):%Y%m%d}"
    stem = f"JN-W-{day}" if not exercise else f"YL-{exercise}"
    taken = Warning.objects.filter(number__startswith=f"{stem}-").count()
    return f"{stem}-{taken + 1:03d}"


def _log(warning: Warning, call: Call, at: datetime, verb: str, text: Text) -> None:
    WarningEvent.objects.create(
        warning=warning, at=at, actor=str(call.actor)[:100], verb=verb, zh=text.zh[:300], en=text.en[:400]
    )


def _tell(what: str, warning: Warning, at: datetime) -> None:
    events.emit(
        f"weather.warning.{what}",
        subject=warning.exercise or warning.event_type,
        data={
            "number": warning.number,
            "event_type": warning.event_type,
            "colour": flow.COLOURS[warning.level].value.lower(),
            "level": warning.level,
            "msg_type": str(warning.msg_type),
            "headline": warning.headline,
            "districts": warning.districts,
            "published_at": at.isoformat() if what == "published" else None,
            "crossed_at": warning.crossed_at.isoformat() if warning.crossed_at else None,
            "expires": warning.expires.isoformat() if warning.expires else None,
            "exercise": warning.exercise,
            "simulated": warning.simulated,
            "evidence": warning.path,
        },
    )
