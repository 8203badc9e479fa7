"""Reads of the people capability, always from what the asker may see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from quancheng.capabilities.people import city
from quancheng.capabilities.people.models import (
    Appointment,
    Department,
    Firm,
    FirmAgent,
    NaturalPerson,
    RoleGrant,
    User,
)
from quancheng.capabilities.people.places import in_region as in_region
from quancheng.capabilities.people.places import region as region
from quancheng.capabilities.people.places import region_name as region_name
from quancheng.capabilities.people.places import region_prefix as region_prefix
from quancheng.capabilities.people.places import regions as regions
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, registry
from quancheng.kernel.actor import Actor, ActorKind, Assurance
from quancheng.kernel.actor import RoleGrant as HeldRole
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Forbidden, InvalidInput, NeedsStepUp, NotFound, NotSignedIn

SESSION_FIRM = "people.firm"
SESSION_STRONG = "people.strong"
STRONG_METHODS = frozenset({"mfa", "webauthn", "passkey"})
USES = "uses"
"""Audit stream of reads of personal data."""


# -- who acts -------------------------------------------------------------------------------
def actor_for(user: Any, request: HttpRequest | None = None) -> Actor:
    """The actor of a signed-in user: kind, roles valid today, assurance, firm acted for.

    ``settings.QUANCHENG_ACTOR_LOADER``; the middleware asks once a request.
    """
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Actor.anonymous()
    today = clock.today()
    grants = _held_roles(user, today)
    official = user.kind == User.Kind.OFFICIAL
    firm = acting_firm(user, request, today)
    return Actor(
        kind=ActorKind.OFFICIAL if official else ActorKind.PERSON,
        name=str(user),
        user_id=user.pk,
        person_id=user.person_id if user.verified_at else None,
        firm_id=firm.pk if firm else None,
        assurance=assurance_of(user, request),
        grants=grants,
        simulated=user.simulated,
        extra={"on_behalf_of": firm.name} if firm else {},
    )


def assurance_of(user: User, request: HttpRequest | None) -> Assurance:
    """Level of this sign-in: 1 password, 2 with a second factor or passkey, 3 also real name."""
    strong = False
    if request is not None and hasattr(request, "session"):
        methods = request.session.get("account_authentication_methods", [])
        used = {str(row.get("method", "")) for row in methods}
        strong = bool(used & STRONG_METHODS) or bool(request.session.get(SESSION_STRONG))
    if strong and user.verified_at is not None:
        return Assurance.REAL_NAME
    return Assurance.STRONG if strong else Assurance.PASSWORD


def require_assurance(actor: Actor, level: Assurance) -> None:
    """Raise NotSignedIn or NeedsStepUp unless the sign-in is at least this sure."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.kind is not ActorKind.SYSTEM and actor.assurance < level:
        raise NeedsStepUp(extra={"needed": int(level), "have": int(actor.assurance)})


def _held_roles(user: User, today: date) -> tuple[HeldRole, ...]:
    live = RoleGrant.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=today),
        user=user,
        valid_from__lte=today,
        revoked_at=None,
    ).select_related("department")
    homes = {grant.department_id: grant.department for grant in live if grant.department}
    below = {key: department_ids(home) for key, home in homes.items()}
    return tuple(
        HeldRole(
            role=grant.role,
            departments=below.get(grant.department_id, frozenset()),
            region_prefix=region_prefix(grant.region_code),
        )
        for grant in live
    )


def department_ids(department: Department) -> frozenset[int]:
    """Ids of a department and everything below it."""
    below = Department.objects.filter(path__startswith=department.path)
    return frozenset(below.values_list("id", flat=True))


# -- organisation ---------------------------------------------------------------------------
def department(code: str) -> Department:
    """A department by its stable code, e.g. ``jn-water``; raises NotFound."""
    found: Department | None = Department.objects.filter(code=code, active=True).first()
    if found is None:
        raise NotFound(Text(f"没有机构 {code}。", f"There is no department {code}."))
    return found


def departments(parent: str | None = None) -> QuerySet[Department]:
    """Departments directly below one (without it: the roots)."""
    return (
        Department.objects.filter(parent__code=parent, active=True)
        if parent
        else (Department.objects.filter(parent=None, active=True))
    )


def subtree(code: str) -> QuerySet[Department]:
    """A department and all below it, in tree order."""
    top = department(code)
    return Department.objects.filter(path__startswith=top.path, active=True).order_by("path")


def department_for(region_code: str, follows: str) -> Department:
    """The bureau that does ``follows``'s work in a district; the city's own when none does.

    ``department_for("370102001", "jn-civil")`` is 历下区民政局.
    """
    # plain SQL: every application asks this, and building the query took longer than answering it
    found = list(Department.objects.raw(_BUREAU, [region_code[:6], follows, True]))
    return found[0] if found else department(follows)


_BUREAU = "SELECT * FROM people_department WHERE region_code = %s AND follows = %s AND active = %s ORDER BY id LIMIT 1"


def officials(actor: Actor, role: str, *, department_code: str | None = None) -> QuerySet[User]:
    """Users who hold a role today, optionally in a department's sub-tree."""
    today = clock.today()
    grants = RoleGrant.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=today), role=role, valid_from__lte=today, revoked_at=None
    )
    if department_code:
        grants = grants.filter(department__in=subtree(department_code))
    if not actor.is_authenticated:
        return User.objects.none()
    return User.objects.filter(pk__in=grants.values("user"), is_active=True)


def posts_of(user_id: int) -> QuerySet[Appointment]:
    """Posts a user holds today."""
    today = clock.today()
    return Appointment.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=today), user_id=user_id, valid_from__lte=today
    ).select_related("post__department")


def known_roles() -> dict[str, Text]:
    """Every role of every module by id."""
    return {row.id: row.text for _, row in registry.items("role")}


# -- persons --------------------------------------------------------------------------------
def person_by_id_number(actor: Actor, id_number: str, *, purpose: str) -> NaturalPerson:
    """One person by identity number, for a stated purpose; every look-up is audited.

    Raises InvalidInput (number or purpose), NotFound (no such person or not visible).
    """
    if not purpose.strip():
        raise InvalidInput(
            Text("查询个人信息必须写明用途。", "State the purpose of looking up a person."),
            fields={"purpose": Text("请填写用途", "Enter the purpose")},
        )
    try:
        number = parse_resident_id(id_number, on=clock.today()).number
    except IdentityNumberError as wrong:
        raise InvalidInput(wrong.text, fields={"id_number": wrong.text}) from wrong
    found = access.visible(actor, NaturalPerson).filter(id_number=number).first()
    audit.record(
        actor,
        "people.lookup",
        found.reference if found else "people.NaturalPerson:-",
        {"purpose": purpose.strip()[:200], "found": found is not None},
        stream=USES,
    )
    if found is None:
        raise NotFound()
    return found


def person(actor: Actor, person_id: int) -> NaturalPerson:
    """One person the actor may see; raises NotFound."""
    found = access.visible(actor, NaturalPerson).filter(pk=person_id).first()
    if found is None:
        raise NotFound()
    return found


def me(actor: Actor) -> NaturalPerson | None:
    """The natural person behind the account, once verified."""
    if actor.person_id is None:
        return None
    mine: NaturalPerson | None = NaturalPerson.objects.filter(pk=actor.person_id).first()
    return mine


def household_members(actor: Actor) -> QuerySet[NaturalPerson]:
    """Everybody of the actor's own household, the actor included."""
    mine = me(actor)
    if mine is None:
        return NaturalPerson.objects.none()
    if mine.household_id is None:
        return NaturalPerson.objects.filter(pk=mine.pk)
    return NaturalPerson.objects.filter(household_id=mine.household_id).order_by("birth_date")


def uses_of_me(actor: Actor, limit: int = 10) -> list[dict[str, Any]]:
    """谁查过我: the latest looks at the actor's own record, with purpose, newest first."""
    if actor.person_id is None:
        return []
    mine = f"people.NaturalPerson:{actor.person_id}"
    entries = AuditEntry.objects.filter(stream=USES, object_ref=mine).order_by("-id")[:limit]
    return [
        {
            "time": one.time,
            "who": _looker(one.actor_name),
            "purpose": json.loads(one.detail).get("purpose", ""),
        }
        for one in entries
    ]


def _looker(name: str) -> str | Text:
    """Who looked, in words: a part of the platform by the name of its module."""
    kind, _, part = name.partition(":")
    known = {one.name: one.text for one in registry.modules()}
    if kind != "system" or part not in known:
        return name
    return Text(f"{known[part].zh}（系统）", f"{known[part].en} (the platform)")


def search_people(actor: Actor, filters: Mapping[str, str]) -> QuerySet[NaturalPerson]:
    """Visible people by ``name`` prefix, ``region`` prefix, ``age_from``, ``age_to``, ``sex``."""
    found = access.visible(actor, NaturalPerson)
    if name := filters.get("name", "").strip():
        found = found.filter(name__startswith=name)
    if code := filters.get("region", ""):
        found = found.filter(in_region(code))
    if filters.get("sex") in {"1", "2"}:
        found = found.filter(sex=filters["sex"])
    today = clock.today()
    if (youngest := _age(filters, "age_from")) is not None:
        found = found.filter(birth_date__lte=years_before(today, youngest))
    if (oldest := _age(filters, "age_to")) is not None:
        found = found.filter(birth_date__gt=years_before(today, oldest + 1))
    return found


def years_before(day: date, years: int) -> date:
    """The same day ``years`` earlier (29 February becomes 28)."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def age_of(birth: date, on: date | None = None) -> int:
    """Age in full years 周岁."""
    day = on or clock.today()
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _age(filters: Mapping[str, str], key: str) -> int | None:
    raw = filters.get(key, "").strip()
    if not raw:
        return None
    if not raw.isdecimal() or int(raw) > 150:
        wrong = Text("年龄应是0到150的整数。", "An age is a whole number from 0 to 150.")
        raise InvalidInput(wrong, fields={key: wrong})
    return int(raw)


# -- firms ----------------------------------------------------------------------------------
def firms_of(person_id: int | None, today: date | None = None) -> QuerySet[Firm]:
    """Active firms a person leads or may act for today."""
    if person_id is None:
        return Firm.objects.none()
    day = today or clock.today()
    agencies = FirmAgent.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=day), person_id=person_id, valid_from__lte=day
    )
    mine = Q(legal_person_id=person_id) | Q(pk__in=agencies.values("firm"))
    return Firm.objects.filter(mine, active=True).order_by("name")


def acting_firm(user: User, request: HttpRequest | None, today: date) -> Firm | None:
    """The firm this session acts for, if the right still stands today."""
    if request is None or not hasattr(request, "session") or user.verified_at is None:
        return None
    chosen = request.session.get(SESSION_FIRM)
    if not chosen:
        return None
    firm: Firm | None = firms_of(user.person_id, today).filter(pk=chosen).first()
    return firm


def search_firms(actor: Actor, filters: Mapping[str, str]) -> QuerySet[Firm]:
    """Visible firms by ``name`` (contains), ``uscc``, ``region`` prefix, ``industry``."""
    found = access.visible(actor, Firm)
    if name := filters.get("name", "").strip():
        found = found.filter(name__contains=name)
    if uscc := filters.get("uscc", "").strip().upper():
        found = found.filter(uscc=uscc)
    if code := filters.get("region", ""):
        found = found.filter(in_region(code))
    if industry := filters.get("industry", ""):
        found = found.filter(industry=industry)
    return found


# -- pre-fill -------------------------------------------------------------------------------
def prefill(actor: Actor) -> dict[str, dict[str, Any]]:
    """What forms need not ask again: ``{field: {value, source: {zh,en}, as_of, simulated}}``."""
    found: dict[str, dict[str, Any]] = {}
    population = Text("人口基础库", "Population base")
    legal = Text("法人基础库", "Legal-person base")
    mine = me(actor)
    if mine is not None:
        facts = {
            "name": mine.name,
            "id_number": mine.id_number,
            "sex": mine.sex,
            "birth_date": mine.birth_date.isoformat(),
            "age": age_of(mine.birth_date),
            "phone": mine.phone,
            "address": mine.address,
            "region_code": mine.region_code,
            "district": mine.district_code,
            "street": mine.street_code,
            "has_photo": mine.has_photo,
        }
        found |= {key: _fact(value, population, mine.simulated) for key, value in facts.items()}
    if actor.firm_id is not None and actor.firm_id in set(
        firms_of(actor.person_id).values_list("pk", flat=True)
    ):
        firm = Firm.objects.select_related("legal_person").get(pk=actor.firm_id)
        facts = {
            "firm_name": firm.name,
            "firm_uscc": firm.uscc,
            "firm_kind": firm.kind,
            "firm_address": firm.address,
            "firm_region_code": firm.region_code,
            "firm_industry": firm.industry,
            "firm_established": firm.established.isoformat(),
            "legal_person_name": firm.legal_person.name,
        }
        found |= {key: _fact(value, legal, firm.simulated) for key, value in facts.items()}
    return {key: fact for key, fact in found.items() if fact["value"] not in ("", None)}


def _fact(value: Any, source: Text, simulated: bool) -> dict[str, Any]:
    today = clock.today().isoformat()
    return {"value": value, "source": source.to_dict(), "as_of": today, "simulated": simulated}


def user_actor(user: User) -> Actor:
    """The actor of a user outside a request (jobs, tests)."""
    return actor_for(user)


def actor_by_id(user_id: int) -> Actor:
    """The actor of an account in work done later for its holder; anonymous when it is gone or closed."""
    user = User.objects.filter(pk=user_id).first()
    return actor_for(user) if user is not None else Actor.anonymous()


def ensure_official(actor: Actor) -> None:
    """Raise unless the asker is an official with a role."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.grants and actor.kind is not ActorKind.SYSTEM:
        raise Forbidden()


def district_outlines() -> dict[str, dict[str, Any]]:
    """Outline of each district as a GeoJSON feature, by code (区县边界)."""
    raw, _ = city.districts_geojson()
    return {feature["properties"]["code"]: feature for feature in json.loads(raw)["features"]}
