"""上级订阅: an upper platform subscribes to our catalogue and is told of changes (GB/T 28181 §9.11, RFC 6665)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from quancheng.capabilities.video.signalling.dialogs import Dialog, answering
from quancheng.capabilities.video.signalling.server import NoAnswer, Server
from quancheng.capabilities.video.signalling.wire import Target
from quancheng.core.gb28181 import BadMessage, catalog, fields, manscdp
from quancheng.core.gb28181.manscdp import Root
from quancheng.core.gb28181.message import Request, Response

__all__ = ["Subscriptions"]

log = structlog.get_logger(__name__)
_LONGEST = 86_400
_OVERLAP = timedelta(seconds=60)
"""A change may be written some time after the moment it bears."""


@dataclass(slots=True)
class _Subscription:
    dialog: Dialog
    until: float
    known: dict[str, tuple[bool, int]] = field(default_factory=dict)
    newest: datetime | None = None
    whole_at: float = 0.0
    loaded: bool = False
    """What there was at the beginning is known from the catalogue query; only changes are told."""
    busy: bool = False


class Subscriptions:
    """One subscription an upper platform; a new one takes the place of the old."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._held: dict[str, _Subscription] = {}
        server.handlers["SUBSCRIBE"] = self.subscribe

    def subscribe(self, request: Request, source: Target) -> Response:
        """Answer one SUBSCRIBE: begin, renew or end."""
        server = self._server
        code = fields.address(request.get("from")).uri.user
        line = server.directory.get(code)
        if line is None or line.peer.direction != "upper" or line.peer.host != source.host:
            return server.reply(request, source, 403)
        if request.get("event").partition(";")[0].strip().lower() != "catalog":
            return server.reply(request, source, 489, extra=[("allow-events", "Catalog")])
        seconds = _seconds(request)
        held = self._held.get(code)
        inside = fields.address(request.get("to")).tag
        if inside and (held is None or held.dialog.call_id != request.call_id):
            return server.reply(request, source, 481)  # it knows a subscription that a restart forgot
        contact = ("contact", f"<sip:{server.config.code}@{server.address}>")
        answer = server.reply(request, source, 200, extra=[contact, ("expires", str(seconds))])
        if seconds == 0:
            self._held.pop(code, None)
        elif inside and held is not None:
            held.until = server.now() + seconds
        else:
            self._held[code] = _Subscription(
                answering(request, answer, source, server.address), server.now() + seconds
            )
            server.spawn(self._look(code))
        return answer

    async def look(self) -> None:
        """Tell of what changed since the last time."""
        for code in list(self._held):
            self._server.spawn(self._look(code))

    async def _look(self, code: str) -> None:
        held, server = self._held.get(code), self._server
        if held is None or held.busy:
            return
        line = server.directory.get(code)
        if held.until <= server.now() or line is None:
            del self._held[code]
            return
        held.busy = True
        try:
            await self._compare(code, held)
        except (NoAnswer, BadMessage) as why:
            log.info("video.subscription.over", platform=code, reason=str(why))
            if self._held.get(code) is held:
                del self._held[code]
        finally:
            held.busy = False

    async def _compare(self, code: str, held: _Subscription) -> None:
        server = self._server
        whole = held.newest is None or server.now() - held.whole_at >= server.config.resync_seconds
        since = None if whole or held.newest is None else held.newest - _OVERLAP
        tables = server.recorder.tables
        items, newest = await server.recorder.run(tables.shared_since, code, since)
        if whole:
            held.whole_at = server.now()
        held.newest = newest or held.newest
        told = catalog.changes(held.known, items, complete=whole)
        first, held.loaded = not held.loaded, True
        if told and not first:
            await self._tell(held, told)

    async def _tell(self, held: _Subscription, told: list[catalog.Item]) -> None:
        """NOTIFY in the dialog, two items each (RFC 3261 §18.1.1); raises NoAnswer when it is not wanted any more."""
        server = self._server
        for part in catalog.catalog_parts(server.config.code, server.serial(), told, root=Root.NOTIFY):
            left = max(int(held.until - server.now()), 0)
            one = held.dialog.request("NOTIFY", content_type=manscdp.CONTENT_TYPE, body=manscdp.build(part))
            headers = (*one.headers, ("event", "Catalog"), ("subscription-state", f"active;expires={left}"))
            asked = Request(headers, one.body, method="NOTIFY", uri=one.uri)
            answer = await server.request(asked, held.dialog.target, patience=server.config.answer_seconds)
            if answer.status >= 300:
                raise NoAnswer(f"NOTIFY {answer.status}")


def _seconds(request: Request) -> int:
    """What is granted: what was asked, a day at most; RFC 6665 lets the header be left out. Reading checked the number."""
    return min(int(request.get("expires") or 3600), _LONGEST)
