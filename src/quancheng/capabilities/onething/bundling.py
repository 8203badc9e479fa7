"""办理一件事: hand the items in, follow their cases, go on, end. The only writers of a running bundle.

A bundle is locked for every step. An item's case is handed in in the applicant's own name, within
the applicant's rights; when the office cannot take it the reason stays with the item and nothing
else stops. What happened is read from the case itself, so an event that comes twice, late or out
of order changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.onething import plan
from quancheng.capabilities.onething.models import Bundle, BundleItem
from quancheng.capabilities.onething.numbering import free_resident_id
from quancheng.capabilities.onething.values import BundleState, ItemState
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions as services
from quancheng.core.text import Text
from quancheng.kernel import clock, events, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError

__all__ = ["StoredFile", "advance", "applicant_of", "follow", "lock", "move", "tell"]

STATES = {
    "approved": ItemState.DONE, "completed": ItemState.DONE, "refused": ItemState.REFUSED,
    "withdrawn": ItemState.WITHDRAWN, "correction": ItemState.CORRECTION,
}  # fmt: skip
"""What the state of a case means for its item; any other: the department works on it."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored upload as ``services`` reads it (材料文件)."""

    digest: str
    media_type: str
    size: int
    width: int
    height: int


def lock(bundle: Bundle) -> Bundle:
    """The bundle for one change."""
    held: Bundle = (
        Bundle.objects.select_for_update(of=("self",))
        .select_related("version", "theme", "user")
        .get(pk=bundle.pk)
    )
    return held


def applicant_of(bundle: Bundle) -> Actor:
    """The applicant as an actor, for the firm the bundle is about."""
    actor = people.user_actor(bundle.user)
    return replace(
        actor,
        person_id=bundle.person_id,
        firm_id=bundle.firm_id,
        simulated=actor.simulated or bundle.simulated,
        kind=actor.kind if actor.is_authenticated else _PERSON,
        user_id=bundle.user_id,
        name=actor.name or bundle.applicant_name,
    )


_PERSON = type(Actor.anonymous().kind).PERSON


# -- going on -------------------------------------------------------------------------------------
def advance(call: Call, bundle: Bundle) -> Bundle:
    """Block, free and hand in what the states allow, and end the bundle when nothing moves any more."""
    spec = bundle.spec
    rows = {one.key: one for one in bundle.items.select_related("case")}
    states = {key: one.progress for key, one in rows.items()}
    for key, state in plan.settled(spec.item, states).items():
        if state is not states[key]:
            _block(call, bundle, rows, states, key, state)
            states[key] = state
    for key in plan.ready(spec.item, states):
        _hand_in(call, bundle, rows, key)
        states[key] = rows[key].progress
    _end(call, bundle, states)
    return bundle


def move(call: Call, row: BundleItem, state: ItemState, reason: Text | None = None) -> None:
    """Set the state of an item with its reason."""
    row.state, row.reason, row.changed_at = state.value, reason.to_dict() if reason else {}, call.at
    row.save()


def tell(bundle: Bundle, what: str, **data: Any) -> None:
    """Emit ``onething.<what>`` with what every listener needs."""
    events.emit(
        f"onething.{what}",
        bundle.receipt or "",
        {
            "receipt": bundle.receipt, "theme": bundle.theme.name, "theme_code": bundle.theme.code,
            "user_id": bundle.user_id, "state": bundle.state, "simulated": bundle.simulated, **data,
        },
    )  # fmt: skip


def _block(
    call: Call, bundle: Bundle, rows: Mapping[str, BundleItem], states: Mapping[str, ItemState], key: str,
    state: ItemState,
) -> None:  # fmt: skip
    reason = None
    if state is ItemState.BLOCKED:
        stuck = plan.blocked_by(
            plan.rests_on(bundle.spec.item, set(states)), plan.settled(bundle.spec.item, states), key
        )
        name = rows[stuck].text
        reason = Text(
            f"“{name.zh}”没有办成，这一项无法继续。可以对它申请复核或重新办理；办成后这一项会自动继续。",
            f"“{name.en}” ended without a result, so this cannot go on. Appeal or try that one again; "
            "this continues by itself once it is done.",
        )
    move(call, rows[key], state, reason)


def _hand_in(call: Call, bundle: Bundle, rows: Mapping[str, BundleItem], key: str) -> None:
    """Hand an item in, or say what is lacking."""
    row = rows[key]
    given = dict(bundle.consents.values_list("key", "given"))
    results = {one.key: one.result for one in rows.values()}
    found = plan.filled(
        bundle.spec, key, bundle.facts, results, given, row.extra.get("fields"), bundle.answers
    )
    papers = [one for one in found.uploads if one not in row.extra.get("files", {})]
    if found.missing or papers:
        row.missing = {"fields": list(found.missing), "uploads": papers}
        move(call, row, ItemState.ASKING, _asked(row))
        _message(
            bundle,
            row,
            "asking",
            Text("一件事需要您补充内容", "Your one-thing needs something from you"),
            _asked(row),
        )
        return
    row.missing = {}
    row.attempt += 1
    declared = dict.fromkeys(bundle.spec.of(key).declared, True)
    files = _files(bundle, row)
    try:
        case = services.submit_case(
            Call(applicant_of(bundle), key=f"onething:{row.pk}:{row.attempt}", at=call.at),
            matter_code=row.matter,
            form={**found.form, **declared},
            files={material: StoredFile(**stored) for material, (stored, _name) in files.items()},  # type: ignore[misc]
            names={material: name for material, (_stored, name) in files.items()},
            channel="onething",
            insist=True,
        )
    except QuanchengError as wrong:
        words = [wrong.detail, *wrong.fields.values()]
        reason = Text("；".join(one.zh for one in words), "; ".join(one.en for one in words))
        move(call, row, ItemState.FAILED, reason)
        _message(
            bundle, row, "failed", Text("一件事有一项没有送出", "One item could not be handed in"), reason
        )
        tell(bundle, "item.failed", item=key, matter_code=row.matter, reason=reason.to_dict())
        return
    row.case = case
    move(call, row, ItemState.RUNNING)
    tell(bundle, "item.submitted", item=key, matter_code=row.matter, case=case.receipt)


def _files(bundle: Bundle, row: BundleItem) -> dict[str, tuple[dict[str, Any], str]]:
    """Material → stored file and its name: shared papers and what was added for this item."""
    found: dict[str, dict[str, Any]] = {}
    for one in bundle.spec.upload:
        if row.key in one.to and one.key in bundle.uploads:
            found[one.to[row.key]] = bundle.uploads[one.key]
    found |= row.extra.get("files", {})
    made = {}
    for material, stored in found.items():
        fact = {key: value for key, value in stored.items() if key != "name"}
        made[material] = (fact, str(stored.get("name") or material))
    return made


def _asked(row: BundleItem) -> Text:
    return Text(
        f"“{row.text.zh}”轮到办理了。您没有同意部门之间传递数据，请补充后继续。",
        f"“{row.text.en}” is next. You did not consent to passing data on, so please add what is needed.",
    )


def _end(call: Call, bundle: Bundle, states: Mapping[str, ItemState]) -> None:
    over = plan.over(states)
    if over and bundle.state == BundleState.RUNNING.value:
        bundle.state, bundle.finished_at = BundleState.FINISHED.value, call.at
        bundle.pack_round += 1
        bundle.save()
        jobs.enqueue(
            "onething.pack", {"bundle": bundle.pk}, key=f"onething-pack-{bundle.pk}-{bundle.pack_round}"
        )
        tell(
            bundle,
            "bundle.finished",
            done=sum(one is ItemState.DONE for one in states.values()),
            all=len(states),
        )
    elif not over and bundle.state == BundleState.FINISHED.value:
        bundle.state, bundle.finished_at = BundleState.RUNNING.value, None
        bundle.save()
        tell(bundle, "bundle.reopened")


# -- following a case --------------------------------------------------------------------------------
def follow(call: Call, row: BundleItem) -> None:
    """Bring an item to where its case stands, then let the bundle go on."""
    bundle = lock(row.bundle)
    row = BundleItem.objects.select_related("case__matter").get(pk=row.pk)
    case = row.case
    if case is None or bundle.state == BundleState.WITHDRAWN.value:
        return
    state = STATES.get(case.state, ItemState.RUNNING)
    before = row.progress
    if state is before:
        return
    if state is ItemState.DONE:
        row.result = result_of(bundle, row)
    move(call, row, state, _why(case, state))
    tell(bundle, f"item.{_SAID.get(state, 'moved')}", item=row.key, matter_code=row.matter, case=case.receipt)
    advance(call, bundle)


_SAID = {ItemState.DONE: "done", ItemState.REFUSED: "refused"}


def result_of(bundle: Bundle, row: BundleItem) -> dict[str, Any]:
    """What an item gives to those after it: the licence, what the form said, numbers given with it."""
    case: Any = row.case
    number = case.licence_number
    given: dict[str, Any] = {"licence": number, "licence_code": number.replace("-", ""), "case": case.receipt}
    facts = dict(bundle.facts)
    for name, gives in bundle.spec.of(row.key).gives.items():
        row.given_number = row.given_number or free_resident_id(gives, facts, bundle.region_code)
        given[name] = row.given_number
    return given


def _why(case: Any, state: ItemState) -> Text | None:
    if state is ItemState.REFUSED and case.decision.get("reason"):
        reason = str(case.decision["reason"])
        return Text(f"不予办理：{reason}。可以申请复核。", f"Refused: {reason}. You may ask for a review.")
    if state is ItemState.CORRECTION:
        return Text(
            "部门请您补正，其他事项照常办理。", "The office asks you to correct this; the rest goes on."
        )
    return None


def _message(bundle: Bundle, row: BundleItem, what: str, title: Text, body: Text) -> None:
    messages.send_message(
        Call.system("onething", simulated=bundle.simulated),
        title=title, body=body, source=f"onething:{row.pk}:{what}:{row.attempt}:{clock.now():%Y%m%d%H%M%S}",
        user_id=bundle.user_id, kind="notice", link=f"/onethings/b/{bundle.receipt}/", simulated=bundle.simulated,
    )  # fmt: skip
