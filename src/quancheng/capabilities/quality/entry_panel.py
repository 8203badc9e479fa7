"""The panel of quality on the page of a catalogue entry: how good its tables are and what is open."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.quality import queries
from quancheng.capabilities.quality.models import OPEN_STATES
from quancheng.capabilities.quality.pages.common import percent
from quancheng.kernel.actor import ActorKind


def context(request: HttpRequest, entry: EntryInfo) -> dict[str, Any] | None:
    """Scores of the entry's tables for officials; links and open findings for those who may see them."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.kind is not ActorKind.OFFICIAL or not entry.tables:
        return None
    visible = {one.pk for one in queries.sheets(actor).filter(table_id__in=list(entry.tables.values()))}
    lines = [
        {
            "sheet": one, "score": percent(one.score), "seen": one.pk in visible,
            "open": one.issues.filter(state__in=OPEN_STATES).count() if one.pk in visible else None,
        }
        for one in queries.scores_of(entry.tables.values())
    ]  # fmt: skip
    return {"lines": lines} if lines else None
