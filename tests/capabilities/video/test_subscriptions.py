"""订阅: an upper platform subscribes to our catalogue and hears of changes; devices tell where they are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tests.capabilities.video.peers import CENTRE, PASSWORD, Device, MemoryTables, peer
from tests.capabilities.video.stories import CAMERA, CONFIG, channels, live, tables, until

from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.capabilities.video.values import Peer
from quancheng.core.gb28181 import manscdp
from quancheng.core.gb28181.catalog import Item, changes
from quancheng.core.gb28181.manscdp import Document, Root
from quancheng.testing.ports import free_port

UPPER = "37000000002000000001"
KEPT = "37010200001310000100"


def above(host: str = "127.0.0.1", **other: Any) -> MemoryTables:
    upper = Peer(UPPER, "upper", {}, host, 1, "udp", "", PASSWORD, enabled=True)
    return MemoryTables([peer(CAMERA), upper], items=channels(3), **other)


def asking(device: Device, event: str = "Catalog", expires: str = "600") -> Any:
    body = manscdp.build(Document(Root.QUERY, "Catalog", 5, CENTRE))
    return device.request(
        "SUBSCRIBE", ("event", event), ("expires", expires), ("content-type", manscdp.CONTENT_TYPE), body=body
    )


def told(device: Device) -> list[tuple[str, str]]:
    """Code and event of every item in the NOTIFYs that came."""
    found = []
    for request in device.requests:
        if request.method == "NOTIFY":
            assert request.get("event") == "Catalog" and request.get("subscription-state").startswith(
                "active"
            )
            rows = manscdp.parse(request.body).rows("DeviceList", "Item")
            found += [(row["DeviceID"], row["Event"]) for row in rows]
    return found


def test_a_superior_is_told_of_what_changes_and_of_nothing_else() -> None:
    city = above()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        upper = await Device(UPPER, place).open()
        answer = await upper.ask(asking(upper))
        assert (answer.status, answer.get("expires")) == (200, "600") and "tag=" in answer.get("to")
        await asyncio.sleep(0.6)
        assert told(upper) == [], "what is there already is asked by query"
        first, second, third = city.items
        city.items = [replace(first, online=False), replace(second, name="改名"), Item(KEPT[:-1] + "9", "新")]
        await until(lambda: len(told(upper)) == 4)
        assert set(told(upper)) == {
            (first.code, "OFF"), (second.code, "UPDATE"), (KEPT[:-1] + "9", "ADD"), (third.code, "DEL"),
        }  # fmt: skip
        await asyncio.sleep(0.6)
        assert len(told(upper)) == 4, "each change once"

        assert (await upper.ask(asking(upper, expires="0"))).get("expires") == "0"
        city.items = []
        await asyncio.sleep(0.6)
        assert len(told(upper)) == 4, "nothing after the end"
        upper.close()

    live(story, city, config=replace(CONFIG, resync_seconds=0.0))


def test_who_is_no_superior_or_wants_something_else_is_refused() -> None:
    city = above()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        camera, upper = await Device(CAMERA, place).open(), await Device(UPPER, place).open()
        elsewhere = await Device(UPPER, place).open("127.0.0.2")
        assert (await camera.register()).status == 200
        assert (await camera.ask(asking(camera))).status == 403
        assert (await elsewhere.ask(asking(elsewhere))).status == 403
        refused = await upper.ask(asking(upper, "presence"))
        assert (refused.status, refused.get("allow-events")) == (489, "Catalog")
        unknown = asking(upper)
        headers = [(name, value + ";tag=gone" if name == "to" else value) for name, value in unknown.headers]
        assert (await upper.ask(replace(unknown, headers=tuple(headers)))).status == 481
        for one_device in (camera, upper, elsewhere):
            one_device.close()

    live(story, city, config=replace(CONFIG, host="0.0.0.0"))


def test_a_superior_that_hangs_up_is_told_no_more() -> None:
    city = above()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        upper = await Device(UPPER, place).open()
        await upper.ask(asking(upper))
        await until(lambda: all(held.loaded for held in one.subscriptions._held.values()))
        upper.silent = True
        city.items = city.items[:1]
        await until(lambda: not one.subscriptions._held, 10)
        upper.close()

    live(story, city, config=replace(CONFIG, resync_seconds=0.0, answer_seconds=0.5))


def test_changes_are_the_difference_and_nothing_else() -> None:
    known: dict[str, tuple[bool, int]] = {}
    items = channels(3)
    assert [one.event for one in changes(known, items, complete=True)] == ["ADD"] * 3
    assert changes(known, items, complete=True) == []
    assert changes(known, [replace(items[0], online=False)], complete=False)[0].event == "OFF"
    assert changes(known, [replace(items[0], event="DEL")], complete=False)[0].event == "DEL"
    assert changes(known, [replace(items[0], event="DEL")], complete=False) == []
    assert [one.code for one in changes(known, items[:2], complete=True)] == [items[0].code, items[2].code]


def test_a_moving_device_is_followed() -> None:
    city = tables(CAMERA)

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        assert await one.commands.follow(CAMERA, CAMERA, seconds=600, interval=5) == 600
        subscribe = next(request for request in device.requests if request.method == "SUBSCRIBE")
        asked = manscdp.parse(subscribe.body)
        assert (subscribe.get("event"), asked.command, asked.text("Interval")) == (
            "MobilePosition",
            "MobilePosition",
            "5",
        )
        facts = {"Time": "2026-07-18T12:00:05", "Longitude": "117.0244", "Latitude": "36.6683", "Speed": "31.5",
                 "Direction": "90"}  # fmt: skip
        body = manscdp.build(Document(Root.NOTIFY, "MobilePosition", 9, CAMERA, facts))
        assert (
            await device.ask(device.request("NOTIFY", ("event", "MobilePosition"), body=body))
        ).status == 200
        await until(lambda: city.positions)
        body = manscdp.build(
            Document(Root.NOTIFY, "MobilePosition", 9, CAMERA, facts | {"Longitude": "nowhere"})
        )
        assert (await device.say(body)).status == 200
        await asyncio.sleep(0.1)
        device.close()

    live(story, city)
    ((code, seen),) = city.positions
    assert (code, seen.lon, seen.lat, seen.speed, seen.direction) == (CAMERA, 117.0244, 36.6683, 31.5, 90)


def test_settings_are_told_ours_by_us_and_a_cameras_by_the_camera() -> None:
    port = free_port()
    upper_peer = Peer(UPPER, "upper", {}, "127.0.0.1", port, "udp", "", PASSWORD)
    city = MemoryTables([peer(CAMERA), upper_peer], cameras={CAMERA: CAMERA})

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        upper, camera = await Device(UPPER, place).open(port=port), await Device(CAMERA, place).open()
        await camera.register()
        await until(lambda: one.server.directory.lines[UPPER].target is not None)

        async def settings(device: str, kind: str, serial: int) -> Document:
            query = Document(Root.QUERY, "ConfigDownload", serial, device, {"ConfigType": kind})
            assert (await upper.say(manscdp.build(query))).status == 200

            def answers() -> list[Document]:
                bodies = [request.body for request in upper.requests if request.method == "MESSAGE"]
                found = [manscdp.parse(body) for body in bodies]
                return [row for row in found if row.command == "ConfigDownload" and row.serial == serial]

            await until(answers)
            return answers()[0]

        ours = await settings(CENTRE, "BasicParam/VideoParamOpt", 21)
        assert ours.root is Root.RESPONSE and ours.text("Result") == "OK"
        assert ours.fields["BasicParam"] == {
            "Name": "Quancheng", "Expiration": "3600", "HeartBeatInterval": "60", "HeartBeatCount": "3",
        }  # fmt: skip
        assert (await settings(CENTRE, "SVACEncodeConfig", 22)).text("Result") == "ERROR"
        assert (await settings(CAMERA, "BasicParam", 23)).text("Model") == "参考设备"
        city.may_play = False
        assert dict((await settings(CAMERA, "BasicParam", 24)).fields) == {"Result": "ERROR"}
        upper.close()
        camera.close()

    live(story, city)
