"""The live stream: rights, hints, resume, and no stream left behind."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.events import Event
from quancheng.portal import live
from quancheng.portal.stream import hub as hubs
from quancheng.portal.stream import topics as subjects


def event(number: int, kind: str = "demo.thing.changed", **data: Any) -> Event:
    return Event(
        id=uuid.uuid4(), type=kind, source="urn:test", subject=f"thing-{number}",
        time=datetime(2026, 7, 18, tzinfo=UTC), data=data, sequence=number,
    )  # fmt: skip


class Outbox:
    """Stands in for the database: a list of events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def read(self, after: int, patterns: tuple[str, ...]) -> tuple[list[Event], int]:
        found = [e for e in self.events if (e.sequence or 0) > after]
        return found, max([after, *[e.sequence or 0 for e in found]])


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    box = Outbox()
    who: dict[str, Actor] = {
        "": Actor.anonymous(),
        "clerk": Actor(ActorKind.OFFICIAL, grants=(RoleGrant("demo.clerk"),)),
        "anna": Actor(ActorKind.PERSON, person_id=7),
    }
    monkeypatch.setattr(live, "actor_of", lambda cookie: who[cookie])
    monkeypatch.setattr(hubs.events, "last_sequence", lambda: 0)
    monkeypatch.setattr(hubs, "_closing_stale", lambda work, *rest: work(*rest))
    monkeypatch.setattr(live, "_hubs", {})
    monkeypatch.setattr(subjects, "_topics", {})
    monkeypatch.setattr(live, "Hub", lambda: hubs.Hub(box.read, poll_seconds=0.01))
    subjects.topic("public", events=["demo.*"])
    subjects.topic("desk", ["demo.clerk"], events=["demo.*"])
    subjects.topic("mine", events=["demo.*"], owner="person_id")
    return box


class Browser:
    """One ASGI connection."""

    def __init__(self, query: str, cookie: str = "", headers: dict[str, str] | None = None) -> None:
        raw = {"cookie": cookie, **(headers or {})}
        self.scope = {
            "type": "http", "method": "GET", "path": "/live/", "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in raw.items()],
        }  # fmt: skip
        self.status, self.body = 0, b""
        self.closed = asyncio.Event()
        self.heard = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.closed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
        self.heard.set()

    def open(self) -> asyncio.Task[None]:
        return asyncio.create_task(live.app(self.scope, self.receive, self.send))  # type: ignore[arg-type]

    @property
    def hints(self) -> list[dict[str, Any]]:
        lines = self.body.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_hint_reaches_listener_without_content(outbox: Outbox) -> None:
    async def scene() -> None:
        browser = Browser("topics=public")
        task = browser.open()
        await until(lambda: browser.body)
        outbox.events.append(event(1, secret="身份证号"))
        await until(lambda: browser.hints)
        browser.closed.set()
        await task
        hint = browser.hints[0]
        assert hint["topic"] == "public"
        assert hint["subject"] == "thing-1"
        assert "secret" not in hint
        assert b"id: 1\n" in browser.body
        assert "身份证号" not in browser.body.decode()

    asyncio.run(scene())


def test_private_topic_tells_only_its_owner(outbox: Outbox) -> None:
    async def scene() -> None:
        browser = Browser("topics=mine", "anna")
        task = browser.open()
        await until(lambda: browser.body)
        outbox.events += [event(1, person_id=8), event(2, person_id=7)]
        await until(lambda: browser.hints)
        browser.closed.set()
        await task
        assert [hint["subject"] for hint in browser.hints] == ["thing-2"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("query", "cookie", "status"),
    [("topics=desk", "", 403), ("topics=mine", "", 403), ("topics=none", "", 404), ("", "", 422)],
)
def test_refused(outbox: Outbox, query: str, cookie: str, status: int) -> None:
    async def scene() -> None:
        browser = Browser(query, cookie)
        await browser.open()
        assert browser.status == status
        assert json.loads(browser.body)["status"] == status

    asyncio.run(scene())


def test_role_may_listen_and_refused_topics_are_named(outbox: Outbox) -> None:
    async def scene() -> None:
        browser = Browser("topics=desk,mine", "clerk")
        task = browser.open()
        await until(lambda: browser.body)
        browser.closed.set()
        await task
        assert browser.status == 200
        assert b'event: refused\ndata: ["mine"]' in browser.body

    asyncio.run(scene())


@pytest.mark.parametrize("way", ["header", "query"])
def test_resume_gives_what_was_missed(outbox: Outbox, way: str) -> None:
    async def scene() -> None:
        outbox.events += [event(n) for n in range(1, 6)]
        headers = {"last-event-id": "3"} if way == "header" else {}
        browser = Browser("topics=public" + ("" if headers else "&after=3"), "", headers)
        task = browser.open()
        await until(lambda: len(browser.hints) >= 2)
        browser.closed.set()
        await task
        assert "thing-4" in {hint["subject"] for hint in browser.hints}

    asyncio.run(scene())


def test_heartbeat_and_lifetime(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(live, "LIFETIME_SECONDS", 0.1)

    async def scene() -> None:
        browser = Browser("topics=public")
        await browser.open()
        assert b": still here" in browser.body
        assert not live.hub().streams

    asyncio.run(scene())


def test_a_thousand_disconnects_leave_no_stream(outbox: Outbox) -> None:
    async def scene() -> None:
        browsers = [Browser("topics=public") for _ in range(1000)]
        tasks = [browser.open() for browser in browsers]
        await until(lambda: all(browser.body for browser in browsers))
        feed = live.hub()
        assert len(feed.streams) == 1000
        for number in range(1, 50):
            outbox.events.append(event(number))
        for browser in browsers:  # all at once, while messages are on their way
            browser.closed.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks)
        assert not feed.streams
        await until(lambda: feed._task is None or feed._task.done())

    asyncio.run(scene())


def test_cancelled_streams_leave_too(outbox: Outbox) -> None:
    async def scene() -> None:
        browsers = [Browser("topics=public") for _ in range(200)]
        tasks = [browser.open() for browser in browsers]
        await until(lambda: all(browser.body for browser in browsers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not live.hub().streams

    asyncio.run(scene())


def test_failing_outbox_does_not_end_streams(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {"n": 0}

    def broken(after: int, patterns: tuple[str, ...]) -> tuple[list[Event], int]:
        calls["n"] += 1
        if calls["n"] == 1:
            raise RuntimeError("database is away")
        return outbox.read(after, patterns)

    monkeypatch.setattr(live, "Hub", lambda: hubs.Hub(broken, poll_seconds=0.01))

    async def scene() -> None:
        browser = Browser("topics=public")
        task = browser.open()
        await until(lambda: calls["n"] >= 2)
        outbox.events.append(event(1))
        await until(lambda: browser.hints)
        browser.closed.set()
        await task

    asyncio.run(scene())


def test_a_topic_is_declared_once() -> None:
    with pytest.raises(ValueError, match="owner"):
        subjects.topic("x", owner="name")
    with pytest.raises(ValueError, match="lower case"):
        subjects.topic("X y")
