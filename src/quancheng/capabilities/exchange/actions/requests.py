"""The writers of requests: every step under the legal clock, and the grant at its end."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from quancheng.capabilities.exchange import checking, holdings, state, terms
from quancheng.capabilities.exchange.actions.granting import end_grant, make_grant
from quancheng.capabilities.exchange.actions.parties import party_for
from quancheng.capabilities.exchange.models import Backend, Grant, Party, ShareRequest
from quancheng.capabilities.exchange.values import Asked, Given, Holding
from quancheng.core import exchange as core
from quancheng.core.calendar import CalendarNotCovered
from quancheng.core.exchange import Deed, EffectKind, Role, Stage
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import ActorKind
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable

VERBS = {Role.CONSUMER: "ask", Role.PROVIDER: "answer", Role.AUTHORITY: "oversee", Role.SYSTEM: "tick"}
"""The right each side of a request needs."""
SIMPLE = frozenset(
    {
        Deed.SUBMIT, Deed.RETURN, Deed.ACCEPT, Deed.EXTEND, Deed.ASK, Deed.SUPPLY, Deed.DECLINE, Deed.OBJECT,
        Deed.ESCALATE, Deed.UPHOLD, Deed.OVERRULE, Deed.CONFIRM, Deed.SUSPEND, Deed.RESUME, Deed.WITHDRAW,
    }
)  # fmt: skip
"""Deeds of :func:`advance`; agreeing has an action of its own because it makes the grant."""


@action("exchange.ask")
def ask(
    call: Call, *, consumer: str, asked: Asked, submit: bool = True, simulated: bool = False
) -> ShareRequest:
    """申请共享: a department asks for data; what is shared without condition is granted at once.

    Raises InvalidInput (fields), Forbidden for another department, Conflict for data that is not shared.
    """
    access.require(call.actor, "ask", ShareRequest)
    _own(call, consumer)
    holding = holdings.holding(call.actor, asked.resource)
    today = _today(call)
    if wrong := checking.wrong_request(asked, holding, today):
        raise InvalidInput(fields=wrong)
    if holding.share is core.ShareType.NOT_SHARED:
        raise Conflict(core.StepReason.NOT_SHAREABLE.text)
    if holding.provider == consumer:
        raise Conflict(
            Text("这是本部门自己的数据，无需申请。", "This is your own data; it need not be asked for.")
        )
    simulated = simulated or call.actor.simulated
    row = ShareRequest(
        number=_number("SQ", call.at),
        consumer=party_for(call, consumer, simulated),
        provider=party_for(call, holding.provider, simulated),
        resource=holding.code,
        asked_by=str(call.actor)[:100],
        asked_by_id=call.actor.user_id,
        created_at=call.at,
        simulated=simulated,
        **_contents(asked, holding),
    )
    core_row = core.draft(row.number, _share_of(asked, holding), today, asked.ends)
    row.renews = _renewed(row.consumer, asked)
    _put(row, core_row)
    row.save(force_insert=True)
    audit.note(number=row.number, resource=row.resource, consumer=consumer, fields=list(asked.fields))
    if submit:
        _step(call, row, Deed.SUBMIT, Role.CONSUMER)
        _grant_unconditional(call, row, holding)
    return row


@action("exchange.revise")
def revise(call: Call, *, number: str, asked: Asked) -> ShareRequest:
    """修改申请: a draft, or a request returned for correction. Raises InvalidInput, Conflict."""
    row = _locked(call, number, "ask")
    if Stage(row.stage) not in (Stage.DRAFTED, Stage.RETURNED):
        raise Conflict(core.StepReason.WRONG_STAGE.text)
    holding = holdings.holding(call.actor, row.resource)
    if wrong := checking.wrong_request(asked, holding, _today(call)):
        raise InvalidInput(fields=wrong)
    for name, value in _contents(asked, holding).items():
        setattr(row, name, value)
    row.save()
    audit.note(number=row.number)
    return row


@action("exchange.advance")
def advance(
    call: Call, *, number: str, deed: str, reason: str = "", basis: str = "", days: int = 0
) -> ShareRequest:
    """办理一步: any deed but agreeing, see ``SIMPLE``. Raises Forbidden, Conflict (stage, limit), InvalidInput."""
    row = _locked(call, number, "view")
    if deed not in set(SIMPLE):
        raise InvalidInput(Text("没有这个操作。", "There is no such step."))
    role = role_for(call, row, Deed(deed))
    _step(call, row, Deed(deed), role, reason.strip(), basis.strip(), days)
    if Deed(deed) is Deed.SUBMIT:
        _grant_unconditional(call, row, holdings.trusted(row.resource))
    return row


@action("exchange.agree")
def agree(call: Call, *, number: str, given: Given) -> Grant:
    """同意共享: the provider agrees and provides, with terms at most as wide as asked; returns the grant.

    A request nobody had accepted yet is accepted by this. Raises InvalidInput (fields), Conflict, Forbidden.
    """
    row = _locked(call, number, "answer")
    if wrong := checking.wrong_grant(given, asked_of(row), _today(call)):
        raise InvalidInput(fields=wrong)
    if Stage(row.stage) is Stage.SUBMITTED:
        _step(call, row, Deed.ACCEPT, Role.PROVIDER)
    if Stage(row.stage) is not Stage.AGREED:
        _step(call, row, Deed.AGREE, Role.PROVIDER)
    holding = holdings.trusted(row.resource)
    grant = make_grant(call, row, given, holding)
    _step(call, row, Deed.DELIVER, Role.PROVIDER)
    return grant


@action("exchange.tick", idempotent=False)
def tick(call: Call, *, number: str) -> ShareRequest:
    """计时: warns once of a passed limit and tells the bureau, lets lapse, ends a use after its last day."""
    row = _locked(call, number, "tick")
    _step(call, row, Deed.TICK, Role.SYSTEM)
    return row


# -- the one way a request moves ------------------------------------------------------------------
def _step(
    call: Call, row: ShareRequest, deed: Deed, by: Role, reason: str = "", basis: str = "", days: int = 0
) -> None:
    today = _today(call)
    before = state.read(row.state)
    event = core.Event(deed, by, today, reason[:300], basis[:200], days)
    try:
        stepped = core.step(before, event, terms.terms(today), working_calendar())
    except core.StepError as error:
        raise _refused(error) from error
    except CalendarNotCovered as error:
        raise Unavailable(error.text) from error
    after = stepped.request
    if deed is Deed.SUBMIT:
        row.submitted_on = row.submitted_on or today
    if deed in (Deed.AGREE, Deed.DECLINE) and row.answered_on is None:
        row.answered_on, row.answered_late = today, before.warned or _is_late(before, today)
    if deed is Deed.DECLINE:
        row.decline_reason, row.decline_basis = reason[:300], basis[:200]
    _put(row, after)
    row.late = row.late or after.warned
    row.save()
    audit.note(number=row.number, deed=str(deed), stage=row.stage)
    _effects(call, row, stepped.effects, deed)


def _effects(call: Call, row: ShareRequest, effects: tuple[core.Effect, ...], deed: Deed) -> None:
    for effect in effects:
        if effect.kind in (EffectKind.NOTIFY, EffectKind.OVERDUE) and effect.to is not None:
            overdue = effect.kind is EffectKind.OVERDUE
            text = effect.text or Text("", "")
            said = {
                "number": row.number,
                "to": str(effect.to),
                "text": text.to_dict(),
                "name": row.resource_text.to_dict(),
                "department": _department(row, effect.to),
                "deed": str(deed),
                "simulated": row.simulated,
            }
            if overdue:
                events.emit("exchange.request.overdue", row.number, said)
            else:
                events.emit("exchange.request.moved", row.number, said)
        elif effect.kind is EffectKind.SUSPEND_GRANT:
            Grant.objects.filter(request=row).update(status=str(core.GrantStatus.SUSPENDED))
        elif effect.kind is EffectKind.RESUME_GRANT:
            Grant.objects.filter(request=row).update(status=str(core.GrantStatus.ACTIVE))
        elif effect.kind is EffectKind.END_GRANT:
            end_grant(call, row, effect)


def _department(row: ShareRequest, to: Role) -> str:
    """Code of the department that is told; empty: the bureau."""
    party = {Role.CONSUMER: row.consumer, Role.PROVIDER: row.provider}.get(to)
    return "" if party is None else party.code


def role_for(call: Call, row: ShareRequest, deed: Deed) -> Role:
    """On which side of the request the actor does a deed; raises Forbidden."""
    can = [role for role in (Role.CONSUMER, Role.PROVIDER, Role.AUTHORITY) if _may(call, role, row)]
    before = state.read(row.state)
    for role in can:
        if deed in core.possible(before, role):
            return role
    if can:
        return can[0]
    access.require(call.actor, "answer", row)
    raise Forbidden()


def _may(call: Call, role: Role, row: ShareRequest) -> bool:
    return access.allowed(call.actor, VERBS[role], row)


def _grant_unconditional(call: Call, row: ShareRequest, holding: Holding) -> None:
    """无条件共享: nobody has to agree, so the grant is there at once, in the provider's name by rule."""
    if Stage(row.stage) is not Stage.AGREED:
        return
    schema = holdings.schema_of(holding.table_id)
    known = [name for name in row.fields if schema is None or schema.column(name) is not None]
    if not known or not (holding.table_id or Backend.objects.filter(resource=row.resource).exists()):
        return  # nothing to give yet: the provider's clock of delivery runs
    given = Given(
        dict.fromkeys(known, core.Mask.KEEP),
        row.ends,
        row.calls_per_day,
        rows_per_day=1_000_000,
        condition=None,
        search=tuple(known),
    )
    make_grant(call, row, given, holding)
    _step(call, row, Deed.DELIVER, Role.PROVIDER)


def _refused(error: core.StepError) -> Conflict | InvalidInput:
    at = {core.StepReason.REASON_MISSING: "reason", core.StepReason.BASIS_MISSING: "basis",
          core.StepReason.EXTENSION_REFUSED: "days"}.get(error.reason)  # fmt: skip
    return Conflict(error.text) if at is None else InvalidInput(error.text, fields={at: error.text})


def _put(row: ShareRequest, value: core.SharingRequest) -> None:
    row.state = state.write(value)
    row.stage, row.limit, row.waiting = str(value.stage), str(value.limit or ""), value.waiting
    row.due = None if value.clock is None else value.clock.due(working_calendar())


def _is_late(value: core.SharingRequest, today: date) -> bool:
    due = None if value.clock is None else value.clock.due(working_calendar())
    return due is not None and today > due


def _contents(asked: Asked, holding: Holding) -> dict[str, Any]:
    return {
        "resource_zh": holding.text.zh,
        "resource_en": holding.text.en,
        "share_type": str(_share_of(asked, holding)),
        "way": asked.way,
        "fields": list(dict.fromkeys(asked.fields)),
        "condition": asked.condition,
        "rows_note": asked.rows_note[:300],
        "purpose": asked.purpose.strip(),
        "basis_title": asked.basis_title.strip().strip("《》"),
        "basis_clause": asked.basis_clause.strip(),
        "contact": asked.contact[:80],
        "calls_per_day": asked.calls_per_day,
        "starts": asked.starts,
        "ends": asked.ends,
    }


def _share_of(asked: Asked, holding: Holding) -> core.ShareType:
    """Type of the request: one conditional field makes all of it conditional."""
    fields = [one.share for one in holding.columns if one.name in asked.fields]
    if core.ShareType.CONDITIONAL in (holding.share, *fields):
        return core.ShareType.CONDITIONAL
    return holding.share


def asked_of(row: ShareRequest) -> Asked:
    """What a request asks for, as a value."""
    return Asked(
        row.resource, tuple(row.fields), row.purpose, row.basis_title, row.basis_clause, row.way,
        row.starts, row.ends, row.calls_per_day, row.condition, row.rows_note, row.contact,
    )  # fmt: skip


def _renewed(consumer: Party, asked: Asked) -> Grant | None:
    if not asked.renews:
        return None
    found: Grant | None = Grant.objects.filter(
        number=asked.renews, consumer=consumer, resource=asked.resource
    ).first()
    if found is None:
        raise InvalidInput(fields={"renews": Text("没有可续期的授权", "No grant to renew")})
    return found


def _own(call: Call, department: str) -> None:
    """The actor may ask in the name of this department; raises Forbidden."""
    from quancheng.capabilities.people import queries as people

    if call.actor.kind is ActorKind.SYSTEM:
        return
    unit = people.department(department).pk
    held = [grant for grant in call.actor.grants if grant.role == "exchange.officer"]
    if not any(unit in grant.departments for grant in held):
        raise Forbidden(Text("只能以本部门名义申请。", "You may ask in your own department's name only."))


def _locked(call: Call, number: str, verb: str) -> ShareRequest:
    found = access.visible(call.actor, ShareRequest).filter(number=number).first()
    if found is None:
        access.require(call.actor, verb, ShareRequest)
        raise NotFound(Text("没有这件申请。", "There is no such request."))
    access.require(call.actor, verb, found)
    rows = ShareRequest.objects.select_for_update(of=("self",)).select_related("consumer", "provider")
    locked: ShareRequest = rows.get(pk=found.pk)
    return locked


def _today(call: Call) -> date:
    return call.at.astimezone(clock.LOCAL).date()


def _number(prefix: str, at: datetime) -> str:
    import secrets

    return f"{prefix}{at.astimezone(clock.LOCAL):%Y%m%d}{secrets.token_hex(4).upper()}"


def day_end(day: date) -> datetime:
    """The moment a last day is over."""
    return datetime.combine(day, time.max, clock.LOCAL)
