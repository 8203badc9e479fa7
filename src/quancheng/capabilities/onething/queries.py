"""Reads of one-things, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.onething import plan
from quancheng.capabilities.onething.asking import Sight, sight
from quancheng.capabilities.onething.models import Bundle, BundleItem, Theme
from quancheng.capabilities.onething.publishing import matters
from quancheng.capabilities.onething.spec import Theme as ThemeSpec
from quancheng.capabilities.onething.values import BundleState, ItemState
from quancheng.capabilities.services import queries as services
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

__all__ = [
    "Sight", "bundle", "counts", "desk", "desk_bundle", "draft", "guide_items", "item", "mine", "require_desk",
    "sight",
    "spec_of", "steps", "theme", "themes",
]  # fmt: skip

ORDER = ("order", "id")
MINE = ("-started_at", "-id")
DESK_ROLES = frozenset({"onething.manager", "services.manager"})


def themes(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Theme]:
    """A page of the themes; ``q`` searches names and words, ``zone`` filters."""
    found = access.visible(actor, Theme).filter(current__isnull=False).select_related("current")
    if zone := str(params.get("zone") or "")[:60]:
        found = found.filter(zone=zone)
    for word in str(params.get("q") or "").replace("\x00", "").lower().split()[:5]:
        found = found.filter(search__contains=word[:60])
    return pagination.page(found, ORDER, params)


def theme(actor: Actor, code: str) -> Theme:
    """One theme; raises NotFound."""
    found = (
        access.visible(actor, Theme)
        .select_related("current")
        .filter(code=code, current__isnull=False)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def spec_of(found: Theme) -> ThemeSpec:
    """The published definition. Raises NotFound when there is none."""
    if found.current is None:
        raise NotFound()
    return found.current.spec


@dataclass(frozen=True, slots=True)
class GuideItem:
    """An item on the guide (指南事项): its matter, office, days."""

    key: str
    matter: Any
    spec: Any
    days: int
    legal: int
    layer: int
    always: bool
    after: tuple[str, ...]


def guide_items(actor: Actor, found: Theme) -> list[GuideItem]:
    """All items of a theme in their steps, with what the matters say of themselves."""
    spec, known, made = spec_of(found), matters(actor), []
    for number, step in enumerate(plan.layers(spec.item, set(spec.items_by_key)), start=1):
        for key in step:
            item = spec.of(key)
            matter = known.get(item.matter)
            if matter is None or matter.current is None:
                continue
            legal, promised = services.days_of(matter)
            after = tuple(
                known[spec.of(one).matter].text.zh for one in item.after if spec.of(one).matter in known
            )
            made.append(
                GuideItem(key, matter, matter.current.spec, promised, legal, number, not item.when, after)
            )
    return made


# -- the applicant ---------------------------------------------------------------------------------
def draft(actor: Actor, found: Theme) -> Bundle | None:
    """The asker's draft of a theme, if any."""
    if actor.user_id is None:
        return None
    mine_: QuerySet[Bundle] = access.visible(actor, Bundle, verb="save")
    return (
        mine_.filter(theme=found, state=BundleState.DRAFT.value, user_id=actor.user_id)
        .select_related("version", "theme", "user")
        .first()
    )


def mine(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Bundle]:
    """A page of the asker's own one-things, newest first."""
    if actor.user_id is None:
        raise NotSignedIn()
    found = access.visible(actor, Bundle, verb="save").filter(user_id=actor.user_id).select_related("theme")
    return pagination.page(found, MINE, params)


def bundle(actor: Actor, receipt: str) -> Bundle:
    """One own bundle; raises NotFound for other people's."""
    return _one(access.visible(actor, Bundle, verb="save"), receipt)


def item(actor: Actor, receipt: str, key: str) -> BundleItem:
    """One item of an own bundle; raises NotFound."""
    row = bundle(actor, receipt).items.select_related("bundle", "case").filter(key=key).first()
    if row is None:
        raise NotFound()
    return row  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Step:
    """Items that run side by side (同一步)."""

    number: int
    rows: tuple[BundleItem, ...]


def steps(found: Bundle) -> tuple[Step, ...]:
    """The picture of a bundle: its items step by step, with their cases; two queries."""
    rows = list(found.items.select_related("case__department", "case__matter", "case__version"))
    return tuple(
        Step(number, tuple(one for one in rows if one.layer == number))
        for number in sorted({one.layer for one in rows})
    )


# -- the desk ------------------------------------------------------------------------------------------
def require_desk(actor: Actor) -> None:
    """Raise unless the asker oversees one-things."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not DESK_ROLES & actor.role_ids:
        raise Forbidden()


def desk(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Bundle]:
    """A page of the bundles the asker oversees; ``state theme hang q`` filter."""
    require_desk(actor)
    found = _overseen(actor)
    state = str(params.get("state") or "")
    if state in {one.value for one in BundleState}:
        found = found.filter(state=state)
    if code := str(params.get("theme") or "")[:60]:
        found = found.filter(theme__code=code)
    hang = str(params.get("hang") or "")
    if hang in {one.value for one in ItemState}:
        found = found.filter(pk__in=BundleItem.objects.filter(state=hang).values("bundle"))
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(
            Q(receipt__startswith=text) | Q(applicant_name__startswith=text)
            | Q(pk__in=BundleItem.objects.filter(case__receipt__startswith=text).values("bundle"))
        )  # fmt: skip
    shown = found.select_related("theme").prefetch_related("items__case__department")
    return pagination.page(shown, MINE, params)


def desk_bundle(actor: Actor, receipt: str) -> Bundle:
    """One bundle the asker oversees; raises NotFound."""
    require_desk(actor)
    return _one(_overseen(actor), receipt)


def counts(actor: Actor) -> dict[str, int]:
    """Figures above the list."""
    held = _overseen(actor)
    made = held.aggregate(
        running=Count("pk", filter=Q(state=BundleState.RUNNING.value)),
        finished=Count("pk", filter=Q(state=BundleState.FINISHED.value)),
    )
    rows = BundleItem.objects.filter(bundle__in=held.filter(state=BundleState.RUNNING.value))
    stuck = rows.aggregate(
        asking=Count("pk", filter=Q(state__in=[ItemState.ASKING.value, ItemState.CORRECTION.value])),
        failed=Count("pk", filter=Q(state=ItemState.FAILED.value)),
    )
    return {**made, **stuck}


def _overseen(actor: Actor) -> QuerySet[Bundle]:
    found: QuerySet[Bundle] = access.visible(actor, Bundle, verb="oversee").exclude(
        state=BundleState.DRAFT.value
    )
    return found


def _one(found: QuerySet[Bundle], receipt: str) -> Bundle:
    row = found.select_related("theme", "version", "user").filter(receipt=receipt[:24]).first()
    if row is None:
        raise NotFound()
    return row
