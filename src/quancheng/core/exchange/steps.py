"""共享申请的办理: the table of steps and the one function that makes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from quancheng.core.calendar import ClockError, ClockReason, ClockStatus, LegalClock, WorkingCalendar
from quancheng.core.exchange.errors import StepError, StepReason
from quancheng.core.exchange.sharing import (
    Clock,
    Deed,
    Effect,
    EffectKind,
    Entry,
    Event,
    Role,
    ShareType,
    SharingRequest,
    Stage,
    Stepped,
    Terms,
)
from quancheng.core.text import Text

__all__ = ["possible", "step"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """By whom a deed is done, where it leads, who is told, what becomes of the grant."""

    by: frozenset[Role]
    to: Stage
    tell: tuple[Role, ...]
    grant: EffectKind | None = None
    reason: bool = False
    basis: bool = False


_C, _P, _A, _S = (frozenset({role}) for role in Role)
_RULES: dict[tuple[Stage, Deed], _Rule] = {
    (Stage.DRAFTED, Deed.SUBMIT): _Rule(_C, Stage.SUBMITTED, (Role.AUTHORITY,)),
    (Stage.RETURNED, Deed.SUBMIT): _Rule(_C, Stage.SUBMITTED, (Role.AUTHORITY,)),
    (Stage.SUBMITTED, Deed.RETURN): _Rule(_A | _P, Stage.RETURNED, (Role.CONSUMER,), reason=True),
    (Stage.SUBMITTED, Deed.ACCEPT): _Rule(_A | _P, Stage.ACCEPTED, (Role.CONSUMER, Role.PROVIDER)),
    (Stage.ACCEPTED, Deed.AGREE): _Rule(_P, Stage.AGREED, (Role.CONSUMER,)),
    (Stage.ACCEPTED, Deed.DECLINE): _Rule(_P, Stage.DECLINED, (Role.CONSUMER,), reason=True, basis=True),
    (Stage.DECLINED, Deed.OBJECT): _Rule(_C, Stage.OBJECTED, (Role.PROVIDER,), reason=True),
    (Stage.OBJECTED, Deed.AGREE): _Rule(_P, Stage.AGREED, (Role.CONSUMER,)),
    (Stage.OBJECTED, Deed.ESCALATE): _Rule(
        _C | _P, Stage.ARBITRATED, (Role.AUTHORITY, Role.CONSUMER, Role.PROVIDER), reason=True
    ),
    (Stage.ARBITRATED, Deed.OVERRULE): _Rule(
        _A, Stage.AGREED, (Role.CONSUMER, Role.PROVIDER), reason=True, basis=True
    ),
    (Stage.ARBITRATED, Deed.UPHOLD): _Rule(
        _A, Stage.WITHDRAWN, (Role.CONSUMER, Role.PROVIDER), reason=True, basis=True
    ),
    (Stage.AGREED, Deed.DELIVER): _Rule(_P, Stage.DELIVERED, (Role.CONSUMER,), EffectKind.GRANT),
    (Stage.DELIVERED, Deed.CONFIRM): _Rule(_C, Stage.IN_USE, (Role.PROVIDER,)),
    (Stage.IN_USE, Deed.SUSPEND): _Rule(
        _P | _A, Stage.SUSPENDED, (Role.CONSUMER,), EffectKind.SUSPEND_GRANT, reason=True
    ),
    (Stage.SUSPENDED, Deed.RESUME): _Rule(_P | _A, Stage.IN_USE, (Role.CONSUMER,), EffectKind.RESUME_GRANT),
}
for _stage in (Stage.DELIVERED, Stage.IN_USE, Stage.SUSPENDED):
    _RULES[_stage, Deed.EXPIRE] = _Rule(
        _S, Stage.EXPIRED, (Role.CONSUMER, Role.PROVIDER), EffectKind.END_GRANT
    )
    _RULES[_stage, Deed.WITHDRAW] = _Rule(
        _C | _P | _A, Stage.WITHDRAWN, (Role.CONSUMER, Role.PROVIDER), EffectKind.END_GRANT, reason=True
    )
for _stage in Stage:
    if not _stage.final:
        _RULES.setdefault((_stage, Deed.WITHDRAW), _Rule(_C, Stage.WITHDRAWN, (Role.PROVIDER,)))

_LIMITS = {
    Stage.SUBMITTED: Clock.ACCEPT,
    Stage.RETURNED: Clock.CORRECT,
    Stage.ACCEPTED: Clock.ANSWER,
    Stage.AGREED: Clock.DELIVER,
    Stage.DECLINED: Clock.OBJECT,
    Stage.OBJECTED: Clock.REVIEW,
    Stage.ARBITRATED: Clock.ARBITRATE,
    Stage.DELIVERED: Clock.CONFIRM,
}
"""The limit that runs in a stage."""

_LAPSING = {Clock.CORRECT, Clock.OBJECT}
"""Limits of the consumer: when they pass, the request lapses; the offices' limits only warn."""

_RESPONSIBLE = {
    Clock.ACCEPT: Role.AUTHORITY,
    Clock.ANSWER: Role.PROVIDER,
    Clock.DELIVER: Role.PROVIDER,
    Clock.REVIEW: Role.PROVIDER,
    Clock.ARBITRATE: Role.AUTHORITY,
    Clock.CONFIRM: Role.CONSUMER,
    Clock.CORRECT: Role.CONSUMER,
    Clock.OBJECT: Role.CONSUMER,
}


def possible(request: SharingRequest, by: Role) -> tuple[Deed, ...]:
    """Deeds a role can do now (可办操作), apart from reasons and days; for buttons."""
    deeds = [deed for (stage, deed), rule in _RULES.items() if stage is request.stage and by in rule.by]
    if (
        request.clock is not None
        and by in (Role.PROVIDER, Role.AUTHORITY)
        and _RESPONSIBLE[request.limit or Clock.ACCEPT] is by
    ):
        deeds.append(Deed.EXTEND)
    if request.stage is Stage.ACCEPTED and by is (Role.CONSUMER if request.waiting else Role.PROVIDER):
        deeds.append(Deed.SUPPLY if request.waiting else Deed.ASK)
    return tuple(deeds)


def step(request: SharingRequest, event: Event, terms: Terms, calendar: WorkingCalendar) -> Stepped:
    """Make one step (办理). ``StepError`` when it is not allowed, the state stays as it was.

    ``TICK`` by the system once a day warns of a passed limit (once), lets a request lapse that was
    not corrected or a no that was not objected to, and ends a use after its last day.
    """
    if event.on < request.last:
        raise StepError(StepReason.OUT_OF_ORDER)
    if event.deed is Deed.TICK:
        return _tick(request, event, calendar)
    if event.deed is Deed.EXTEND:
        return _extend(request, event, terms, calendar)
    if event.deed in (Deed.ASK, Deed.SUPPLY):
        return _ask_or_supply(request, event, calendar)
    rule = _RULES.get((request.stage, event.deed))
    if rule is None:
        raise StepError(StepReason.WRONG_STAGE)
    _allowed(request, event, rule, calendar)
    to = rule.to
    if event.deed is Deed.SUBMIT and request.share_type is ShareType.UNCONDITIONAL:
        to = Stage.AGREED  # shared without condition: nobody has to agree
    return _moved(request, event, rule, to, terms, calendar)


def _allowed(request: SharingRequest, event: Event, rule: _Rule, calendar: WorkingCalendar) -> None:
    if event.by not in rule.by:
        raise StepError(StepReason.WRONG_ROLE)
    if rule.reason and not event.reason.strip():
        raise StepError(StepReason.REASON_MISSING)
    if rule.basis and not event.basis.strip():
        raise StepError(StepReason.BASIS_MISSING)
    if event.deed is Deed.SUBMIT and request.share_type is ShareType.NOT_SHARED:
        raise StepError(StepReason.NOT_SHAREABLE)
    if request.ends is not None and event.on > request.ends and event.deed is Deed.RESUME:
        raise StepError(StepReason.OVERDUE)
    if request.limit in _LAPSING and event.deed is not Deed.WITHDRAW and _late(request, event, calendar):
        raise StepError(StepReason.OVERDUE)


def _moved(
    request: SharingRequest,
    event: Event,
    rule: _Rule,
    to: Stage,
    terms: Terms,
    calendar: WorkingCalendar,
) -> Stepped:
    effects = [] if request.clock is None else [Effect(EffectKind.CLOCK_STOPPED, clock=request.limit)]
    limit, clock = _LIMITS.get(to), None
    if limit is not None:
        if limit not in terms.days:
            raise StepError(StepReason.TERM_MISSING)
        clock = LegalClock(event.on, terms.days[limit])
        due = clock.due(calendar)
        effects.append(Effect(EffectKind.CLOCK_STARTED, _RESPONSIBLE[limit], limit, due))
    if rule.grant is not None:
        effects.append(Effect(rule.grant))
    effects += [Effect(EffectKind.NOTIFY, role, text=_news(to, event)) for role in rule.tell]
    entry = Entry(event, request.stage, to)
    moved = replace(
        request, stage=to, limit=limit, clock=clock, warned=False, history=(*request.history, entry)
    )
    return Stepped(moved, tuple(effects))


def _extend(request: SharingRequest, event: Event, terms: Terms, calendar: WorkingCalendar) -> Stepped:
    if request.clock is None or request.limit is None:
        raise StepError(StepReason.WRONG_STAGE)
    if event.by is not _RESPONSIBLE[request.limit] or event.by is Role.CONSUMER:
        raise StepError(StepReason.WRONG_ROLE)
    most, times = terms.extension.get(request.limit, (0, 0))
    if not 0 < event.days <= most or len(request.clock.extensions) >= times:
        raise StepError(StepReason.EXTENSION_REFUSED)
    try:
        clock = request.clock.extend(event.on, event.days, event.reason, calendar)
    except ClockError as error:
        reason = _OF_CLOCK.get(error.reason, StepReason.EXTENSION_REFUSED)
        raise StepError(reason) from error
    entry = Entry(event, request.stage, request.stage)
    longer = replace(request, clock=clock, history=(*request.history, entry))
    text = Text(
        f"期限延长 {event.days} 个工作日：{event.reason}",
        f"The limit is {event.days} working days longer: {event.reason}",
    )
    started = Effect(EffectKind.CLOCK_STARTED, event.by, request.limit, clock.due(calendar))
    return Stepped(longer, (started, Effect(EffectKind.NOTIFY, Role.CONSUMER, text=text)))


def _ask_or_supply(request: SharingRequest, event: Event, calendar: WorkingCalendar) -> Stepped:
    """The provider asks the consumer for more: its clock rests until the answer is here."""
    asks = event.deed is Deed.ASK
    if request.stage is not Stage.ACCEPTED or request.clock is None or request.waiting is asks:
        raise StepError(StepReason.WRONG_STAGE)
    if event.by is not (Role.PROVIDER if asks else Role.CONSUMER):
        raise StepError(StepReason.WRONG_ROLE)
    try:
        clock = (
            request.clock.suspend(event.on, event.reason, calendar)
            if asks
            else request.clock.resume(event.on)
        )
    except ClockError as error:
        raise StepError(_OF_CLOCK.get(error.reason, StepReason.WRONG_STAGE)) from error
    if not event.reason.strip():
        raise StepError(StepReason.REASON_MISSING)
    entry = Entry(event, request.stage, request.stage)
    moved = replace(request, clock=clock, history=(*request.history, entry))
    if asks:
        text = Text(f"请补充说明：{event.reason}", f"More is asked: {event.reason}")
        told = Effect(EffectKind.NOTIFY, Role.CONSUMER, text=text)
        return Stepped(moved, (Effect(EffectKind.CLOCK_STOPPED, clock=request.limit), told))
    text = Text(f"已补充说明：{event.reason}", f"More was said: {event.reason}")
    started = Effect(EffectKind.CLOCK_STARTED, Role.PROVIDER, request.limit, clock.due(calendar))
    return Stepped(moved, (started, Effect(EffectKind.NOTIFY, Role.PROVIDER, text=text)))


_OF_CLOCK = {
    ClockReason.OVERDUE: StepReason.OVERDUE,
    ClockReason.REASON_MISSING: StepReason.REASON_MISSING,
    ClockReason.OUT_OF_ORDER: StepReason.OUT_OF_ORDER,
}


def _tick(request: SharingRequest, event: Event, calendar: WorkingCalendar) -> Stepped:
    if event.by is not Role.SYSTEM:
        raise StepError(StepReason.WRONG_ROLE)
    expiring = _RULES.get((request.stage, Deed.EXPIRE))
    if expiring is not None and request.ends is not None and event.on > request.ends:
        return _moved(request, event, expiring, Stage.EXPIRED, _NO_TERMS, calendar)
    if request.limit is None or not _late(request, event, calendar):
        return Stepped(request, ())
    if request.limit in _LAPSING:
        rule = _Rule(_S, Stage.WITHDRAWN, (Role.CONSUMER, Role.PROVIDER))
        return _moved(request, event, rule, Stage.WITHDRAWN, _NO_TERMS, calendar)
    if request.warned:
        return Stepped(request, ())
    text = Text(
        f"“{request.stage.text}”已超过法定期限。", f"The legal limit of “{request.stage.text.en}” has passed."
    )
    told = dict.fromkeys((_RESPONSIBLE[request.limit], Role.AUTHORITY))
    effects = tuple(Effect(EffectKind.OVERDUE, role, request.limit, text=text) for role in told)
    return Stepped(replace(request, warned=True), effects)


_NO_TERMS = Terms({}, {})


def _late(request: SharingRequest, event: Event, calendar: WorkingCalendar) -> bool:
    return request.clock is not None and request.clock.status(event.on, calendar) is ClockStatus.OVERDUE


def _news(to: Stage, event: Event) -> Text:
    more = "；".join(part for part in (event.reason, event.basis) if part)
    if not more:
        return Text(f"{to.text.zh}。", f"Now: {to.text.en}.")
    return Text(f"{to.text.zh}：{more}。", f"Now: {to.text.en}. {more}")
