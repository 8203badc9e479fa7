"""Reads of masters, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.masters import purposes, vacancies
from quancheng.capabilities.masters.models import (
    Build,
    Consent,
    Correction,
    Golden,
    Home,
    Master,
    Member,
    Opening,
    Pair,
    Theme,
)
from quancheng.capabilities.masters.models.records import PREFIX
from quancheng.capabilities.masters.purposes import Purpose
from quancheng.capabilities.masters.recipe import recipe, subject_key
from quancheng.capabilities.masters.running import key_of
from quancheng.capabilities.people.queries import in_region
from quancheng.core.linkage import LinkageError, VacancyRule
from quancheng.core.text import Text
from quancheng.kernel import access, clock, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound


# -- masters ----------------------------------------------------------------------------------
def masters(actor: Actor) -> list[Master]:
    """Masters the actor may see, with counts of records."""
    active = Q(goldens__state=Golden.State.ACTIVE)
    found = access.visible(actor, Master).annotate(
        records=Count("goldens", filter=active),
        many=Count("goldens", filter=active & Q(goldens__sources__gte=2)),
    )
    return list(found.order_by("order", "id"))


def master(actor: Actor, code: str) -> Master:
    """One master; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Master).filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有基础库 {code[:40]}。", f"There is no master {code[:40]}."))
    return found


def last_build(one: Master) -> Build | None:
    """The newest build of a master."""
    found: Build | None = Build.objects.filter(master=one).order_by("-id").first()
    return found


def waiting(actor: Actor) -> dict[str, int]:
    """Pairs that wait, by master."""
    rows = access.visible(actor, Pair).filter(state__in=[Pair.State.OPEN, Pair.State.SECOND]).order_by()
    return dict(rows.values_list("master__code").annotate(number=Count("pk")))


# -- records ----------------------------------------------------------------------------------
def records(actor: Actor, one: Master, filters: Mapping[str, str]) -> QuerySet[Golden]:
    """Active records by region, several sources, conflicts; by text only where nobody is named."""
    found = access.visible(actor, Golden).filter(master=one).select_related("master")
    found = found.filter(state=filters.get("state") or Golden.State.ACTIVE)
    if code := filters.get("region", ""):
        found = found.filter(in_region(code))
    if filters.get("sources") == "many":
        found = found.filter(sources__gte=2)
    if filters.get("sources") == "one":
        found = found.filter(sources=1)
    if filters.get("conflicts") == "yes":
        found = found.filter(conflicts__gt=0)
    if (text := filters.get("text", "").strip()) and not one.personal:
        made = recipe(one.code)
        found = found.filter(Q(label__contains=text) | Q(key=key_of(made, text)) | Q(about=subject_key(text)))
    return found


def record(actor: Actor, code: str) -> Golden:
    """A record by the number people quote (RK00000001); a merged one gives its successor. Raises NotFound."""
    letters = {value: name for name, value in PREFIX.items()}
    kind, digits = letters.get(code[:2].upper()), code[2:]
    if kind is None or not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise NotFound()
    number: int | None = int(digits)
    for _ in range(64):
        found = (
            access.visible(actor, Golden)
            .filter(master__code=kind, number=number)
            .select_related("master")
            .first()
        )
        if found is None or found.state != Golden.State.MERGED or found.successor is None:
            break
        number = found.successor
    if found is None:
        raise NotFound(Text(f"没有记录 {code[:20]}。", f"There is no record {code[:20]}."))
    return found


def by_key(actor: Actor, one: Master, key: str) -> Golden:
    """The active record of an identity number, credit code, licence number …; NotFound when there is none."""
    wanted = key_of(recipe(one.code), key.strip())
    found = (
        access.visible(actor, Golden)
        .filter(master=one, state=Golden.State.ACTIVE, key=wanted)
        .select_related("master")
        .order_by("number")
        .first()
        if wanted
        else None
    )
    if found is None:
        raise NotFound()
    return found


def members(actor: Actor, golden: Golden) -> QuerySet[Member]:
    """Source rows under a record."""
    return (
        access.visible(actor, Member)
        .filter(golden=golden)
        .select_related("source", "golden")
        .order_by("source__trust")
    )


def opened(actor: Actor, golden: Golden) -> tuple[Opening, Purpose] | None:
    """The asker's own look at a record that still holds, with its purpose."""
    since = clock.now() - timedelta(minutes=rulebook.find("masters.opening_minutes").integer())
    if actor.user_id is None:
        return None
    found = Opening.objects.filter(golden=golden, user=actor.user_id, at__gt=since).order_by("-id").first()
    purpose = purposes.find(found.purpose, clock.today()) if found else None
    return (found, purpose) if found and purpose else None


def purposes_for(actor: Actor, master_code: str) -> tuple[Purpose, ...]:
    """Purposes the asker may state."""
    return purposes.offered(master_code, actor.role_ids, clock.today())


# -- review -----------------------------------------------------------------------------------
def pairs(actor: Actor, filters: Mapping[str, str]) -> QuerySet[Pair]:
    """The queue: open pairs first asked for, narrowed by master, state, sample."""
    found = access.visible(actor, Pair).select_related("master")
    states = {"open": ["open", "second"], "decided": ["same", "different"]}
    state = filters.get("state") or "open"
    found = found.filter(state__in=states.get(state, [state]))
    if code := filters.get("master", ""):
        found = found.filter(master__code=code)
    if filters.get("sampled") in ("yes", "no"):
        found = found.filter(sampled=filters["sampled"] == "yes")
    return found


def pair(actor: Actor, pk: int) -> Pair:
    """One pair; NotFound."""
    found = access.visible(actor, Pair).filter(pk=pk).select_related("master").first()
    if found is None:
        raise NotFound()
    return found


def side(one: Pair, ref: str) -> Member | None:
    """The member behind one end of a pair."""
    source, _, row = ref.partition(":")
    found: Member | None = (
        Member.objects.filter(source__master=one.master, source__code=source, record=row)
        .select_related("source", "golden__master")
        .first()
    )
    return found


# -- homes ------------------------------------------------------------------------------------
def homes(actor: Actor, filters: Mapping[str, str]) -> QuerySet[Home]:
    """Homes by region, state of living, contradictions, words of the address."""
    found = access.visible(actor, Home).select_related("golden__master")
    if code := filters.get("region", ""):
        found = found.filter(in_region(code))
    if state := filters.get("state", ""):
        found = found.filter(state=state)
    if filters.get("contradictions") == "yes":
        found = found.filter(contradictions_count__gt=0)
    if text := filters.get("text", "").strip():
        found = found.filter(address__contains=text)
    return found


def home(actor: Actor, pk: int) -> Home:
    """One home; NotFound."""
    found = access.visible(actor, Home).filter(pk=pk).select_related("golden__master").first()
    if found is None:
        raise NotFound()
    return found


def by_community(actor: Actor, region: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """Homes, probably vacant ones and contradictions of each community."""
    found = access.visible(actor, Home)
    if region:
        found = found.filter(in_region(region))
    rows = (
        found.order_by()
        .values("region_code")
        .annotate(
            homes=Count("pk"),
            vacant=Count("pk", filter=Q(state=Home.State.VACANT)),
            check=Count("pk", filter=Q(state=Home.State.UNCERTAIN)),
            contradictions=Count("pk", filter=Q(contradictions_count__gt=0)),
        )
    )
    return list(rows.order_by("-vacant", "region_code")[:limit])


def trial(actor: Actor, occupied: float, vacant: float, region: str = "") -> dict[str, int]:
    """阈值试算: how many homes would be in which state with other thresholds. Writes nothing.

    Raises InvalidInput when the thresholds cross.
    """
    try:
        rule: VacancyRule = vacancies.tried(vacancies.in_force().rule, occupied, vacant)
    except LinkageError as wrong:
        raise InvalidInput(wrong.text, fields={"vacant": wrong.text}) from wrong
    found = access.visible(actor, Home)
    if region:
        found = found.filter(in_region(region))
    counts = dict.fromkeys(Home.State.values, 0)
    for measured in found.values_list("measures", flat=True).iterator(2000):
        counts[vacancies.judge(measured, rule).state.value] += 1
    return counts


# -- themes, corrections ----------------------------------------------------------------------
def themes(actor: Actor) -> QuerySet[Theme]:
    """Themes the actor may see."""
    return access.visible(actor, Theme)


def theme(actor: Actor, code: str) -> Theme:
    """One theme; NotFound."""
    found = themes(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def corrections(actor: Actor, state: str = "") -> QuerySet[Correction]:
    """Requests to one's organ, of oneself, or all for the bureau."""
    found = access.visible(actor, Correction).select_related("golden__master", "source")
    return found.filter(state=state) if state else found


def correction(actor: Actor, pk: int) -> Correction:
    """One request; NotFound."""
    found = corrections(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


# -- one's own --------------------------------------------------------------------------------
def mine(actor: Actor) -> Golden | None:
    """The signed-in person's own record."""
    if actor.person_id is None:
        return None
    found: Golden | None = (
        access.visible(actor, Golden)
        .filter(person=actor.person_id, master__code="population", state=Golden.State.ACTIVE)
        .select_related("master")
        .first()
    )
    return found


def consents(actor: Actor) -> list[tuple[Purpose, Consent | None]]:
    """Purposes that rest on consent, and what the person said."""
    given = {one.purpose: one for one in access.visible(actor, Consent).filter(withdrawn_at=None)}
    return [(one, given.get(one.code)) for one in purposes.in_force(clock.today()) if one.by_consent]


def looks(golden: Golden, limit: int = 20) -> list[dict[str, Any]]:
    """谁看过: the latest looks at a record."""
    known = {one.code: one.text for one in purposes.in_force(clock.today())}
    rows = Opening.objects.filter(golden=golden).order_by("-id")[:limit]
    return [
        {"at": one.at, "who": one.who, "purpose": known.get(one.purpose, one.purpose), "case": one.case}
        for one in rows
    ]
