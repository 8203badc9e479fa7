"""The gateway beside a real database: register, commands and presence asked in threads, a tick at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.capabilities.ingest.conftest import OPERATOR, SYSTEM

from quancheng.capabilities.ingest import actions
from quancheng.capabilities.ingest.models import Command, Device
from quancheng.capabilities.ingest.mqtt.outside import Commands, Database, Presence
from quancheng.capabilities.ingest.registry import Registry
from quancheng.capabilities.ingest.values import DeviceSpec
from quancheng.core.mqtt import Session
from quancheng.kernel import events

pytestmark = pytest.mark.django_db(transaction=True)


def _with_database(work: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
    async def inside() -> Any:
        database = Database()
        try:
            return await work(database)
        finally:
            database.close()

    return asyncio.run(inside())


def test_those_who_ask_together_share_a_query(db: None) -> None:
    actions.register_devices(SYSTEM, rows=[DeviceSpec(f"dev-{n}", "mqtt") for n in range(30)])
    register = Registry(100)

    async def ask() -> list[Any]:
        return await asyncio.gather(*(register.find(f"dev-{n}") for n in range(40)), register.find("dev-1"))

    found = asyncio.run(ask())
    assert [one.code for one in found[:30]] == [f"dev-{n}" for n in range(30)]
    assert found[30:40] == [None] * 10
    assert found[40] is found[1]
    assert len(asyncio.run(ask())) == 41


def test_a_command_is_offered_once_until_its_session_ends(db: None) -> None:
    actions.register_device(SYSTEM, code="dev-1", protocol="mqtt")
    actions.send_command(OPERATOR, device="dev-1", body="old")
    device = Device.objects.get().pk
    offered: list[tuple[str, bytes]] = []

    def offer(_device: int, code: str, pk: int, body: bytes) -> bool:
        offered.append((code, body))
        return True

    async def work(database: Database) -> None:
        commands = Commands(database)
        await commands.tick(offer)
        assert offered == [("dev-1", b"old")]
        await database.ask(lambda: actions.send_command(OPERATOR, device="dev-1", body="new"))
        await commands.tick(offer)
        commands.want(device)
        await commands.tick(offer)
        assert offered == [("dev-1", b"old"), ("dev-1", b"new")]
        old, new = await database.ask(
            lambda: list(Command.objects.order_by("pk").values_list("pk", flat=True))
        )
        commands.note_sent(old)
        commands.note_done(old)
        commands.note_sent(new)
        await commands.tick(offer)
        states = await database.ask(
            lambda: list(Command.objects.order_by("pk").values_list("state", flat=True))
        )
        assert states == ["done", "sent"]
        commands.line_gone(Session("c"), ends=True)
        await commands.tick(offer)
        assert len(offered) == 2, "it is under way in a session that lasts"

    _with_database(work)


def test_presence_tells_comings_and_goings_and_no_short_breaks(db: None) -> None:
    actions.register_device(SYSTEM, code="dev-1", protocol="mqtt")

    def connected() -> bool:
        return bool(Device.objects.get().connected)

    async def work(database: Database) -> None:
        presence = Presence(database, grace=10.0)
        presence.came("dev-1", "a")
        presence.came("dev-1", "b")
        await presence.tick(0.0)
        assert await database.ask(connected)
        presence.went("dev-1", "a", "lost", 1.0)
        presence.went("dev-1", "b", "lost", 1.0)
        await presence.tick(5.0)
        assert await database.ask(connected), "a short break is no news"
        presence.came("dev-1", "c")
        await presence.tick(20.0)
        assert await database.ask(connected)
        presence.went("dev-1", "c", "goodbye", 21.0)
        await presence.tick(40.0)
        assert not await database.ask(connected)
        assert len(presence) == 0

    _with_database(work)


def test_a_mass_reconnect_is_a_few_pieces_of_news(db: None) -> None:
    codes = [f"dev-{n:05d}" for n in range(4500)]
    actions.register_devices(SYSTEM, rows=[DeviceSpec(code, "mqtt") for code in codes])

    async def work(database: Database) -> tuple[float, list[int]]:
        presence = Presence(database, grace=0.0)
        for code in codes:
            presence.came(code, f"{code}/a")
        began = time.monotonic()
        await presence.tick(0.0)
        took = time.monotonic() - began
        online = [await database.ask(Device.objects.filter(connected=True).count)]
        for code in codes:
            presence.went(code, f"{code}/a", "lost" if code < "dev-04000" else "goodbye", 1.0)
        await presence.tick(2.0)
        return took, [*online, await database.ask(Device.objects.filter(connected=True).count)]

    took, online = _with_database(work)
    events.drain(strict=True)
    told = events.tail(0, ["ingest.device.connected", "ingest.device.silent"])
    came = [one for one in told if one.type == "ingest.device.connected"]
    assert sorted(code for one in came for code in one.data["codes"]) == codes
    assert len(came) == 3 and online == [4500, 0] and took < 10.0
    gone = [
        (one.data["reason"], code)
        for one in told
        if one.type == "ingest.device.silent"
        for code in one.data["codes"]
    ]
    assert sorted(code for reason, code in gone if reason == "goodbye") == codes[4000:]
    assert sorted(code for _, code in gone) == codes
