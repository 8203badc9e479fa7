"""Reads of the citizen code, always from what the asker may see."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import TruncDate

from quancheng.capabilities.code import issuers
from quancheng.capabilities.code.actions.gates import digest_of
from quancheng.capabilities.code.models import (
    Card,
    Choice,
    Credential,
    Device,
    Scan,
    Settlement,
    Upload,
    Verifier,
)
from quancheng.capabilities.code.statuses import SIZE, StatusLists, lists_of
from quancheng.capabilities.code.vocabulary import Scene, entitlements, scenes
from quancheng.core.keys import to_jwk
from quancheng.kernel import access, clock, pagination, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound, NotSignedIn


# -- the citizen
def phones(actor: Actor) -> QuerySet[Any]:
    """My phones, those in use first."""
    rows = access.visible(actor, Device).filter(person_id=actor.person_id)
    return rows.order_by("state", "-enrolled_at")  # type: ignore[no-any-return]


def phone(actor: Actor, pk: int) -> Device:
    """One phone of mine. Raises NotFound."""
    found: Device | None = access.visible(actor, Device).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def choices(actor: Actor) -> list[tuple[Scene, bool]]:
    """Every scene and whether I have it on."""
    mine = access.visible(actor, Choice).filter(person_id=actor.person_id, on=False)
    off = set(mine.values_list("scene", flat=True))
    return [(one, one.code not in off) for one in scenes()]


def seen(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Every scan of my code. Filters: scene, since, until (local dates), finding."""
    if actor.person_id is None:
        raise NotSignedIn
    rows = (
        access.visible(actor, Scan).filter(person_id=actor.person_id).select_related("verifier__department")
    )
    return pagination.page(_filtered(rows, params), ("-at", "-id"), params)


def card(actor: Actor) -> Card | None:
    """My printed code in force: gates take it."""
    rows = access.visible(actor, Card).filter(
        person_id=actor.person_id, stopped_at=None, credential__revoked_at=None,
        credential__expires_at__gt=clock.now(),
    )  # fmt: skip
    found: Card | None = rows.select_related("credential", "person").order_by("-made_at").first()
    return found


def card_by_id(actor: Actor, pk: int) -> Card:
    """One printed code. Raises NotFound."""
    found: Card | None = (
        access.visible(actor, Card).select_related("credential", "person").filter(pk=pk).first()
    )
    if found is None:
        raise NotFound()
    return found


# -- the operator
def verifiers(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Gates and counters of my department. Filters: q, scene, state."""
    rows = access.visible(actor, Verifier).select_related("department")
    if words := params.get("q", "").strip():
        rows = rows.filter(Q(name__contains=words) | Q(code__startswith=words))
    for name in ("scene", "state", "kind"):
        if value := params.get(name, ""):
            rows = rows.filter(**{name: value})
    return pagination.page(rows, ("name", "id"), params)


def verifier(actor: Actor, code: str) -> Verifier:
    """One gate. Raises NotFound."""
    rows = access.visible(actor, Verifier).select_related("department")
    found: Verifier | None = rows.filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def counters(actor: Actor) -> QuerySet[Any]:
    """Counter screens I may scan at."""
    rows = access.visible(actor, Verifier).filter(kind=Verifier.Kind.COUNTER, state=Verifier.State.ACTIVE)
    return rows.order_by("name")  # type: ignore[no-any-return]


def verifier_by_token(token: str) -> Verifier | None:
    """The gate a bearer token belongs to; stopped gates have none."""
    if not token:
        return None
    rows = Verifier.objects.filter(token_digest=digest_of(token), state=Verifier.State.ACTIVE)
    return rows.first()  # type: ignore[no-any-return]


def scans(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Scans at the gates of my department, without names. Filters: verifier, scene, finding, since, until."""
    rows = access.visible(actor, Scan).select_related("verifier__department")
    if code := params.get("verifier", ""):
        rows = rows.filter(verifier__code=code)
    return pagination.page(_filtered(rows, params), ("-at", "-id"), params)


def uploads(actor: Actor, gate: Verifier, limit: int = 20) -> list[Any]:
    """The latest batches of a gate."""
    return list(access.visible(actor, Upload).filter(verifier=gate).order_by("-received_at")[:limit])


def settlements(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Sums of rides by day. Filters: scene, since, until."""
    rows = access.visible(actor, Settlement).select_related("department")
    if value := params.get("scene", ""):
        rows = rows.filter(scene=value)
    for name, lookup in (("since", "day__gte"), ("until", "day__lte")):
        if day := _day(params.get(name, "")):
            rows = rows.filter(**{lookup: day})
    return pagination.page(rows, ("-day", "-id"), params)


def days_to_settle(at: datetime) -> list[date]:
    """Days whose rides are to be summed this night: yesterday, and those of rides that came in for two days.

    Days of which scans may have been forgotten already are left as they are.
    """
    today = clock.day_of(at)
    kept = rulebook.find("code.scan_days").integer()
    came = Scan.objects.filter(scene__in=[one.code for one in scenes() if one.kind == "transit"])
    late = came.filter(received_at__gt=at - timedelta(days=2)).annotate(
        day=TruncDate("at", tzinfo=clock.LOCAL)
    )
    days = set(late.values_list("day", flat=True).order_by("day").distinct()) | {today - timedelta(days=1)}
    return sorted(day for day in days if today - timedelta(days=kept) < day < today)


def _filtered(rows: QuerySet[Any], params: Mapping[str, str]) -> QuerySet[Any]:
    for name in ("scene", "finding"):
        if value := params.get(name, ""):
            rows = rows.filter(**{name: value})
    for name, lookup in (("since", "at__date__gte"), ("until", "at__date__lte")):
        if day := _day(params.get(name, "")):
            rows = rows.filter(**{lookup: day})
    return rows


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


# -- what gates hold
def status_lists() -> dict[int, bytes]:
    """The status lists now: stopped credentials that have not expired."""
    now = clock.now()
    live = Credential.objects.filter(revoked_at__isnull=False, expires_at__gt=now)
    return lists_of(live.values_list("status_index", flat=True).iterator())


def standing() -> StatusLists:
    """The same, for a verifier in this process."""
    return StatusLists(status_lists())


def bundle() -> dict[str, Any]:
    """All a gate needs to work cut off: keys, lists, scenes, limits. Holds nothing personal."""
    now = clock.now()
    return {
        "version": 1,
        "time": int(now.timestamp()),
        "issuer": issuers.name(),
        "keys": [{**to_jwk(key), "kid": key.kid.hex()} for key in issuers.trusted()],
        "status": {"size": SIZE, "lists": {str(n): _b64(data) for n, data in status_lists().items()}},
        "scenes": [
            {"code": one.code, "bit": one.bit, "name": one.text.to_dict(), "kind": one.kind,
             "printed": one.printed, "entitlements": list(one.entitlements)}
            for one in scenes()
        ],
        "entitlements": [
            {"code": one.code, "bit": one.bit, "name": one.text.to_dict(), "printed": one.printed}
            for one in entitlements()
        ],
        "limits": {
            "skew_seconds": rulebook.find("code.skew_seconds").integer(),
            "window_steps": rulebook.find("code.window_steps").integer(),
            "refresh_seconds": rulebook.find("code.bundle_seconds").integer(),
            "stale_seconds": rulebook.find("code.stale_hours").integer() * 3600,
        },
    }  # fmt: skip


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
