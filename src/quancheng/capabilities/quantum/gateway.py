"""链路网关: answers links that peers open to this node and hands their requests to our own HTTP service.

Runs as component ``quantum.gateway`` where ``QUANCHENG_QUANTUM_PORT`` names a port; else it does nothing.
Only links that an operator registered without an address and opened are answered.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from quancheng.capabilities.quantum.server import LinkServer, Served
    from quancheng.capabilities.quantum.values import SessionOpened, SessionRefused

__all__ = ["main", "serve"]

OFFERED = "/chain/"
"""Addresses offered to peers unless ``QUANCHENG_QUANTUM_OFFERED`` says others."""


def serve(address: tuple[str, int], upstream: tuple[str, int], offered: tuple[str, ...]) -> LinkServer:
    """A running server over the registered links."""
    from django.db import connections

    from quancheng.capabilities.quantum.server import HttpForward, LinkServer

    forward = HttpForward(*upstream, offered)
    return LinkServer(address, _find, forward, _tell, still=_wanted, done=connections.close_all).start()


def _find(code: str) -> Served | None:
    """A link we answer: registered without an address, and wanted."""
    from django.db import close_old_connections

    from quancheng.capabilities.quantum import link_client
    from quancheng.capabilities.quantum.models import Link
    from quancheng.capabilities.quantum.server import Served

    close_old_connections()
    row = Link.objects.select_related("peer").filter(code=code, wanted=True, address="").first()
    if row is None:
        return None
    kme = None if row.held else link_client.kme_of(row)
    return Served(link_client.identity_of(row), kme)


def _wanted(code: str) -> bool:
    """An operator who closes a link closes it for sessions that are open, too."""
    from quancheng.capabilities.quantum.models import Link

    return Link.objects.filter(code=code, wanted=True).exists()


def _tell(what: SessionOpened | SessionRefused) -> None:
    from quancheng.capabilities.quantum import actions
    from quancheng.capabilities.quantum.values import SessionOpened
    from quancheng.kernel.actions import Call

    call = Call.system("quantum")
    if isinstance(what, SessionOpened):
        actions.report_session(call, opened=what)
    elif what.link:
        actions.report_refusal(call, code=what.link, reason=what.reason)


def main() -> None:
    """Serve until told to stop."""
    import django

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    port = os.environ.get("QUANCHENG_QUANTUM_PORT", "")
    if not port.isdigit():
        stop.wait()
        return
    django.setup()
    home = urlsplit(settings.PUBLIC_URL)
    upstream = (home.hostname or "127.0.0.1", home.port or 8000)
    offered = tuple(os.environ.get("QUANCHENG_QUANTUM_OFFERED", OFFERED).split(","))
    server = serve((os.environ.get("QUANCHENG_QUANTUM_HOST", "127.0.0.1"), int(port)), upstream, offered)
    stop.wait()
    server.stop()
