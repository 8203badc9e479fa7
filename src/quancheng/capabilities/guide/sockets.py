"""``/ws/guide/``: the live conversation as a pure ASGI application.

A citizen's page needs its session only; an agent's page names the conversation (``?c=DF…``).
Frames are JSON. To us: ``{"t":"hello","after":n}``, ``{"t":"say","id":…,"text":…}``, ``{"t":"typing"}``,
``{"t":"ping"}``. From us: ``messages`` (pieces of page, ``through`` a sequence number), ``ack``,
``typing``, ``pong``, ``error``. What is said is kept before it is acknowledged; a page that lost its
connection says ``hello`` with the last number it has and sends again what was not acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any
from urllib.parse import parse_qs

from quancheng.capabilities.guide import actions, queries
from quancheng.capabilities.guide.connection import Caller, caller_of, headers_of, same_origin
from quancheng.capabilities.guide.hub import Hub, Listener
from quancheng.capabilities.guide.models import Conversation
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound, QuanchengError

__all__ = ["SOCKETS", "app"]

MAX_FRAME = 8_000
"""Characters; the longest thing one may say fits twice."""
BURST, REFILL_SECONDS = 12, 1.0
"""Frames at once, and how long until one more."""
PATIENCE = 20
"""Frames over the rate before the connection ends."""
LIFETIME_SECONDS = 900.0
"""Then the page connects again, and rights are asked again."""
LIMIT = 2000
REFUSED, TOO_LARGE, TOO_MANY, GOING = 1008, 1009, 1013, 1001
log = logging.getLogger(__name__)
_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    key = id(asyncio.get_running_loop())
    if key not in _hubs:
        _hubs[key] = Hub()
    return _hubs[key]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve one WebSocket from its handshake to its end."""
    if scope["type"] != "websocket":
        return
    await receive()  # websocket.connect
    headers = headers_of(scope)
    feed = hub()
    if not same_origin(headers) or sum(map(len, feed.listeners.values())) >= LIMIT:
        return await _close(send, REFUSED)
    number = parse_qs(scope["query_string"].decode("latin-1")).get("c", [""])[0]
    cookie = headers.get("cookie", "")
    try:
        listener, caller = await feed.call(_opened, cookie, number)
    except QuanchengError:
        return await _close(send, REFUSED)
    await send({"type": "websocket.accept"})
    await _Socket(feed, listener, caller, cookie, number).run(receive, send)


def _opened(cookie: str, number: str) -> tuple[Listener, Caller]:
    caller = caller_of(cookie)
    viewer = "agent" if number else "citizen"
    pk = _conversation(caller, number).pk
    return Listener(pk, viewer, caller.language, caller.actor.user_id), caller


def _conversation(caller: Caller, number: str) -> Conversation:
    """The conversation this caller may follow; raises NotFound, Forbidden, NotSignedIn."""
    if number:
        return queries.desk_conversation(caller.actor, number)
    found = queries.resumed(caller.actor, caller.secret)
    if found is None:
        raise NotFound()
    return found


def _said(cookie: str, number: str, text: str, client_id: str) -> int:
    """Keep what was said, by the rights of this moment; its sequence number."""
    caller = caller_of(cookie)
    conversation = _conversation(caller, number)
    call = Call(caller.actor, at=clock.now())
    if number:
        return int(actions.reply(call, conversation=conversation, text=text, client_id=client_id).sequence)
    said = actions.ask(call, text=text, conversation=conversation, client_id=client_id)
    return int(said.sequence)


class _Socket:
    """One connection after its handshake."""

    def __init__(self, feed: Hub, listener: Listener, caller: Caller, cookie: str, number: str) -> None:
        self.feed, self.listener, self.caller = feed, listener, caller
        self.cookie, self.number = cookie, number
        self.tokens, self.refilled, self.over = float(BURST), 0.0, 0
        self.joined = False

    async def run(self, receive: Any, send: Any) -> None:
        """Hear and speak until either side goes or the time is over."""
        loop = asyncio.get_running_loop()
        self.refilled = loop.time()
        speaking = asyncio.create_task(self._speak(send))
        code = GOING
        try:
            async with asyncio.timeout(LIFETIME_SECONDS):
                code = await self._hear(receive)
        except TimeoutError:
            pass
        except OSError:
            code = 0
        finally:
            if self.joined:
                self.feed.part(self.listener)
            speaking.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await speaking
        if code:
            await _close(send, code)

    async def _speak(self, send: Any) -> None:
        while True:
            frame = await self.listener.outgoing.get()
            await send({"type": "websocket.send", "text": json.dumps(frame, ensure_ascii=False)})

    async def _hear(self, receive: Any) -> int:
        """Frames one by one; the code to close with, 0 when the other side went."""
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return 0
            text = message.get("text")
            if text is None or len(text) > MAX_FRAME:
                return TOO_LARGE
            if not self._allowed():
                self.over += 1
                if self.over > PATIENCE:
                    return TOO_MANY
                self._complain(Text("发送得太快了，请慢一点。", "Too fast; slow down."))
                continue
            frame = _parsed(text)
            if frame is None:
                self._complain(Text("消息格式不对。", "That is no message."))
                continue
            await self._do(frame)

    async def _do(self, frame: dict[str, Any]) -> None:
        match frame.get("t"):
            case "hello":
                after = frame.get("after", 0)
                self.listener.after = after if isinstance(after, int) and 0 <= after < 2**31 else 0
                self.listener.mark = ()
                if not self.joined:
                    self.joined = True
                    self.feed.join(self.listener)
                self.feed.look()
            case "say":
                await self._say(str(frame.get("text", "")), str(frame.get("id", ""))[:64])
            case "typing":
                self.feed.typing(self.listener)
            case "ping":
                self.listener.offer({"t": "pong"})
            case _:
                self._complain(Text("没有这种消息。", "There is no such message."))

    async def _say(self, text: str, client_id: str) -> None:
        try:
            sequence = await self.feed.call(_said, self.cookie, self.number, text, client_id)
        except QuanchengError as refused:
            self._complain(refused.detail, client_id)
            return
        except Exception:
            log.exception("what was said could not be kept")
            again = Text("没有发出去，请再试一次。", "It was not sent; try again.")
            self._complain(again, client_id)
            return
        self.listener.offer({"t": "ack", "id": client_id, "sequence": sequence})
        self.feed.look()

    def _complain(self, text: Text, client_id: str = "") -> None:
        self.listener.offer({"t": "error", "id": client_id, "text": text.pick(self.caller.language)})

    def _allowed(self) -> bool:
        """A bucket of tokens: short bursts are human, streams are not."""
        now = asyncio.get_running_loop().time()
        self.tokens = min(BURST, self.tokens + (now - self.refilled) / REFILL_SECONDS)
        self.refilled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


async def _close(send: Any, code: int) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.close", "code": code})


SOCKETS = {"/ws/guide/": app}
"""Addresses and applications; the ASGI entry routes to them."""
