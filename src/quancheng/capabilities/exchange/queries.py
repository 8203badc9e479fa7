"""Reads of sharing, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from quancheng.capabilities.exchange import ledger, state, terms
from quancheng.capabilities.exchange.actions.requests import VERBS
from quancheng.capabilities.exchange.models import (
    Backend,
    BatchFile,
    Exchange,
    Grant,
    Objection,
    Party,
    PartyKey,
    ShareRequest,
    Stamp,
    Subscription,
    UseLine,
)
from quancheng.capabilities.people import queries as people
from quancheng.core import exchange as core
from quancheng.core.catalogue import Rate, RateName
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

OFFICER, BUREAU = "exchange.officer", "exchange.bureau"
NEWEST = ("-created_at", "-id")
OPEN_STAGES = ("submitted", "returned", "accepted", "agreed", "objected", "arbitrated")
SIDES = ("asked", "received", "all")


def require_desk(actor: Actor) -> Actor:
    """Raise unless the asker works with sharing."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.kind is not ActorKind.SYSTEM and not actor.role_ids & {OFFICER, BUREAU}:
        raise Forbidden()
    return actor


def my_departments(actor: Actor) -> list[Any]:
    """Departments the actor may ask for, the largest first."""
    held = {pk for one in actor.grants if one.role == OFFICER for pk in one.departments}
    if not held:
        return []
    below = (one for root in people.departments() for one in people.subtree(root.code))
    return [one for one in below if one.pk in held]


# -- requests -------------------------------------------------------------------------------------
def requests(actor: Actor, params: Mapping[str, Any]) -> QuerySet[ShareRequest]:
    """Requests the actor may see: ``side``, ``stage``, ``late``, ``q``, ``organ``."""
    found = access.visible(actor, ShareRequest).select_related("consumer", "provider")
    own = [one.pk for one in my_departments(actor)]
    if params.get("side") == "asked":
        found = found.filter(consumer__department_id__in=own)
    elif params.get("side") == "received":
        found = found.filter(provider__department_id__in=own)
    stage = str(params.get("stage") or "")
    if stage == "open":
        found = found.filter(stage__in=OPEN_STAGES)
    elif stage:
        found = found.filter(stage=stage)
    if params.get("late"):
        found = found.filter(late=True)
    if organ := str(params.get("organ") or ""):
        found = found.filter(Q(consumer__code=organ) | Q(provider__code=organ))
    for word in str(params.get("q") or "").replace("\x00", "").split()[:5]:
        found = found.filter(
            Q(number__icontains=word) | Q(resource_zh__icontains=word) | Q(purpose__icontains=word)
        )
    return found


def request_page(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[ShareRequest]:
    """A page of them, newest first."""
    return pagination.page(requests(actor, params), NEWEST, params)


def request(actor: Actor, number: str) -> ShareRequest:
    """One request; raises NotFound."""
    found = (
        access.visible(actor, ShareRequest)
        .select_related("consumer", "provider", "renews")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise NotFound(Text("没有这件申请。", "There is no such request."))
    return found


@dataclass(frozen=True, slots=True)
class ClockShown:
    """期限: the legal limit that runs, what is left of it, by which rule."""

    limit: core.Clock
    due: date | None
    remaining: int
    suspended: bool
    days: int
    late: bool


def clock_of(row: ShareRequest, today: date | None = None) -> ClockShown | None:
    """The running limit of a request; None when none runs."""
    value = state.read(row.state)
    if value.clock is None or value.limit is None:
        return None
    calendar, on = working_calendar(), today or clock.today()
    due = value.clock.due(calendar)
    remaining = value.clock.remaining(on, calendar)
    late = due is not None and on > due
    return ClockShown(value.limit, due, remaining, value.clock.suspended, value.clock.total, late)


def deeds(actor: Actor, row: ShareRequest) -> list[core.Deed]:
    """What the actor can do with a request now, for buttons."""
    value = state.read(row.state)
    found: list[core.Deed] = []
    for role in (core.Role.CONSUMER, core.Role.PROVIDER, core.Role.AUTHORITY):
        if access.allowed(actor, VERBS[role], row):
            found += [deed for deed in core.possible(value, role) if deed not in found]
    return found


def history(row: ShareRequest) -> list[core.Entry]:
    """Steps of a request, oldest first."""
    return list(state.read(row.state).history)


def counts(actor: Actor) -> dict[str, int]:
    """For tiles: to answer, late, my open requests, running grants, open objections."""
    mine = access.visible(actor, ShareRequest)
    own = [one.pk for one in my_departments(actor)]
    received = mine.filter(provider__department_id__in=own)
    return {
        "to_answer": received.filter(stage__in=("submitted", "accepted", "agreed", "objected")).count(),
        "late": mine.filter(late=True, stage__in=OPEN_STAGES).count(),
        "asked": mine.filter(consumer__department_id__in=own, stage__in=OPEN_STAGES).count(),
        "grants": access.visible(actor, Grant).filter(status="active", valid_until__gt=clock.now()).count(),
        "objections": access.visible(actor, Objection).filter(state="open").count(),
    }


# -- grants ---------------------------------------------------------------------------------------
def grants(actor: Actor, params: Mapping[str, Any]) -> QuerySet[Grant]:
    """Grants the actor may see: ``side``, ``status`` (running, ended), ``q``."""
    found = access.visible(actor, Grant).select_related("consumer", "provider")
    own = [one.pk for one in my_departments(actor)]
    if params.get("side") == "held":
        found = found.filter(consumer__department_id__in=own)
    elif params.get("side") == "given":
        found = found.filter(provider__department_id__in=own)
    running = Q(status="active", valid_until__gt=clock.now())
    if params.get("status") == "running":
        found = found.filter(running)
    elif params.get("status") == "ended":
        found = found.exclude(running)
    for word in str(params.get("q") or "").replace("\x00", "").split()[:5]:
        found = found.filter(
            Q(number__icontains=word) | Q(resource_zh__icontains=word) | Q(purpose__icontains=word)
        )
    return found


def grant_page(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Grant]:
    """A page of them, newest first."""
    return pagination.page(grants(actor, params), NEWEST, params)


def grant(actor: Actor, number: str) -> Grant:
    """One grant; raises NotFound."""
    found = (
        access.visible(actor, Grant)
        .select_related("consumer", "provider", "counter", "request")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise NotFound(Text("没有这项授权。", "There is no such grant."))
    return found


def usage(actor: Actor, row: Grant, days: int = 30) -> list[tuple[date, int, int]]:
    """Calls and rows of each of the last days, days without any included."""
    since = clock.now() - timedelta(days=days)
    found = (
        access.visible(actor, Exchange)
        .filter(grant=row, at__gte=since, outcome=str(core.Outcome.DELIVERED))
        .annotate(day=TruncDate("at", tzinfo=clock.LOCAL))
        .values("day")
        .annotate(calls=Count("id"), sum=Sum("rows"))
    )
    by_day = {one["day"]: (one["calls"], one["sum"]) for one in found}
    today = clock.today()
    spread = (today - timedelta(days=back) for back in range(days - 1, -1, -1))
    return [(day, *by_day.get(day, (0, 0))) for day in spread]


def files(actor: Actor, row: Grant) -> list[BatchFile]:
    """Files of a grant, newest first; the consumer's only."""
    return list(access.visible(actor, BatchFile).filter(grant=row).order_by("-asked_at", "-id")[:20])


def subscription(actor: Actor, row: Grant) -> Subscription | None:
    """The subscription of a grant."""
    found: Subscription | None = access.visible(actor, Subscription).filter(grant=row).first()
    return found


def open_parcels(row: Subscription) -> int:
    """Deliveries not acknowledged."""
    return row.parcels.filter(acknowledged_at=None).count()


# -- ledger ---------------------------------------------------------------------------------------
def exchanges(actor: Actor, params: Mapping[str, Any]) -> QuerySet[Exchange]:
    """Exchanges the actor may see: ``grant``, ``outcome``, ``mode``, ``day``, ``q`` (message or case)."""
    found = access.visible(actor, Exchange).select_related("grant", "consumer", "provider")
    if number := str(params.get("grant") or ""):
        found = found.filter(grant__number=number)
    if outcome := str(params.get("outcome") or ""):
        found = found.filter(outcome=outcome)
    if mode := str(params.get("mode") or ""):
        found = found.filter(mode=mode)
    if params.get("waiting"):
        found = found.filter(stamp=None)
    if word := str(params.get("q") or "").replace("\x00", "").strip():
        found = found.filter(Q(message=word) | Q(case=word) | Q(grant__number=word))
    return found


def exchange_page(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Exchange]:
    """A page of them, newest first."""
    return pagination.page(exchanges(actor, params), ("-at", "-id"), params)


def exchange(actor: Actor, pk: int) -> Exchange:
    """One exchange; raises NotFound."""
    found = (
        access.visible(actor, Exchange)
        .select_related("grant", "consumer", "provider", "stamp")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound(Text("没有这次交换。", "There is no such exchange."))
    return found


def evidence(actor: Actor, pk: int, keeper: str) -> bytes:
    """An evidence file of either side, for those who may see the exchange. Raises NotFound, Conflict (not stamped)."""
    return ledger.evidence(exchange(actor, pk), keeper)


@dataclass(frozen=True, slots=True)
class LedgerState:
    """台账状态: what waits for stamps, how old, whether the intake is open, the last stamps."""

    pending: int
    oldest_seconds: int
    acceptance: core.Acceptance
    limits: core.LedgerLimits
    stamps: list[Stamp]
    today: int


def ledger_state(actor: Actor) -> LedgerState:
    """State of the evidence ledger."""
    now = clock.now()
    limits = terms.tuning(clock.today()).ledger
    waiting = ledger.waiting(limits.pending)
    age = 0 if waiting.oldest is None else int((now - waiting.oldest).total_seconds())
    stamps = list(access.visible(actor, Stamp).defer("leaves").order_by("-number")[:10])
    since = clock.now().astimezone(clock.LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    today = access.visible(actor, Exchange).filter(at__gte=since).count()
    return LedgerState(waiting.pending, age, ledger.acceptance(now), limits, stamps, today)


# -- parties --------------------------------------------------------------------------------------
def parties(actor: Actor, q: str = "") -> QuerySet[Party]:
    """Parties by name or code."""
    found = access.visible(actor, Party)
    return found.filter(Q(zh__icontains=q) | Q(code__icontains=q)) if q else found


def party(actor: Actor, code: str) -> Party:
    """One party; raises NotFound."""
    found: Party | None = access.visible(actor, Party).filter(code=code).first()
    if found is None:
        raise NotFound(Text("没有这个交换单位。", "There is no such party."))
    return found


def keys(actor: Actor, row: Party) -> list[PartyKey]:
    """Its keys, newest first."""
    return list(access.visible(actor, PartyKey).filter(party=row).order_by("-valid_from", "-id"))


def backends(actor: Actor) -> list[Backend]:
    """Providers' services and their circuits."""
    return list(access.visible(actor, Backend).select_related("party").order_by("resource"))


# -- people ---------------------------------------------------------------------------------------
def uses_of_me(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[UseLine]:
    """谁用过我的数据: uses of the actor's own data, newest first."""
    found = access.visible(actor, UseLine).filter(person_id=actor.person_id or -1)
    found = found.select_related("exchange__grant", "exchange__consumer", "exchange__provider", "objection")
    return pagination.page(found, ("-at", "-id"), params)


def objections(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Objection]:
    """Objections to uses of data the actor's departments provided."""
    found = access.visible(actor, Objection).select_related("use__exchange__grant", "provider")
    if params.get("state") in Objection.State.values:
        found = found.filter(state=params["state"])
    return pagination.page(found, ("-made_at", "-id"), params)


# -- rates ----------------------------------------------------------------------------------------
def rate(organ: str | None = None, since: date | None = None, until: date | None = None) -> Rate:
    """共享率: requests answered in time and served, of those that were due; trusted, without rights.

    Due: submitted in the period, not withdrawn before an answer, and answered or past the limit. A no in time
    with a legal basis is not due: the law allows it. Ids are numbers of requests.
    """
    found = ShareRequest.objects.exclude(submitted_on=None)
    if organ:
        found = found.filter(provider__code=organ)
    if since:
        found = found.filter(submitted_on__gte=since)
    if until:
        found = found.filter(submitted_on__lte=until)
    due: list[str] = []
    done: list[str] = []
    rows = found.annotate(given=Count("grants")).values_list(
        "number", "answered_on", "answered_late", "late", "given", "decline_basis", "stage", "share_type"
    )
    for number, answered, answered_late, late, given, basis, stage, share in rows:
        unconditional = share == str(core.ShareType.UNCONDITIONAL)
        declined = bool(basis) and not given
        if declined and not answered_late:
            continue
        if answered is None and not late and not given:
            continue  # still running, in time
        if answered is None and not given and stage == str(core.Stage.WITHDRAWN):
            continue
        due.append(number)
        if given and not answered_late and (unconditional or answered is not None or not late):
            done.append(number)
    return Rate(RateName.SHARING, organ or "", tuple(due), tuple(done))
