"""Reads of halls, receptions and bags, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.counter import chaining, custody
from quancheng.capabilities.counter.models import Bag, BagEvent, Exchange, Hall, Partner, Reception
from quancheng.capabilities.people import queries as people
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor, RoleGrant
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn

CLERK = "counter.clerk"
IDENTIFY = "counter.identify"
OFFICE = frozenset({"services.clerk", "services.manager"})
RECENT = ("-at", "-id")
BAGS = ("-sealed_at", "-id")
EXCHANGES = ("-updated_at", "-id")
HALLS = ("order", "id")


def require_counter(actor: Actor) -> None:
    """Raise unless the asker is a counter clerk."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if CLERK not in actor.role_ids:
        raise Forbidden()


def require_custody(actor: Actor) -> None:
    """Raise unless the asker works at a counter or decides cases."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not ({CLERK} | OFFICE) & actor.role_ids:
        raise Forbidden()


# -- who stands at the counter ------------------------------------------------------------------
def identify(actor: Actor, id_number: str, *, purpose: str) -> Any:
    """The person in front of a counter clerk, of whatever district; recorded as a use of their data.

    A clerk may look up one person by the whole number, not read the register: the right is held for
    this one question. Raises Forbidden, InvalidInput, NotFound.
    """
    require_counter(actor)
    once = replace(actor, grants=(*actor.grants, RoleGrant(IDENTIFY)))
    return people.person_by_id_number(once, id_number.strip().upper(), purpose=purpose)


def received_person(actor: Actor, person_id: int) -> Any:
    """The person a reception that is being written is for; raises NotFound."""
    require_counter(actor)
    return people.person(replace(actor, grants=(*actor.grants, RoleGrant(IDENTIFY))), person_id)


def known_of(actor: Actor, person_id: int, firm_id: int | None) -> dict[str, dict[str, Any]]:
    """What the registers know of the person in front, for pre-filling the form."""
    require_counter(actor)
    return people.prefill(replace(actor, person_id=person_id, firm_id=firm_id))


# -- halls ----------------------------------------------------------------------------------------
def halls(actor: Actor, params: Mapping[str, Any]) -> QuerySet[Hall]:
    """Halls by ``level``, ``region``, ``accessible`` and words, in order."""
    found = access.visible(actor, Hall)
    if (level := str(params.get("level") or "")) in Hall.Level.values:
        found = found.filter(level=level)
    code = str(params.get("region") or "")[:12]
    if code.isascii() and code.isdigit():
        found = found.filter(people.in_region(code))
    if params.get("accessible"):
        found = found.filter(accessible=True)
    return found.order_by(*HALLS)


def hall(actor: Actor, code: str) -> Hall:
    """One hall; raises NotFound."""
    found: Hall | None = access.visible(actor, Hall).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def my_halls(actor: Actor) -> list[Hall]:
    """Halls where the asker works at a counter."""
    require_counter(actor)
    return list(access.visible(actor, Hall, verb="work").order_by(*HALLS))


# -- receptions -----------------------------------------------------------------------------------
def receptions(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Reception]:
    """A page of what the asker's halls received, newest first; ``q`` receipt or name, ``day=all``."""
    require_counter(actor)
    found = access.visible(actor, Reception).select_related(
        "case__matter", "case__department", "hall", "clerk"
    )
    text = _clean(params.get("q"))
    if text:
        found = found.filter(Q(case__receipt__startswith=text) | Q(case__applicant_name__startswith=text))
    elif params.get("day") != "all":
        found = found.filter(at__gte=clock.now().astimezone(clock.LOCAL).replace(hour=0, minute=0, second=0))
    return pagination.page(found, RECENT, params)


def reception(actor: Actor, receipt: str) -> Reception:
    """One reception the asker may see; raises NotFound."""
    found = (
        access.visible(actor, Reception)
        .select_related("case__matter", "case__version", "case__department", "hall", "clerk")
        .filter(case__receipt=receipt[:32])
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def reception_of(actor: Actor, case: Any) -> Reception | None:
    """Where a case was received, None when it came another way."""
    found = access.visible(actor, Reception).select_related("hall", "clerk").filter(case_id=case.pk)
    return found.first()


# -- bags -------------------------------------------------------------------------------------------
def bags(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Bag]:
    """A page of bags; ``q`` bag, seal, receipt or waybill; ``state``, ``holder``, ``due=late``, ``problem``."""
    require_custody(actor)
    found = _filtered(access.visible(actor, Bag), params)
    return pagination.page(found.select_related("case__matter", "hall", "office"), BAGS, params)


def bag_counts(actor: Actor) -> dict[str, int]:
    """Figures above the list, in one question."""
    live = access.visible(actor, Bag).exclude(state__in=[one.value for one in custody.OVER])
    late = Q(due_at__lt=clock.now())
    return live.aggregate(
        open=Count("pk"),
        transit=Count("pk", filter=Q(holder=custody.Holder.COURIER)),
        late=Count("pk", filter=late),
        problem=Count("pk", filter=Q(problem=True)),
    )


def bag(actor: Actor, number: str) -> Bag:
    """One bag the asker may see; raises NotFound."""
    found = (
        access.visible(actor, Bag)
        .select_related("case__matter", "hall", "office")
        .filter(Q(number=number[:40]) | Q(seal=number[:30]))
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def chain(found: Bag) -> list[BagEvent]:
    """The links of a bag the asker has seen."""
    return list(BagEvent.objects.filter(bag=found).order_by("sequence"))


def verdict(found: Bag) -> chaining.Verdict:
    """Whether the chain is whole."""
    return chaining.verify(found, chain(found))


def bags_of(actor: Actor, case: Any) -> list[Bag]:
    """Bags of a case the asker may see."""
    return list(access.visible(actor, Bag).filter(case_id=case.pk).select_related("hall", "office"))


def steps_of(actor: Actor, found: Bag) -> list[custody.Step]:
    """Steps the asker may register now."""
    possible = [
        *custody.steps_for(found.state, custody.Side.HALL),
        *custody.steps_for(found.state, custody.Side.OFFICE),
    ]
    return [one for one in possible if access.allowed(actor, one.verb, found)]


def explaining_side(actor: Actor, found: Bag) -> str | None:
    """The side for which the asker may explain an open difference."""
    if not found.problem:
        return None
    return next((str(one) for one in custody.Side if access.allowed(actor, f"explain_{one}", found)), None)


def late_bags() -> QuerySet[Bag]:
    """Bags past their due time that are not over; for the reminder job."""
    over = [one.value for one in custody.OVER]
    return (
        Bag.objects.exclude(state__in=over)
        .filter(due_at__lt=clock.now())
        .select_related("case", "hall", "office")
    )


def _filtered(found: QuerySet[Bag], params: Mapping[str, Any]) -> QuerySet[Bag]:
    state = str(params.get("state") or "")
    if state in set(custody.BagState):
        found = found.filter(state=state)
    elif state != "all":
        found = found.exclude(state__in=[one.value for one in custody.OVER])
    if (holder := str(params.get("holder") or "")) in set(custody.Holder):
        found = found.filter(holder=holder)
    if params.get("due") == "late":
        found = found.filter(due_at__lt=clock.now())
    if params.get("problem"):
        found = found.filter(problem=True)
    if text := _clean(params.get("q")):
        waybills = BagEvent.objects.filter(data__waybill=text).values("bag")
        found = found.filter(Q(number__startswith=text) | Q(seal=text) | Q(pk__in=waybills))
    return found


def _clean(text: Any) -> str:
    return str(text or "").replace("\x00", "").strip()[:60]


# -- partner cities -----------------------------------------------------------------------------------
def partners(actor: Actor) -> list[Partner]:
    """Cities we exchange applications with."""
    return list(access.visible(actor, Partner).order_by("circle", "id"))


def partner(actor: Actor, code: str) -> Partner:
    """One partner; raises NotFound."""
    found: Partner | None = access.visible(actor, Partner).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def exchanges(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Exchange]:
    """A page of cross-city applications, last moved first."""
    require_counter(actor)
    found = access.visible(actor, Exchange).select_related("partner")
    if state := str(params.get("state") or ""):
        if not state.isalpha():
            raise InvalidInput()
        found = found.filter(state=state)
    return pagination.page(found, EXCHANGES, params)


def exchange(actor: Actor, reference: str) -> Exchange:
    """One cross-city application; raises NotFound."""
    found = access.visible(actor, Exchange).select_related("partner").filter(reference=reference[:64]).first()
    if found is None:
        raise NotFound()
    return found
