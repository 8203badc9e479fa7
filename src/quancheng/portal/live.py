"""The live stream ``/live/?topics=a,b``: server-sent events as a pure ASGI application.

One stream a page. It carries hints only (topic, type, subject, time); pages then fetch what the
reader may see. A stream ends after ten minutes so that rights are asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from quancheng.kernel.actor import Actor
from quancheng.portal.stream.hub import Hub, Stream
from quancheng.portal.stream.topics import Topic, topic, topics

__all__ = ["Topic", "app", "hub", "topic", "topics"]

HEARTBEAT_SECONDS = 15.0
LIFETIME_SECONDS = 600.0
STREAM_LIMIT = 5000
TOPIC_LIMIT = 40
_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    key = id(asyncio.get_running_loop())
    if key not in _hubs:
        _hubs[key] = Hub()
    return _hubs[key]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request for a stream."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope["query_string"].decode("latin-1"))
    names = sorted({name for part in query.get("topics", []) for name in part.split(",") if name})
    feed = hub()
    if scope["method"] not in {"GET", "HEAD"}:
        return await _refuse(send, 405, "method-not-allowed", "只支持 GET。", "Only GET is offered.")
    if not names or len(names) > TOPIC_LIMIT:
        return await _refuse(
            send, 422, "invalid-input", "请用 topics= 指定主题。", "Name the topics with topics=."
        )
    if len(feed.streams) >= STREAM_LIMIT:
        return await _refuse(
            send, 503, "unavailable", "实时连接已满，请稍后再试。", "Too many live connections."
        )
    actor: Any = await feed.call(actor_of, headers.get("cookie", ""))
    known = topics()
    allowed = [known[name] for name in names if name in known and known[name].allows(actor)]
    if not allowed:
        status = 403 if any(name in known for name in names) else 404
        return await _refuse(
            send, status, "forbidden", "这些主题不存在或您无权订阅。", "No such topics for you."
        )
    await _start(send)
    if scope["method"] == "HEAD":
        return await _send(send, b"", more=False)
    refused = [name for name in names if name not in {found.name for found in allowed}]
    stream = Stream(actor, allowed)
    listener = asyncio.create_task(_until_gone(receive, stream))
    feed.join(stream)
    try:
        opening = f"event: refused\ndata: {json.dumps(refused)}\n\n" if refused else ": welcome\n\n"
        await _send(send, f"retry: 3000\n{opening}".encode())
        after = headers.get("last-event-id") or query.get("after", [""])[0]
        if after.isdigit() and len(after) < 19:
            await feed.replay(stream, int(after))
        await _pump(send, stream)
    except OSError:
        pass  # the connection broke while we were writing
    finally:
        feed.part(stream)
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await listener


async def _pump(send: Any, stream: Stream) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFETIME_SECONDS * (0.9 + 0.2 * random.random())
    while not stream.gone and loop.time() < end:
        if not stream.pending:
            stream.wake.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):  # wait_for would lose cancellation on 3.11
                    await stream.wake.wait()
            except TimeoutError:
                await _send(send, b": still here\n\n")
                continue
        if stream.pending and not stream.gone:
            waiting = b"".join(stream.pending)
            stream.pending.clear()
            await _send(send, waiting)
    if not stream.gone:
        await _send(send, b"", more=False)


async def _until_gone(receive: Any, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.leave()


async def _start(send: Any) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _send(send: Any, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _refuse(send: Any, status: int, code: str, zh: str, en: str) -> None:
    body = {
        "type": f"urn:quancheng:problem:{code}",
        "title": zh,
        "status": status,
        "detail": zh,
        "text": {"detail": {"zh": zh, "en": en}},
    }
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await _send(send, json.dumps(body, ensure_ascii=False).encode(), more=False)


def actor_of(cookie_header: str) -> Actor:
    """Who listens, by the session cookie; nobody when there is none or it is no longer good."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import get_user
    from django.http import HttpRequest
    from django.utils.module_loading import import_string

    jar: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        jar.load(cookie_header)
    cookie = jar.get(settings.SESSION_COOKIE_NAME)
    if cookie is None:
        return Actor.anonymous()
    request = HttpRequest()
    request.method, request.path = "GET", "/live/"
    request.COOKIES = {name: morsel.value for name, morsel in jar.items()}
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    request.user = get_user(request)
    if not request.user.is_authenticated:
        return Actor.anonymous()
    found: Actor = import_string(settings.QUANCHENG_ACTOR_LOADER)(request.user, request)
    return found
