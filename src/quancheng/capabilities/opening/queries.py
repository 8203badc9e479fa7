"""Reads of opening; everything a person asks starts from ``access.visible``."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.opening.models import Dataset, State
from quancheng.capabilities.tables import queries as tables
from quancheng.capabilities.tables.queries import View
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

_COPIES: dict[UUID, UUID] = {}
"""Copies by the id they were asked by. A copy withdrawn is dropped, so what stands here is asked again then."""
_MOST_COPIES = 4096
_PKS: dict[str, int] = {}


def datasets(
    actor: Actor, *, q: str = "", organ: str = "", state: str = "", theme: str = "", cycle: str = ""
) -> QuerySet[Dataset]:
    """Datasets the actor may see, by words, department, state, theme and promised cycle."""
    found: QuerySet[Dataset] = access.visible(actor, Dataset).select_related("organ")
    for word in q.split():
        found = found.filter(Q(words__icontains=word) | Q(name=word) | Q(organ__zh__icontains=word))
    for field, value in (("organ__code", organ), ("state", state), ("theme", theme), ("cycle", cycle)):
        if value:
            found = found.filter(**{field: value})
    return found


def counted(found: QuerySet[Dataset], field: str) -> list[tuple[str, int]]:
    """How many datasets there are for each value of a field, most first."""
    rows = found.order_by().values_list(field).annotate(n=Count("pk")).order_by("-n", field)
    return [(value, number) for value, number in rows if value]


def opened(name: str) -> Dataset | None:
    """What the public reads under a name: the opened dataset, else the one withdrawn last, else nothing."""
    rows = datasets(Actor.anonymous()).filter(name=name)
    live = rows.filter(state=State.PUBLISHED).first()
    return live or rows.filter(state=State.WITHDRAWN).order_by("-pk").first()


def worked_on(actor: Actor, *, q: str = "", state: str = "") -> QuerySet[Dataset]:
    """Datasets an official proposes or decides, by words and state."""
    own = access.visible(actor, Dataset, verb="work").values("pk")
    return datasets(actor, q=q, state=state).filter(pk__in=own)


def working(actor: Actor, pk: int) -> Dataset:
    """One of them; raises NotFound."""
    found: Dataset | None = worked_on(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def opened_view(resource: str | UUID) -> View:
    """The copy the public reads, by the id of the source table (CKAN's resource id) or of the copy; NotFound."""
    try:
        wanted = resource if isinstance(resource, UUID) else UUID(resource)
    except (ValueError, AttributeError):
        raise NotFound() from None
    known = _COPIES.get(wanted)
    if known is not None:
        try:
            return tables.view(known)
        except NotFound:
            _COPIES.pop(wanted, None)
    copy = (
        Dataset.objects.filter(state=State.PUBLISHED)
        .filter(Q(table_id=wanted) | Q(copy_id=wanted))
        .values_list("copy_id", flat=True)
        .first()
    )
    if copy is None:
        raise NotFound()
    found = tables.view(copy)
    if len(_COPIES) >= _MOST_COPIES:
        _COPIES.clear()
    _COPIES[wanted] = copy
    return found


def dataset_pk(resource: str) -> int | None:
    """The opened dataset a resource of CKAN's API belongs to, for counting; asked once a resource."""
    if resource not in _PKS:
        try:
            wanted = UUID(resource)
        except ValueError:
            return None
        rows = Dataset.objects.filter(Q(table_id=wanted) | Q(copy_id=wanted), state=State.PUBLISHED)
        if len(_PKS) >= _MOST_COPIES:
            _PKS.clear()
        found = rows.values_list("pk", flat=True).first()
        if found is None:
            return None
        _PKS[resource] = found
    return _PKS[resource]


def opened_tables(wanted: set[str]) -> set[str]:
    """Which of these source tables the public may read."""
    ids = [UUID(one) for one in wanted]
    found = Dataset.objects.filter(state=State.PUBLISHED, table_id__in=ids)
    return {str(one) for one in found.values_list("table_id", flat=True)}
