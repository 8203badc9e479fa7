"""The panel of sharing on the page of a catalogue entry: who uses it, and a way to ask."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import reverse

from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.exchange import queries, wording
from quancheng.core import catalogue as entries
from quancheng.core.exchange import ShareType

_SHARE = {
    entries.ShareType.UNCONDITIONAL: ShareType.UNCONDITIONAL,
    entries.ShareType.CONDITIONAL: ShareType.CONDITIONAL,
    entries.ShareType.NONE: ShareType.NOT_SHARED,
}


def context(request: HttpRequest, entry: EntryInfo) -> dict[str, Any] | None:
    """Values of the panel; nothing for those who do not share data."""
    actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.role_ids & {queries.OFFICER, queries.BUREAU}:
        return None
    running = queries.grants(actor, {"status": "running"}).filter(resource=entry.code)
    consumers = {one.consumer.code: one.consumer.text for one in running[:20]}
    share = _SHARE[entry.resource.share]
    own = {unit.code for unit in queries.my_departments(actor)}
    may_ask = entry.live and share is not ShareType.NOT_SHARED and bool(own - {entry.organ})
    return {
        "share": wording.SHARES[share],
        "grants": running.count(),
        "consumers": list(consumers.values()),
        "ask_url": f"{reverse('exchange:ask')}?code={quote(entry.code, safe='')}" if may_ask else "",
    }
