"""Reads of the holder: history, verifications by day, presentations, objections."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Sum

from quancheng.capabilities.trust import values
from quancheng.capabilities.trust.models import (
    Licence,
    LicenceChange,
    LicenceLook,
    LicenceObjection,
    LicenceShow,
)
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

DAYS = 30


def history(actor: Actor, of: Licence) -> QuerySet[LicenceChange]:
    """What was done with a licence of one's own, the newest first."""
    return access.visible(actor, LicenceChange).filter(licence=of).order_by("-at", "-id")[:50]


def looks(actor: Actor, of: Licence) -> list[dict[str, Any]]:
    """Verifications by day and way, the last thirty days that had any."""
    rows = access.visible(actor, LicenceLook).filter(licence=of).values("day").annotate(n=Sum("count"))
    return list(rows.order_by("-day")[:DAYS])


def objections(actor: Actor, of: Licence) -> QuerySet[LicenceObjection]:
    """One's own objections about a licence and the versions before it."""
    chain = [of.pk]
    while of.replaces_id is not None and len(chain) < DAYS:
        of = of.replaces  # type: ignore[assignment]
        chain.append(of.pk)
    return access.visible(actor, LicenceObjection).filter(licence_id__in=chain).order_by("-filed_at")[:20]


def of_licence(actor: Actor, of: Licence) -> QuerySet[LicenceShow]:
    """Presentations of a licence of one's own, the newest first."""
    return access.visible(actor, LicenceShow).filter(licence=of).order_by("-made_at", "-id")[:20]


def own(actor: Actor, number: str, pk: int) -> LicenceShow:
    """One presentation of one's own; raises NotFound."""
    found = access.visible(actor, LicenceShow).filter(pk=pk, licence__number=number).first()
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


def by_code(actor: Actor, code: str) -> LicenceShow | None:
    """The presentation of a link; None when there is none."""
    rows = access.visible(actor, LicenceShow, verb="look")
    return rows.select_related("licence__type", "licence__issued_by").filter(code=code[:32]).first()  # type: ignore[no-any-return]


def url(show: LicenceShow) -> str:
    """The address a presentation is seen at."""
    return f"{settings.PUBLIC_URL}/verify/p/{show.code}/"


def labels(of: Licence, show: LicenceShow) -> list[Text]:
    """Names of the facts chosen."""
    names = {key: label for key, label, *_rest in values.facts(of)}
    return [names[key] for key in show.keys if key in names]


def rows(show: LicenceShow) -> list[dict[str, Any]]:
    """The facts chosen and nothing else, in full: the holder chose them."""
    return [
        {"label": label, "value": value}
        for key, label, value, _sensitive in values.facts(show.licence)
        if key in show.keys
    ]
