"""What peers say and are asked over real sockets: catalogue, alarms, recordings, control, subscriptions."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.capabilities.video.peers import Device, MemoryTables, peer
from tests.capabilities.video.stories import CAMERA, CONFIG, NVR, OTHER, channels, live, tables, until

from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.capabilities.video.signalling.server import NoAnswer
from quancheng.core.gb28181 import manscdp, ptz
from quancheng.core.gb28181.manscdp import Document, Root


def test_a_recorder_is_asked_for_its_channels_in_many_parts() -> None:
    city = tables(NVR)

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(NVR, place, channels=channels(9)).open()
        await device.register()
        await until(lambda: city.catalogs)
        report = await one.commands.query_catalog(NVR)
        assert report.added == 9
        device.close()

    live(story, city)
    code, items, complete = city.catalogs[0]
    assert (code, complete, [one.name for one in items]) == (NVR, True, [f"通道{n}" for n in range(9)])


def test_a_device_that_never_answers_is_given_up() -> None:
    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        device.silent = True
        with pytest.raises(NoAnswer):
            await one.commands.query_catalog(CAMERA)
        with pytest.raises(NoAnswer):
            await one.commands.query_catalog("37010200001310000077")
        device.close()

    live(story, tables(), config=replace(CONFIG, answer_seconds=0.5))


def test_alarms_recordings_device_facts_and_control() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        assert (await device.alarm(AlarmDescription="烟雾")).status == 200
        await until(lambda: city.alarms)
        await until(lambda: any(request.method == "MESSAGE" for request in device.requests))
        assert manscdp.parse(device.requests[-1].body).command == "Alarm", "the alarm is confirmed (9.4)"
        start = datetime(2026, 7, 18, 1, tzinfo=UTC)
        found = await one.commands.query_records(CAMERA, CAMERA, start, start.replace(hour=2))
        assert [record.start for record in found] == [start]
        facts = await one.commands.ask(CAMERA, "DeviceInfo", CAMERA)
        assert facts.text("Model") == "参考设备"
        await one.commands.control(CAMERA, CAMERA, ptz.move(ptz.Move(pan=1, pan_speed=32)))
        assert device.commands == [ptz.Move(pan=1, pan_speed=32)]
        assert await one.commands.subscribe_catalog(CAMERA) == 3600
        device.close()

    live(story, city)
    assert city.alarms[0][1].description == "烟雾"


def test_catalogue_notifications_and_refused_bodies() -> None:
    city = tables(NVR)

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(NVR, place).open()
        await device.register()
        rows = {"@Num": "1", "Item": [{"DeviceID": CAMERA, "Event": "OFF"}]}
        body = manscdp.build(Document(Root.NOTIFY, "Catalog", 3, NVR, {"SumNum": "1", "DeviceList": rows}))
        answer = await device.ask(device.request("NOTIFY", ("event", "Catalog"), body=body))
        assert answer.status == 200
        await until(lambda: any(not complete for _, _, complete in city.catalogs))
        for bad in (b"<Notify>", b"", b"<!DOCTYPE a><Notify/>", b"\xff" * 50):
            assert (await device.say(bad)).status == 400
        assert (await device.ask(device.request("PUBLISH"))).status == 405
        device.close()

    live(story, city)
    assert [one.event for code, items, complete in city.catalogs if not complete for one in items] == ["OFF"]


def test_a_flood_of_alarms_from_one_leaves_the_others_served() -> None:
    class Slow(MemoryTables):
        def alarm(self, peer: str, alarm: manscdp.Alarm) -> None:
            time.sleep(0.1)
            super().alarm(peer, alarm)

    city = Slow([peer(CAMERA), peer(OTHER)])

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        bad, good = await Device(CAMERA, place).open(), await Device(OTHER, place).open()
        await bad.register()
        await good.register()
        answers = await asyncio.gather(*(bad.alarm() for _ in range(5)))
        assert {answer.status for answer in answers} == {200}
        one.commands._busy[CAMERA] = CONFIG.commands_waiting
        refused = await bad.alarm()
        assert refused.status == 503 and refused.get("retry-after") == "10"
        assert (await bad.keepalive()).status == 200 and (await good.alarm()).status == 200
        del one.commands._busy[CAMERA]
        await until(lambda: len(city.alarms) == 6)
        bad.close()
        good.close()

    live(story, city)


def test_a_subscription_is_renewed_in_time() -> None:
    city = MemoryTables([peer("37010200002000000009", "lower")])

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        lower = await Device("37010200002000000009", place).open()
        await lower.register()
        await until(lambda: any(request.method == "SUBSCRIBE" for request in lower.requests))
        line = one.server.directory.lines["37010200002000000009"]
        await until(lambda: line.extra.get("subscribed", 0) > one.server.now() + 3000)
        line.extra["subscribed"] = one.server.now() + 60
        await until(lambda: sum(request.method == "SUBSCRIBE" for request in lower.requests) == 2)
        lower.close()

    live(story, city)
