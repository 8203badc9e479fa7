"""Reading entries: for the guard's page. Callers ask their right first (``access``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quancheng.kernel.audit.models import AppendOnlyQuerySet, AuditEntry

ACTOR_FIELDS = frozenset({"user_id", "person_id", "firm_id", "actor_kind", "actor_name", "module"})


def search(
    actor_filter: Mapping[str, Any] | int | str | None = None,
    verb: str | None = None,
    object_ref: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    stream: str | None = None,
    outcome: str | None = None,
) -> AppendOnlyQuerySet:
    """Entries newest first; every filter given narrows and is served by an index.

    ``actor_filter``: a user id, a part of the actor's name, or a mapping of
    :data:`ACTOR_FIELDS`. ``until`` is exclusive. Raises ValueError for an unknown field.
    """
    found: AppendOnlyQuerySet = AuditEntry.objects.order_by("-id")
    exact = {"verb": verb, "object_ref": object_ref, "stream": stream, "outcome": outcome}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    found = found.filter(**_actor(actor_filter))
    if since is not None:
        found = found.filter(time__gte=since)
    if until is not None:
        found = found.filter(time__lt=until)
    return found


def _actor(wanted: Mapping[str, Any] | int | str | None) -> dict[str, Any]:
    if wanted is None or wanted == "":
        return {}
    if isinstance(wanted, int):
        return {"user_id": wanted}
    if isinstance(wanted, str):
        return {"actor_name__contains": wanted}
    if unknown := set(wanted) - ACTOR_FIELDS:
        raise ValueError(f"no actor field {sorted(unknown)}; there are {sorted(ACTOR_FIELDS)}")
    return dict(wanted)
