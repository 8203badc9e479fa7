"""Reads of internal handling, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.internal import casework, clocks, dossiers, filing
from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.models import (
    Dossier,
    DossierEntry,
    Item,
    ItemModel,
    Notice,
    WorkItem,
)
from quancheng.capabilities.internal.papersight import (
    copies,
    copy,
    opinions_waiting,
    paper,
    paper_counts,
    paper_steps,
    papers,
)
from quancheng.capabilities.internal.retirement import Month, Retirement
from quancheng.capabilities.internal.sealing import code_like, genuine
from quancheng.capabilities.internal.spec import ItemSpec, read_spec
from quancheng.capabilities.internal.values import OVER, DossierStatus, ItemState, WorkState
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

__all__ = [
    "all_kinds", "copies", "copy", "counts", "dossier", "dossier_rows", "dossiers_page", "inbox", "item", "items", "kinds",
    "legal_retirement", "my_dossier", "my_works", "notice", "notice_bytes", "opinions_waiting", "paper",
    "paper_counts", "paper_steps", "papers", "prefilled", "remaining", "require_role", "retiring", "spec_by_code", "spec_of", "unit_by_id",
    "units_of", "verify_notice", "works",
]  # fmt: skip

ITEM_ROLES = frozenset(
    f"internal.{name}" for name in ("personnel", "enterprise", "head", "supervisor", "hrss", "service")
)
INBOX, DONE_ORDER = ("due_on", "id"), ("-done_at", "-id")
ITEMS, DOSSIERS = ("-filed_at", "-id"), ("name", "id")


def require_role(actor: Actor, roles: frozenset[str]) -> None:
    """Raise unless the asker holds one of the roles somewhere."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not roles & actor.role_ids:
        raise Forbidden()


# -- the inbox ------------------------------------------------------------------------------------
def inbox(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[WorkItem]:
    """A page of steps that wait for the asker's roles and departments, the most urgent first."""
    require_role(actor, ITEM_ROLES)
    found = my_works(actor).select_related("item", "department", "done_by")
    done = params.get("state") == "done"
    found = found.filter(state=WorkState.DONE) if done else found.filter(state=WorkState.OPEN)
    if done:
        found = found.filter(done_at__isnull=False)
    found = _searched(found, params, "item__")
    today = clock.today()
    match params.get("due"):
        case "overdue":
            found = found.filter(due_on__lt=today)
        case "today":
            found = found.filter(due_on=today)
        case "week":
            found = found.filter(due_on__gte=today, due_on__lt=today + timedelta(days=7))
    return pagination.page(found, DONE_ORDER if done else INBOX, params)


def my_works(actor: Actor) -> QuerySet[WorkItem]:
    """Steps the asker may decide."""
    return access.visible(actor, WorkItem, verb="decide")


def counts(actor: Actor) -> dict[str, int]:
    """Figures above the inbox, in one query."""
    today = clock.today()
    return (
        my_works(actor)
        .filter(state=WorkState.OPEN)
        .aggregate(
            waiting=Count("pk"),
            overdue=Count("pk", filter=Q(due_on__lt=today)),
            week=Count("pk", filter=Q(due_on__gte=today, due_on__lt=today + timedelta(days=7))),
            correct=Count("pk", filter=Q(kind="correct")),
        )
    )


def _searched(found: QuerySet[Any], params: Mapping[str, Any], prefix: str) -> QuerySet[Any]:
    if code := str(params.get("code") or ""):
        found = found.filter(**{f"{prefix}code": code[:40]})
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(
            Q(**{f"{prefix}number__startswith": text}) | Q(**{f"{prefix}subject_name__startswith": text})
        )
    return found


# -- items ----------------------------------------------------------------------------------------
def items(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Item]:
    """A page of the items the asker may see, newest first; ``state=open|over`` or one state filters."""
    require_role(actor, ITEM_ROLES)
    found: QuerySet[Any] = Item.objects.filter(pk__in=access.visible(actor, Item).values("pk"))
    found = _searched(found, params, "").select_related("unit")
    state = str(params.get("state") or "")
    over = [one.value for one in OVER]
    if state == "open":
        found = found.exclude(state__in=over)
    elif state == "over":
        found = found.filter(state__in=over)
    elif state in set(ItemState):
        found = found.filter(state=state)
    return pagination.page(found, ITEMS, params)


def item(actor: Actor, number: str) -> Item:
    """One item the asker may see; raises NotFound."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    found: Item | None = (
        Item.objects.filter(pk__in=access.visible(actor, Item).values("pk"))
        .select_related("model", "unit", "dossier", "filed_by")
        .filter(number=number.replace("\x00", "")[:32])
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def spec_of(found: Item) -> ItemSpec:
    """The definition an item runs by."""
    return casework.spec_of(found)


def works(found: Item) -> list[WorkItem]:
    """Every step of an item so far, in the order it arrived."""
    return list(found.works.select_related("department", "done_by").order_by("id"))


def kinds(actor: Actor) -> list[ItemSpec]:
    """Items the asker may file."""
    groups = set()
    if "internal.personnel" in actor.role_ids:
        groups.add("personnel")
    if "internal.enterprise" in actor.role_ids:
        groups.add("enterprise")
    return [one for one in _published() if one.group in groups]


def all_kinds() -> list[ItemSpec]:
    """Every published item, in order."""
    return _published()


def _published() -> list[ItemSpec]:
    newest: dict[str, ItemModel] = {}
    for row in ItemModel.objects.order_by("code", "number").defer("bpmn"):
        newest[row.code] = row
    return sorted((read_spec(row.content) for row in newest.values()), key=lambda one: one.order)


def spec_by_code(code: str) -> ItemSpec:
    """The definition of an item by code; raises NotFound."""
    model = casework.current_model(code)
    if model is None:
        raise NotFound()
    return read_spec(model.content)


def prefilled(spec: ItemSpec, found: Dossier | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(facts that are not asked, answers that are prefilled), each with provenance."""
    return filing.facts_for(spec, found), filing.initial(spec, found)


def notice(actor: Actor, code: str) -> Notice:
    """One document of a result pack whose item the asker may see; raises NotFound."""
    found = (
        Notice.objects.select_related("item", "issuer").filter(code=code).first() if code_like(code) else None
    )
    if found is None:
        raise NotFound()
    item(actor, found.item.number)
    return found  # type: ignore[no-any-return]


def notice_bytes(found: Notice) -> bytes:
    """The document itself."""
    return trust.blob_path(found.digest).read_bytes()


def verify_notice(actor: Actor, code: str) -> dict[str, Any]:
    """Whether a code belongs to a genuine document of a result pack; tells no personal data."""
    code = code.strip().upper()
    found = (
        access.visible(actor, Notice, verb="verify").select_related("issuer").filter(code=code).first()
        if code_like(code)
        else None
    )
    if found is None:
        return {"outcome": "unknown", "text": Text("查无此文书。", "No document has this code.")}
    path = trust.blob_path(found.digest)
    good = path.exists() and genuine(path.read_bytes(), found.seal)
    return {
        "outcome": "genuine" if good else "tampered",
        "text": Text("文书真实，签章有效。", "Genuine; the seal is valid.")
        if good
        else Text("文书与签章不符，请勿采信。", "It does not match its seal: do not rely on it."),
        "title": found.text,
        "issuer": found.issuer.text,
        "at": found.at,
        "sha256": found.digest,
        "simulated": True,
    }


# -- dossiers -------------------------------------------------------------------------------------
def dossiers_page(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Dossier]:
    """A page of the dossiers the asker may see; ``due=1``: who reaches the age within the warning."""
    require_role(actor, ITEM_ROLES)
    found = access.visible(actor, Dossier).select_related("unit")
    if params.get("due"):
        return pagination.page(retiring(actor).select_related("unit"), ("retires_on", "id"), params)
    if params.get("status") in set(DossierStatus):
        found = found.filter(status=params["status"])
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(Q(number__startswith=text) | Q(name__startswith=text))
    return pagination.page(found, DOSSIERS, params)


def retiring(actor: Actor) -> QuerySet[Dossier]:
    """到龄提醒: active staff who reach the statutory age within the months of the parameter."""
    months = rulebook.find("internal.retirement.warn_months").integer()
    today = clock.today()
    until = dossiers.day_in(Month.of(today).plus(months), today.day)
    visible: QuerySet[Dossier] = access.visible(actor, Dossier).filter(
        status="active", retires_on__isnull=False, retires_on__lte=until
    )
    return visible


def dossier(actor: Actor, number: str) -> Dossier:
    """One dossier the asker may see; raises NotFound."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    found: Dossier | None = (
        access.visible(actor, Dossier)
        .select_related("unit", "unit__parent")
        .filter(number=number.replace("\x00", "")[:24])
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def my_dossier(actor: Actor) -> Dossier | None:
    """The asker's own dossier."""
    if actor.user_id is None:
        return None
    found: Dossier | None = access.visible(actor, Dossier).filter(user_id=actor.user_id).first()
    return found


def dossier_rows(found: Dossier) -> list[dict[str, Any]]:
    """What the dossier says now, with where each fact comes from and its earlier values."""
    current = dossiers.facts(found)
    rows = list(DossierEntry.objects.filter(dossier=found).order_by("id"))
    shown = []
    for key in specs.dossier_keys():
        history = [row for row in rows if row.key == key.key]
        if not history or key.key == "status":
            continue
        fact = current.get(key.key)
        shown.append({
            "key": key, "fact": fact, "value": key.shown(fact.value) if fact else None,
            "planned": [row for row in history if fact is None or row.valid_from > clock.today()],
            "earlier": [row for row in history if fact is not None and row.valid_from <= clock.today()][:-1],
        })  # fmt: skip
    return shown


def legal_retirement(found: Dossier) -> Retirement | None:
    """What the rules of retirement say about a dossier."""
    return dossiers.retirement_of({key: one.value for key, one in dossiers.facts(found).items()})


def units_of(actor: Actor, role: str) -> list[Any]:
    """Departments where the asker holds a role, in tree order."""
    held = {pk for grant in actor.grants if grant.role == role for pk in grant.departments}
    return [one for one in people.subtree("jn") if one.pk in held] if held else []


def unit_by_id(pk: int) -> Any:
    """A department by id; raises NotFound."""
    found = next((one for one in people.subtree("jn") if one.pk == pk), None)
    if found is None:
        raise NotFound()
    return found


def remaining(due: date) -> int:
    """Working days left until a due day."""
    return clocks.remaining(due, clock.today())
