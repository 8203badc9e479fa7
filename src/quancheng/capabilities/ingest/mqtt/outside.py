"""对外: what the gateway exchanges with the platform's database: commands, presence, SensorThings.

Everything here gathers in the loop and asks the database in a thread, a tick at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import structlog
from django.db import close_old_connections

from quancheng.core.mqtt import Message, Reason, Session, shared
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn, QuanchengError

log = structlog.get_logger(__name__)
T = TypeVar("T")
SYSTEM = "ingest"
_PART = 400
_TOGETHER = 2000
"""Devices of one report of presence."""
_PARTS_A_TICK = 50
_OVERLAP = 50
"""Commands looked at again: transactions may commit out of the order of their numbers."""


class Database:
    """One thread that speaks to the database for the loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-database")

    async def ask(self, work: Callable[[], T]) -> T:
        """Run ``work`` there."""

        def aside() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, aside)

    def close(self) -> None:
        """Finish what was begun."""
        self._thread.shutdown(wait=True)


class Commands:
    """下行指令: rows of ``ingest.Command`` on their way to lines."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted: set[int] = set()
        self._offered: set[int] = set()
        self._sent: list[int] = []
        self._done: list[int] = []
        self._newest = -1

    def want(self, device: int) -> None:
        """The device listens now: look for what waits for it."""
        self._wanted.add(device)

    def line_gone(self, session: Session, *, ends: bool) -> None:
        """Commands not written yet go back to the table; those under way stay with a session that lasts."""
        left = [one for one in session.waiting if one.reference]
        for one in left:
            session.waiting.remove(one)
            self._offered.discard(one.reference)
        if ends:
            for flying in session.flying.values():
                self._offered.discard(flying.message.reference)

    def note_sent(self, reference: int) -> None:
        """It was written to a line."""
        self._sent.append(reference)

    def note_done(self, reference: int) -> None:
        """The device acknowledged it."""
        self._done.append(reference)
        self._offered.discard(reference)

    async def tick(self, offer: Callable[[int, str, int, bytes], bool]) -> None:
        """Report what happened, fetch what is new, offer it."""
        sent, self._sent = self._sent, []
        done, self._done = self._done, []
        wanted, self._wanted = self._wanted, set()
        try:
            rows = await self._database.ask(lambda: self._exchange(sent, done, wanted))
        except BaseException:
            self._sent, self._done, self._wanted = sent + self._sent, done + self._done, wanted | self._wanted
            raise
        for pk, device, code, body in rows:
            if pk not in self._offered and offer(device, code, pk, body):
                self._offered.add(pk)

    def _exchange(
        self, sent: list[int], done: list[int], wanted: set[int]
    ) -> list[tuple[int, int, str, bytes]]:
        from quancheng.capabilities.ingest.actions import note_commands
        from quancheng.capabilities.ingest.models import Command

        if sent or done:
            note_commands(Call.system(SYSTEM), sent=sent, done=done)
        newest = Command.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        if self._newest < 0:
            self._newest = newest
        open_rows = Command.objects.filter(
            state__in=[Command.State.QUEUED, Command.State.SENT], expires_at__gt=clock.now()
        )
        fresh = set(
            Command.objects.filter(pk__gt=self._newest - _OVERLAP).values_list("device_id", flat=True)
        )
        self._newest = newest
        asked = sorted(wanted | fresh)
        rows: list[tuple[int, int, str, bytes]] = []
        for start in range(0, len(asked), _PART):
            part = open_rows.filter(device_id__in=asked[start : start + _PART]).order_by("pk")
            found = part.values_list("pk", "device_id", "device__code", "body")
            rows += [(pk, device, code, bytes(body)) for pk, device, code, body in found]
        return rows


class Presence:
    """上下线: who has a line now, told to the platform a tick at a time; a short break is no news."""

    def __init__(self, database: Database, grace: float = 10.0) -> None:
        self._database = database
        self._grace = grace
        self._keys: dict[str, tuple[str, ...]] = {}
        self._told: set[str] = set()
        self._came: dict[str, datetime] = {}
        self._went: dict[str, tuple[float, str]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self, code: str) -> Sequence[str]:
        """Sessions of the device that have a line."""
        return self._keys.get(code, ())

    def came(self, code: str, key: str) -> None:
        """A line of the device was let in."""
        keys = self._keys.get(code, ())
        if key not in keys:
            self._keys[code] = (*keys, key)
        self._went.pop(code, None)
        if code not in self._told:
            self._came[code] = clock.now()

    def went(self, code: str, key: str, reason: str, now: float) -> None:
        """A line of the device is gone."""
        keys = tuple(one for one in self._keys.get(code, ()) if one != key)
        if keys:
            self._keys[code] = keys
        else:
            self._keys.pop(code, None)
            self._came.pop(code, None)
            if code in self._told:
                self._went[code] = (now, reason)

    async def tick(self, now: float) -> None:
        """Tell the platform: a mass reconnect in a few transactions, one after the other."""
        for _ in range(_PARTS_A_TICK):
            came = dict(islice(self._came.items(), _TOGETHER))
            due = ((code, why) for code, (since, why) in self._went.items() if now - since >= self._grace)
            silent = dict(islice(due, _TOGETHER))
            if not came and not silent:
                return
            await self._tell(came, silent, now)

    async def _tell(self, came: dict[str, datetime], silent: dict[str, str], now: float) -> None:
        def tell() -> None:
            from quancheng.capabilities.ingest.actions import note_presence

            note_presence(Call.system(SYSTEM), connected=came, silent=silent)

        await self._database.ask(tell)
        self._told |= came.keys()
        self._told -= silent.keys()
        for code in came:
            if self._came.pop(code, None) is None and code not in self._keys:
                self._went.setdefault(code, (now, "lost"))  # it went while we told that it came
        for code in silent:
            if self._went.pop(code, None) is None and code in self._keys:
                self._came.setdefault(code, clock.now())  # it came back while we told that it went


class SensorThings:
    """SensorThings over MQTT: creation, and changes for those who subscribed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cursor: Any = None
        self._topics: set[str] = set()

    @property
    def listens(self) -> bool:
        """Whether changes are followed already."""
        return self._cursor is not None

    async def listen(self, filters: Sequence[str]) -> None:
        """Somebody subscribes: everything that changes after this returned is told."""
        self._topics.update(filters)
        if self._cursor is None:
            self._cursor = await self._database.ask(_start)

    async def create(self, topic: str, payload: bytes, actor: Actor) -> str:
        """Create an entity by its collection's topic; returns its address. Raises QuanchengError."""

        def work() -> str:
            from quancheng.capabilities.sensorthings import sta_mqtt

            return sta_mqtt.create(topic, payload, actor)

        return await self._database.ask(work)

    @staticmethod
    def reason(failure: Exception) -> Reason | None:
        """The reason code of an expected refusal; None when it is a fault of ours."""
        if isinstance(failure, Forbidden | NotSignedIn):
            return Reason.NOT_AUTHORIZED
        if isinstance(failure, QuanchengError) and failure.status < 500:
            return Reason.NOT_AUTHORIZED if failure.status in (401, 403) else Reason.PAYLOAD_FORMAT_INVALID
        return None

    async def tick(self, wanted: Callable[[str], bool], spread: Callable[[Message], None]) -> None:
        """Publish what changed since the last tick, under the topics somebody still subscribes to."""
        if self._cursor is None:
            return
        self._topics = {one for one in self._topics if wanted(one)}
        if not self._topics:
            self._cursor = None
            return
        names = {(shared(one) or ("", one))[1] for one in self._topics}
        wild = any(sign in one.partition("?")[0] for one in names for sign in "+#")
        topics = None if wild else names
        cursor = self._cursor

        def work() -> tuple[Any, list[tuple[str, bytes]]]:
            from quancheng.capabilities.sensorthings import sta_mqtt

            return sta_mqtt.changes_since(cursor, topics)

        self._cursor, changes = await self._database.ask(work)
        for topic, payload in changes:
            spread(Message(topic, payload, 2))


def _start() -> Any:
    from quancheng.capabilities.sensorthings import sta_mqtt

    return sta_mqtt.changes_since(None)[0]
