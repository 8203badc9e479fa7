"""The writers of weather: draft, edit, submit, return, approve and publish, cancel, expire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.command import queries as picture
from quancheng.core.text import Text
from quancheng.kernel import access, audit, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.scenarios.weather import flow, steps, wording
from quancheng.scenarios.weather.flow import MsgType, State
from quancheng.scenarios.weather.models import Warning
from quancheng.scenarios.weather.steps import Draft

__all__ = [
    "Draft",
    "approve_warning",
    "cancel_warning",
    "draft_warning",
    "edit_draft",
    "expire_warnings",
    "return_warning",
    "submit_warning",
    "withdraw_warning",
]


@action("weather.warning.draft")
def draft_warning(
    call: Call, *, draft: Draft, previous: Warning | None = None, exercise: str = ""
) -> Warning:
    """起草预警. A new alert, or an update of ``previous``. Raises InvalidInput, Forbidden, Conflict."""
    access.require(call.actor, "draft", Warning)
    columns = steps.checked(draft)
    if previous is not None:
        previous = steps.locked(previous)
        exercise = previous.exercise
        if previous.state != State.PUBLISHED:
            raise steps.changed(previous)
    at = picture.exercise_moment(call, _exercise(exercise))
    made = steps.create(
        at,
        exercise,
        event_type=draft.event_type,
        msg_type=MsgType.UPDATE if previous else MsgType.ALERT,
        state=State.DRAFT,
        basis=list(draft.basis),
        crossed_at=draft.crossed_at,
        drafted_by=steps.shown(call.actor),
        previous=previous,
        simulated=call.actor.simulated or bool(exercise),
        **columns,
    )
    steps.log(made, call, at, "draft", Text("起草", "Drafted"))
    return made


@action("weather.warning.edit")
def edit_draft(call: Call, *, warning: Warning, draft: Draft, seen: str = "") -> Warning:
    """修改草稿. A submitted one goes back to draft: it must be submitted and approved as it reads now.

    ``seen``: the ``revision`` the editor had before them; Conflict when it changed meanwhile.
    """
    access.require(call.actor, "draft", warning)
    columns = steps.checked(draft)
    _refuse_stale(warning, seen)
    at = picture.exercise_moment(call, warning.exercise)
    changes: dict[str, Any] = columns | {
        "basis": list(draft.basis) or warning.basis,
        "crossed_at": draft.crossed_at or warning.crossed_at,
        "state": State.DRAFT,
    }
    found = steps.move(warning, flow.UNPUBLISHED, at, **changes)
    steps.log(found, call, at, "edit", Text("修改", "Edited"))
    return found


@action("weather.warning.submit")
def submit_warning(call: Call, *, warning: Warning) -> Warning:
    """送审."""
    access.require(call.actor, "draft", warning)
    at = picture.exercise_moment(call, warning.exercise)
    who = steps.shown(call.actor)
    found = steps.move(warning, {State.DRAFT}, at, state=State.SUBMITTED, submitted_at=at, submitted_by=who)
    steps.log(found, call, at, "submit", Text("送审", "Submitted for approval"))
    steps.tell("submitted", found, at)
    return found


@action("weather.warning.return")
def return_warning(call: Call, *, warning: Warning, reason: str) -> Warning:
    """退回修改, with a reason."""
    access.require(call.actor, "approve", warning)
    reason = steps.reason_of(reason)
    at = picture.exercise_moment(call, warning.exercise)
    found = steps.move(warning, {State.SUBMITTED}, at, state=State.DRAFT)
    steps.log(found, call, at, "return", Text(f"退回:{reason}", f"Returned: {reason}"))
    return found


@action("weather.warning.withdraw")
def withdraw_warning(call: Call, *, warning: Warning, reason: str) -> Warning:
    """撤回未发布的预警, with a reason."""
    access.require(call.actor, "draft", warning)
    reason = steps.reason_of(reason)
    at = picture.exercise_moment(call, warning.exercise)
    found = steps.move(warning, flow.UNPUBLISHED, at, state=State.WITHDRAWN, ended_at=at)
    steps.log(found, call, at, "withdraw", Text(f"撤回:{reason}", f"Withdrawn: {reason}"))
    return found


@action("weather.warning.publish")
def approve_warning(call: Call, *, warning: Warning, seen: str = "") -> Warning:
    """签发并发布. The approver had no hand in the text. Raises Forbidden, Conflict, InvalidInput.

    ``seen``: the ``revision`` the approver read; Conflict when the text changed since.
    """
    access.require(call.actor, "approve", warning)
    warning = steps.locked(warning)
    if steps.has_hand_in(call.actor, warning):
        raise Forbidden(
            Text(
                "起草人、送审人不能签发自己的预警。", "Who drafted or submitted a warning may not approve it."
            ),
            todo=Text("请由另一位签发人审批。", "Ask another approver."),
        )
    _refuse_stale(warning, seen)
    at = steps.after(warning.previous, picture.exercise_moment(call, warning.exercise))
    expires = at + timedelta(hours=float(rulebook.find("weather.validity_hours").number()))
    found = steps.move(
        warning, {State.SUBMITTED}, at,
        state=State.PUBLISHED, published_at=at, approved_by=steps.shown(call.actor), effective=at, expires=expires,
    )  # fmt: skip
    steps.supersede(found, call, at)
    return steps.send(found, call, at)


@action("weather.warning.cancel")
def cancel_warning(call: Call, *, warning: Warning, reason: str) -> Warning:
    """解除预警: a CAP Cancel that refers to the warning in force; returns the cancelling message."""
    access.require(call.actor, "approve", warning)
    reason = steps.reason_of(reason)
    at = steps.after(warning, picture.exercise_moment(call, warning.exercise))
    in_force = steps.move(warning, {State.PUBLISHED}, at, state=State.CANCELLED, ended_at=at)
    steps.log(in_force, call, at, "cancel", Text(f"解除:{reason}", f"Cancelled: {reason}"))
    words = wording.cancel_words(in_force.level)
    made = steps.create(
        at,
        in_force.exercise,
        event_type=in_force.event_type,
        level=in_force.level,
        msg_type=MsgType.CANCEL,
        state=State.CANCELLED,
        districts=in_force.districts,
        basis=[{"reason": reason}],
        drafted_by=steps.shown(call.actor),
        approved_by=steps.shown(call.actor),
        published_at=at,
        effective=at,
        expires=at + timedelta(hours=1),
        ended_at=at,
        previous=in_force,
        simulated=in_force.simulated,
        headline=words.headline.to_dict(),
        description=words.description.to_dict(),
        instruction=words.instruction.to_dict(),
    )
    steps.drop_drafts(in_force, call, at)
    return steps.send(made, call, at)


@action("weather.warning.expire")
def expire_warnings(call: Call) -> int:
    """到期: warnings of the real city whose time is over; returns how many."""
    access.require(call.actor, "expire", Warning)
    numbers = []
    for over in Warning.objects.filter(state=State.PUBLISHED, exercise="", expires__lte=call.at).order_by(
        "id"
    ):
        try:
            steps.move(over, {State.PUBLISHED}, call.at, state=State.EXPIRED, ended_at=over.expires)
        except Conflict:  # ended by a person a moment ago
            continue
        steps.log(over, call, call.at, "expire", Text("到期失效", "Expired"))
        numbers.append(over.number)
    audit.note(expired=numbers)
    return len(numbers)


def _refuse_stale(warning: Warning, seen: str) -> None:
    if not seen:
        return
    warning.refresh_from_db()
    if warning.revision != seen:
        raise steps.changed(warning)


def _exercise(code: str) -> str:
    """A drill's code is part of the number and of a web address."""
    if len(code) <= 40 and all(letter.isalnum() or letter in "_.:+-" for letter in code):
        return code
    told = Text(
        "演练编号最多40字，不含空格和斜线。",
        "An exercise code has at most 40 characters, no spaces or slashes.",
    )
    raise InvalidInput(told, fields={"exercise": told})
