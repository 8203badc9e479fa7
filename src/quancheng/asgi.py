"""ASGI entry: the live stream is pure ASGI, Django answers the rest in a fixed thread pool.

Fixed threads keep their database connections; Django's own ASGI handler opens a thread, and with
it a connection, per request (docs/decisions/0004).
"""

from __future__ import annotations

import os
from typing import Any

from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")

from quancheng.wsgi import application as django_application

THREADS = int(os.environ.get("QUANCHENG_WEB_THREADS", "8"))
_django = WSGIMiddleware(django_application, workers=THREADS)
LIVE_PREFIX = "/live/"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Route one connection."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].startswith(LIVE_PREFIX):
        from quancheng.portal.live import app as live

        await live(scope, receive, send)
    elif scope["type"] == "http":
        await _django(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
