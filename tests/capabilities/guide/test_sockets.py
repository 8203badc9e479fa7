"""The live conversation: who may connect, nothing said is lost or doubled, what is too much ends it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from quancheng import asgi
from quancheng.capabilities.guide import actions, sockets
from quancheng.capabilities.guide.connection import same_origin
from quancheng.capabilities.guide.models import Conversation
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "testserver"


class Line:
    """A WebSocket client of the ASGI application, without a network."""

    def __init__(
        self, cookie: str, path: str = "/ws/guide/", query: str = "", origin: str = f"http://{HOST}"
    ):
        headers = [(b"host", HOST.encode()), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
        self.scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers}
        self.inward: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outward: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Line:
        self.task = asyncio.create_task(asgi.application(self.scope, self.inward.get, self.outward.put))
        await self.inward.put({"type": "websocket.connect"})
        self.first = await self.raw()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.inward.put({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, 5)

    async def raw(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.outward.get(), 10)

    async def send(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self.inward.put({"type": "websocket.receive", "text": text})

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            message = await self.raw()
            if message["type"] == "websocket.close":
                return message
            frame = json.loads(message["text"])
            if frame["t"] == kind:
                return frame

    async def hear(self, count: int, after: int = 0) -> list[dict[str, Any]]:
        await self.send({"t": "hello", "after": after})
        items: list[dict[str, Any]] = []
        while len(items) < count:
            items += (await self.until("messages"))["items"]
        return items


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Database work in this thread: the test database lives in memory and in one connection."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

    async def call(self: Any, work: Any, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        return work(*arguments)

    monkeypatch.setattr("quancheng.capabilities.guide.hub.Hub.call", call)


def cookie_of(client: Client) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@pytest.fixture
def citizen(town: None) -> Client:
    client = Client()
    assert client.post("/guide/say/", {"text": "老年证怎么办"}).status_code == 302
    return client


def test_only_our_own_pages_and_only_ones_own(citizen: Client, signed_in):
    async def story() -> None:
        async with Line(cookie_of(citizen), origin="https://evil.example") as line:
            assert line.first["type"] == "websocket.close"
        async with Line("qc_session=nothing") as line:
            assert line.first["type"] == "websocket.close"
        async with Line(cookie_of(citizen), path="/ws/nothing/") as line:
            assert line.first["type"] == "websocket.close"
        async with Line(cookie_of(citizen), query=f"c={number}") as line:
            assert line.first["type"] == "websocket.close", "a citizen is no agent"
        async with Line(cookie_of(citizen)) as line:
            assert line.first["type"] == "websocket.accept"

    number = Conversation.objects.get().number
    asyncio.run(story())


def test_said_once_heard_by_both(citizen: Client, on_duty, signed_in):
    held = Conversation.objects.get()
    citizen.post("/guide/person/")
    actions.accept_conversation(Call(on_duty), conversation=held)
    agent = signed_in("guide-agent")

    async def story() -> None:
        async with Line(cookie_of(citizen)) as one, Line(cookie_of(agent), query=f"c={held.number}") as two:
            await one.hear(4)
            before = await two.hear(4)
            assert [item["sequence"] for item in before] == [1, 2, 3, 4]
            await two.send({"t": "typing"})
            assert (await one.until("typing"))["t"] == "typing"
            for _ in range(2):
                await one.send({"t": "say", "id": "abc", "text": "我妈<b>卧床</b>"})
                assert (await one.until("ack"))["sequence"] == 5, "sent twice, kept once"
            heard = (await two.until("messages"))["items"]
            assert "&lt;b&gt;" in heard[0]["html"] and heard[0]["id"] == "abc"
            await two.send({"t": "say", "id": "z", "text": "可以上门"})
        async with Line(cookie_of(citizen)) as again:
            missed = await again.hear(1, after=5)
            assert [item["sequence"] for item in missed] == [6] and "可以上门" in missed[0]["html"]

    asyncio.run(story())
    assert held.messages.filter(client_id="abc").count() == 1


def test_handed_over_is_out_of_sight(citizen: Client, on_duty, editor, signed_in):
    held = Conversation.objects.get()
    citizen.post("/guide/person/")
    actions.accept_conversation(Call(on_duty), conversation=held)
    agent = signed_in("guide-agent")

    async def story() -> None:
        async with Line(cookie_of(agent), query=f"c={held.number}") as line:
            await line.hear(4)
            actions.hand_over(Call(on_duty), conversation=held, to_user=editor.user_id, note="私下")
            assert (await line.until("gone"))["t"] == "gone"
            await line.send({"t": "say", "id": "1", "text": "我还在"})
            assert (await line.until("error"))["id"] == "1"

    asyncio.run(story())


def test_nonsense_and_floods(citizen: Client):
    async def story() -> None:
        async with Line(cookie_of(citizen)) as line:
            for nonsense in ("{", "[]", '{"t":"fly"}', '{"t":"say","id":"q","text":"  "}'):
                await line.send(nonsense)
                assert (await line.until("error"))["text"]
            await line.send({"t": "hello", "after": "all"})
            assert (await line.until("messages"))["items"]
        async with Line(cookie_of(citizen)) as line:
            await line.send("x" * (sockets.MAX_FRAME + 1))
            assert (await line.until("none"))["code"] == sockets.TOO_LARGE
        async with Line(cookie_of(citizen)) as line:
            for _ in range(sockets.BURST + sockets.PATIENCE + 5):
                await line.send({"t": "ping"})
            assert (await line.until("none"))["code"] == sockets.TOO_MANY

    asyncio.run(story())


@pytest.mark.parametrize(
    ("host", "origin", "good"),
    [
        ("testserver", "http://testserver", True),
        ("testserver", "", False),
        ("testserver", "null", False),
        ("testserver", "http://testserver.evil.example", False),
        ("evil.example", "http://evil.example", False),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("[::1]", "http://[::1]", True),
    ],
)
def test_origins(host: str, origin: str, good: bool):
    assert same_origin({"host": host, "origin": origin}) is good
