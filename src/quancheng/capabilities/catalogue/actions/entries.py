"""The life of an entry 条目: draft → submitted → approved or returned → published → revised or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from quancheng.capabilities.catalogue import queries, writing
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry, Intent, State, Version
from quancheng.core.catalogue import (
    CatalogueError,
    Resource,
    check,
    errors_of,
    plain,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

_EDITABLE = {State.DRAFT, State.RETURNED, State.PUBLISHED, State.WITHDRAWN}


@action("catalogue.entry.create")
def create_entry(call: Call, *, resource: Resource | Mapping[str, Any], simulated: bool = False) -> Entry:
    """登记条目 as a draft; without a code it gets the next of its home class.

    A draft may have faults (they are shown), but must be readable. Raises Forbidden, InvalidInput, Conflict.
    """
    access.require(call.actor, "create", Entry)
    value = _read(resource)
    organ = writing.organ_of(value.provider.code)
    value = replace(value, provider=organ)
    if not value.code:
        value = replace(value, code=writing.free_code(value))
    if Entry.objects.filter(code=value.code).exists():
        raise InvalidInput(fields={"code": Text("资源代码已被使用。", "The code is in use.")})
    entry = Entry(
        code=value.code, organ=writing.department(organ.code), working=plain(value), created_at=call.at,
        changed_at=call.at, edited_by=call.actor.user_id, simulated=simulated,
    )  # fmt: skip
    writing.save([entry])
    access.require(call.actor, "edit", entry)  # of another organ: everything is rolled back
    writing.note(call, entry, "create")
    writing.tell("created", entry)
    audit.note(code=entry.code)
    return entry


@action("catalogue.entry.edit")
def edit_entry(
    call: Call, *, entry: str | UUID, resource: Resource | Mapping[str, Any], expect: int | None = None
) -> Entry:
    """修改编辑稿; what is published stays until the new version is. Code and organ are never changed here.

    ``expect`` is the revision the editor saw. Raises Conflict when somebody was quicker or while it waits
    for a decision.
    """
    found = _locked(call, entry, "edit")
    _require_state(found, _EDITABLE)
    if expect is not None and expect != found.revision:
        raise Conflict(
            Text("该条目在此期间已被他人修改。", "Somebody else has changed the entry meanwhile."),
            extra={"revision": found.revision},
        )
    value = replace(_read(resource), code=found.code, provider=writing.organ_of(found.organ.code))
    changed_to(call, found, value)
    writing.save([found])
    writing.note(call, found, "edit")
    writing.tell("edited", found)
    audit.note(code=found.code, revision=found.revision)
    return found


def changed_to(call: Call, found: Entry, value: Resource) -> None:
    """Set the working copy, not yet written; a published or withdrawn entry becomes a draft again."""
    found.working = plain(value)
    found.revision += 1
    found.edited_by, found.changed_at = call.actor.user_id, call.at
    if found.state in {State.PUBLISHED, State.WITHDRAWN}:
        found.state, found.intent = State.DRAFT, Intent.PUBLISH


@action("catalogue.entry.submit")
def submit_entry(call: Call, *, entry: str | UUID) -> Entry:
    """提交审核; raises InvalidInput with every fault at its field."""
    found = _locked(call, entry, "submit")
    _require_state(found, {State.DRAFT, State.RETURNED})
    writing.refuse(errors_of(check(found.draft, city.standards())))
    if found.live and not _differs(found):
        raise Conflict(Text("内容与已发布版本相同，无需提交。", "Nothing differs from what is published."))
    return _submitted(call, found, Intent.PUBLISH, "")


@action("catalogue.entry.propose_withdrawal")
def propose_withdrawal(call: Call, *, entry: str | UUID, reason: str) -> Entry:
    """申请撤销 a published entry; a second person decides. Its code is never given again."""
    found = _locked(call, entry, "submit")
    if not found.live:
        raise Conflict(Text("只有已发布的条目才能撤销。", "Only a published entry can be withdrawn."))
    _require_state(found, {State.PUBLISHED, State.DRAFT, State.RETURNED})
    return _submitted(call, found, Intent.WITHDRAW, _needed(reason))


@action("catalogue.entry.discard")
def discard_entry(call: Call, *, entry: str | UUID) -> Entry:
    """作废草稿 that was never published; its code is never given again."""
    found = _locked(call, entry, "edit")
    if found.number:
        raise Conflict(Text("已发布过的条目须申请撤销。", "What was published once has to be withdrawn."))
    _require_state(found, {State.DRAFT, State.RETURNED})
    found.state, found.changed_at = State.WITHDRAWN, call.at
    writing.save([found])
    writing.note(call, found, "withdraw")
    writing.tell("withdrawn", found, reason="draft")
    audit.note(code=found.code)
    return found


@action("catalogue.entry.approve")
def approve_entry(call: Call, *, entry: str | UUID) -> Entry:
    """审核通过 by a second person. A withdrawal takes effect, a publication waits for :func:`publish_entry`."""
    found = _locked(call, entry, "decide")
    _require_state(found, {State.SUBMITTED})
    _second_person(call, found)
    found.changed_at = call.at
    if found.intent == Intent.WITHDRAW:
        found.live, found.state = False, State.WITHDRAWN
        writing.save([found])
        writing.note(call, found, "withdraw", found.reason)
        writing.tell("withdrawn", found, reason=found.reason)
    else:
        found.state = State.APPROVED
        writing.save([found])
        writing.note(call, found, "approve")
        writing.tell("approved", found)
    audit.note(code=found.code, intent=found.intent)
    return found


@action("catalogue.entry.return")
def return_entry(call: Call, *, entry: str | UUID, reason: str) -> Entry:
    """退回修改 with the reason."""
    found = _locked(call, entry, "decide")
    _require_state(found, {State.SUBMITTED, State.APPROVED})
    found.reason = _needed(reason)
    found.state, found.changed_at = State.RETURNED, call.at
    if found.intent == Intent.WITHDRAW and not _differs(found):
        found.state = State.PUBLISHED
    found.intent = Intent.PUBLISH
    writing.save([found])
    writing.note(call, found, "return", found.reason)
    writing.tell("returned", found, reason=found.reason)
    audit.note(code=found.code)
    return found


@action("catalogue.entry.publish")
def publish_entry(call: Call, *, entry: str | UUID) -> Version:
    """发布: the approved working copy becomes the next immutable version."""
    found = _locked(call, entry, "publish")
    _require_state(found, {State.APPROVED})
    writing.refuse(errors_of(check(found.draft, city.standards())))
    version = writing.publish(call, found)
    audit.note(code=found.code, version=version.version, digest=version.digest)
    return version


def _submitted(call: Call, found: Entry, intent: Intent, reason: str) -> Entry:
    found.state, found.intent, found.reason = State.SUBMITTED, intent, reason
    found.submitted_by, found.changed_at = call.actor.user_id, call.at
    writing.save([found])
    writing.note(call, found, "submit", reason)
    writing.tell("submitted", found, intent=intent.value)
    audit.note(code=found.code, intent=intent.value)
    return found


def _locked(call: Call, entry: str | UUID, verb: str) -> Entry:
    """The row, held until the end; asked for its right."""
    seen = queries.row(call.actor, entry)
    found: Entry = Entry.objects.select_for_update().select_related("organ").get(pk=seen.pk)
    access.require(call.actor, verb, found)
    return found


def _require_state(found: Entry, allowed: set[State]) -> None:
    if found.state not in allowed:
        zh, en = State(found.state).label, State(found.state).value
        raise Conflict(
            Text(f"条目现在是“{zh}”，不能这样办理。", f"The entry is {en}; this cannot be done now.")
        )


def _second_person(call: Call, found: Entry) -> None:
    """Who edited or submitted does not approve; the platform itself acts by rule."""
    who = call.actor.user_id
    if who is not None and who in {found.edited_by, found.submitted_by}:
        raise Forbidden(
            Text("编辑或提交人不能审核本条目。", "Who edited or submitted it cannot approve it."),
            todo=Text("请由另一位审核人员办理。", "Ask another approver."),
        )


def _differs(found: Entry) -> bool:
    difference = queries.pending(found)
    return difference is None or difference.impact is not None


def _needed(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请填写理由。", "Give the reason.")})
    return reason.strip()[:500]


def _read(resource: Resource | Mapping[str, Any]) -> Resource:
    if isinstance(resource, Resource):
        return resource
    try:
        return read_resource(resource)
    except CatalogueError as error:
        writing.refuse(error.findings)
        raise AssertionError("a refusal has findings") from error
