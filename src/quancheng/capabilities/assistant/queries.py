"""Reads of readings and review points, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.capabilities.assistant.values import Outcome, PointKey, ReadState
from quancheng.capabilities.services import queries as services
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = [
    "Accuracy", "accuracy", "case_of", "counts", "page", "point", "points", "reading", "readings", "require_desk",
]  # fmt: skip

ORDER = ("-asked_at", "-id")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often people came to what the machine said, on one point."""

    key: PointKey
    judged: int
    agreed: int
    left: int
    """Left to a person by the machine; not counted in the share."""

    @property
    def share(self) -> float | None:
        """Per cent agreed of what the machine decided and a person judged."""
        decided = self.judged - self.left
        return round(100 * self.agreed / decided, 1) if decided else None


def require_desk(actor: Actor) -> None:
    """Raise unless the asker is a case officer somewhere."""
    services.require_desk(actor)


def page(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Reading]:
    """A page of readings: ``state``, ``outcome``, ``type``, ``q`` (receipt or applicant)."""
    require_desk(actor)
    return pagination.page(_filtered(_current(actor), params), ORDER, params)


def counts(actor: Actor) -> dict[str, int]:
    """Figures above the list, in one query."""
    return _current(actor).aggregate(
        waiting=Count("pk", filter=Q(state__in=[ReadState.WAITING, ReadState.READING])),
        done=Count("pk", filter=Q(state=ReadState.DONE)),
        fail=Count("pk", filter=Q(state=ReadState.DONE, worst=Outcome.FAIL)),
        failed=Count("pk", filter=Q(state=ReadState.FAILED)),
    )


def case_of(actor: Actor, receipt: str) -> Any:
    """The case, if the asker may see it at the desk; raises NotFound."""
    return services.desk_case(actor, receipt)


def readings(actor: Actor, receipt: str) -> list[Reading]:
    """Current readings of a case with their points; nothing for who may not see the case."""
    found = _current(actor).filter(receipt=receipt).order_by("id")
    return list(found.prefetch_related("points__decided_by"))


def points(actor: Actor, receipt: str) -> list[ReviewPoint]:
    """Review points of a case, picture by picture."""
    return [one for row in readings(actor, receipt) for one in row.points.all()]


def reading(actor: Actor, pk: int) -> Reading:
    """One reading the asker may see; raises NotFound."""
    found: Reading | None = access.visible(actor, Reading).select_related("case").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def point(actor: Actor, pk: int) -> ReviewPoint:
    """One review point the asker may see; raises NotFound."""
    found: ReviewPoint | None = (
        access.visible(actor, ReviewPoint).select_related("reading__case").filter(pk=pk).first()
    )
    if found is None:
        raise NotFound()
    return found


def accuracy(actor: Actor) -> list[Accuracy]:
    """Per point: how many were judged by people, how many as the machine said."""
    rows = (
        access.visible(actor, ReviewPoint)
        .exclude(decided="")
        .values("key")
        .order_by("key")
        .annotate(
            judged=Count("pk"),
            same=Count("pk", filter=Q(decided=F("outcome"))),
            left=Count("pk", filter=Q(outcome=Outcome.PERSON)),
        )
    )
    by_key = {row["key"]: row for row in rows}
    return [
        Accuracy(key, by_key[key]["judged"], by_key[key]["same"], by_key[key]["left"])
        for key in PointKey
        if key in by_key
    ]


def _current(actor: Actor) -> QuerySet[Reading]:
    return access.visible(actor, Reading).filter(current=True).select_related("case__matter")


def _filtered(found: QuerySet[Reading], params: Mapping[str, Any]) -> QuerySet[Reading]:
    if (state := str(params.get("state") or "")) in set(ReadState):
        found = found.filter(state=state)
    if (outcome := str(params.get("outcome") or "")) in set(Outcome):
        found = found.filter(worst=outcome)
    if code := str(params.get("type") or "")[:40]:
        found = found.filter(type=code)
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(Q(receipt__startswith=text) | Q(case__applicant_name__startswith=text))
    return found
