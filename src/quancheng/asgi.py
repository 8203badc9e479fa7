"""ASGI entry: the live stream and WebSockets are pure ASGI, Django answers the rest in a fixed thread pool.

Fixed threads keep their database connections; Django's own ASGI handler opens a thread, and with
it a connection, per request (docs/decisions/0004).
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")

from quancheng.wsgi import application as django_application  # isort: skip (apps first)
from quancheng import short_way

THREADS = int(os.environ.get("QUANCHENG_WEB_THREADS", "8"))
_django = WSGIMiddleware(django_application, workers=THREADS)
LIVE_PREFIX = "/live/"
MAX_HEADER_BYTES = 64 * 1024
"""The HTTP parser sets no limit of its own; a browser with a full cookie jar stays far below."""
_TOO_LARGE = (
    "请求头过大，请清除本站Cookie后重试。 The request headers are too large; clear this site's cookies."
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Route one connection."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and sum(len(n) + len(v) for n, v in scope["headers"]) > MAX_HEADER_BYTES:
        await _refuse_headers(send)
    elif scope["type"] == "http" and scope["path"].startswith(LIVE_PREFIX):
        from quancheng.portal.live import app as live

        await live(scope, receive, send)
    elif scope["type"] == "http":
        short = short_way.view_for(scope)
        if short is None:
            await _django(scope, receive, send)
        else:
            await short_way.pass_through(scope, receive, send, short, _django.executor)
    elif scope["type"] == "websocket":
        await _socket(scope, receive, send)


@lru_cache(maxsize=1)
def sockets() -> dict[str, Any]:
    """WebSocket applications by address: ``SOCKETS`` in the ``sockets.py`` of modules."""
    found: dict[str, Any] = {}
    for module in settings.MODULES:
        if find_spec(f"{module.dotted}.sockets") is not None:
            found |= import_module(f"{module.dotted}.sockets").SOCKETS
    return found


async def _socket(scope: Any, receive: Any, send: Any) -> None:
    """Hand a WebSocket to its module; refused when the address is nobody's."""
    found = sockets().get(scope["path"])
    if found is not None:
        await found(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.close", "code": 1008})


async def _refuse_headers(send: Any) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": 431, "headers": [kind, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": _TOO_LARGE.encode()})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
