"""Reads of the issuing desk: lists with filters, one licence with everything about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust.lifecycle import State
from quancheng.capabilities.trust.models import Licence, LicenceChange, LicenceObjection, LicenceType
from quancheng.capabilities.trust.profiles import profile
from quancheng.kernel import access, clock, pagination, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

ROLE = "trust.officer"
ORDER = ("-issued_at", "-id")


def staff(actor: Actor) -> None:
    """The desk is for licence officers. Raises NotSignedIn, Forbidden."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if ROLE not in actor.role_ids:
        raise Forbidden()


def of_state(state: str) -> Q:
    """The rows whose state today is this one; what is no state matches nothing."""
    today = clock.today()
    notice = today + timedelta(days=rulebook.find("trust.check_notice_days").integer())
    live = Q(status=Licence.Status.VALID, valid_from__lte=today) & (Q(valid_to=None) | Q(valid_to__gte=today))
    return {
        State.VALID: live & (Q(check_until=None) | Q(check_until__gt=notice)),
        State.CHECK_DUE: live & Q(check_until__gte=today, check_until__lte=notice),
        State.OVERDUE: live & Q(check_until__lt=today),
        State.EXPIRED: Q(status=Licence.Status.VALID, valid_to__lt=today),
        State.FUTURE: Q(status=Licence.Status.VALID, valid_from__gt=today),
        State.SUSPENDED: Q(status=Licence.Status.SUSPENDED),
        State.REVOKED: Q(status=Licence.Status.REVOKED),
        State.REPLACED: Q(status=Licence.Status.REPLACED),
    }.get(state, Q(pk=None))  # type: ignore[call-overload,no-any-return]


def licences(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Licence]:
    """The licences of the own departments by ``q`` (number, holder or holder's number), ``type``, ``state``, ``department``."""
    found = access.visible(actor, Licence).select_related("type", "issued_by", "person", "firm")
    if text := str(params.get("q") or "").strip()[:60]:
        found = found.filter(
            Q(number__startswith=text.upper()) | Q(holder_name__startswith=text)
            | Q(person__id_number=text.upper()) | Q(firm__uscc=text.upper())
        )  # fmt: skip
    if code := params.get("type"):
        found = found.filter(type__code=code)
    if state := params.get("state"):
        found = found.filter(of_state(str(state)))
    if office := params.get("department"):
        found = found.filter(issued_by__code=office)
    return pagination.page(found, ORDER, params)


def licence(actor: Actor, number: str) -> Licence:
    """One licence of the own departments; raises NotFound."""
    rows = access.visible(actor, Licence).select_related("type", "issued_by", "person", "firm", "replaces")
    found = rows.filter(number=number).first()
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


def history(actor: Actor, of: Licence) -> QuerySet[LicenceChange]:
    """What was done with a licence, the newest first."""
    return access.visible(actor, LicenceChange).filter(licence=of).order_by("-at", "-id")


def objections(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[LicenceObjection]:
    """Objections of the own departments, by ``state``."""
    found = access.visible(actor, LicenceObjection).select_related("licence__type", "licence__issued_by")
    if state := params.get("state"):
        found = found.filter(state=state)
    return pagination.page(found, ("-filed_at", "-id"), params)


def objection(actor: Actor, pk: int) -> LicenceObjection:
    """One objection of the own departments; raises NotFound."""
    found = access.visible(actor, LicenceObjection).select_related("licence__type").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


def own_departments(actor: Actor) -> list[Any]:
    """The departments the officer acts for, top first."""
    ids = {pk for grant in actor.grants if grant.role == ROLE for pk in grant.departments}
    return list(people.subtree("jn").filter(pk__in=ids))


def types() -> list[LicenceType]:
    """Every type, by code."""
    return list(LicenceType.objects.order_by("code"))


def issuable(actor: Actor) -> list[LicenceType]:
    """The types one of the own departments may issue, those of its own business first."""
    offices = own_departments(actor)
    levels = {one.level for one in offices}
    names = {one.code for one in offices} | {one.follows for one in offices}
    found = [kind for kind in types() if any(profile(kind.code).may_issue(level) for level in levels)]
    return sorted(found, key=lambda kind: (profile(kind.code).office not in names, kind.code))
