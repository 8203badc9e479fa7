"""The panel of collection on the page of a catalogue entry: its feeds and whether they are in time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.collection import queries


def context(request: HttpRequest, entry: EntryInfo) -> dict[str, Any] | None:
    """Feeds of the entry the reader may see; nothing for readers who may see none."""
    actor = request.actor  # type: ignore[attr-defined]
    if not queries.DESK_ROLES & actor.role_ids:
        return None
    feeds = queries.feeds_of_entry(actor, entry.code, tuple(entry.tables.values()))
    return {"feeds": feeds, "owner": entry.live and not feeds}
