"""Live signalling over UDP and TCP with a scripted device: register, keep alive, catalogue, alarm, invite, control."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.video.peers import CENTRE, Device, MediaServer, MemoryTables, peer

from quancheng.capabilities.video.config import Config
from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.capabilities.video.signalling.server import NoAnswer
from quancheng.core.gb28181 import manscdp, message, ptz
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.manscdp import Document, Root
from quancheng.core.gb28181.presence import Settings
from quancheng.core.gb28181.transactions import Timers

CAMERA, NVR, OTHER = "37010200001310000001", "37010200001180000001", "37010200001310000002"
QUICK = Settings(interval=0.3, missed=3, flap_window=20, flap_limit=3, flap_hold=2)
CONFIG = Config(
    code=CENTRE, port=0, scan_seconds=0.05, flush_seconds=0.05, reload_seconds=0.2, snapshot_seconds=0.2,
    answer_seconds=2.0, media_secret="s3cret",
)  # fmt: skip
FAST = Timers(t1=0.05, t2=0.2, t4=0.2)
Story = Callable[[Signalling, tuple[str, int]], Awaitable[None]]


def live(
    story: Story,
    tables: MemoryTables,
    *,
    media: MediaServer | None = None,
    config: Config = CONFIG,
    **other: Any,
) -> None:
    """Run a story against real sockets."""

    async def run() -> None:
        used = replace(config, media_url=media.url) if media else config
        one = Signalling(used, tables, key=b"k", timers=FAST, **other)
        port = await one.start()
        try:
            async with asyncio.timeout(20):
                await story(one, ("127.0.0.1", port))
        finally:
            await one.stop()

    asyncio.run(run())


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def tables(*codes: str, **other: Any) -> MemoryTables:
    return MemoryTables([peer(code) for code in codes or (CAMERA,)], QUICK, **other)


def calm() -> MemoryTables:
    return MemoryTables([peer(CAMERA)])


# -- registration -----------------------------------------------------------------------------
def test_register_with_digest_keep_alive_and_goodbye() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        assert (await device.keepalive()).status == 403, "nobody speaks before registering"
        challenge = await device.ask(device.request("REGISTER", ("expires", "3600")))
        assert challenge.status == 401 and 'realm="3701000000"' in challenge.get("www-authenticate")
        accepted = await device.ask(device.proven(challenge))
        assert accepted.status == 200 and accepted.get("expires") == "3600" and accepted.get("date")
        assert (await device.keepalive()).status == 200
        await until(lambda: city.states(CAMERA) == [True])
        assert (await device.register(0)).status == 200
        await until(lambda: city.states(CAMERA) == [True, False])
        assert (await device.keepalive()).status == 403
        device.close()

    live(story, city)
    assert [one.reason for one in city.told] == ["heard", "goodbye"]


def test_wrong_password_unknown_code_and_disabled_peer_are_refused() -> None:
    city = MemoryTables([peer(CAMERA), peer(OTHER, enabled=False)], QUICK)

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        wrong = await Device(CAMERA, place, password="wrong").open()
        assert (await wrong.register()).status == 403
        for code in (OTHER, "37010200001310000009", "not-a-code"):
            stranger = await Device(code, place).open()
            assert (await stranger.register()).status == 403
            stranger.close()
        wrong.close()

    live(story, city)
    assert city.told == []


def test_a_captured_registration_cannot_be_replayed() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        challenge = await device.ask(device.request("REGISTER", ("expires", "3600")))
        captured = device.proven(challenge)
        assert (await device.ask(captured)).status == 200
        assert (await device.ask(captured)).status == 200, "a repeated datagram gets the same answer"
        again = device.request("REGISTER", ("expires", "0"), ("authorization", captured.get("authorization")))
        replayed = await device.ask(again)
        assert replayed.status == 401 and "stale=true" in replayed.get("www-authenticate")
        assert one.server.presence.last(CAMERA) > 0 and one.server.directory.lines[CAMERA].target is not None
        device.close()

    live(story, city)
    assert city.states(CAMERA) == [True]


def test_two_devices_with_one_code_the_first_stays() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        first = await Device(CAMERA, place).open()
        assert (await first.register()).status == 200
        await until(lambda: city.states(CAMERA) == [True])
        second = await Device(CAMERA, place).open("127.0.0.2")
        assert (await second.register()).status == 403
        assert (await second.keepalive()).status == 403
        await until(lambda: city.conflicts)
        await asyncio.sleep(QUICK.interval * 2)  # the first falls silent: its place is free
        assert (await second.register()).status == 200
        first.close()
        second.close()

    live(story, city, config=replace(CONFIG, host="0.0.0.0"))
    assert city.conflicts == [(CAMERA, "127.0.0.1", "127.0.0.2")]


def test_sha256_digest_is_answered_when_the_city_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANCHENG_VIDEO_SHA256", "1")
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        challenge = await device.ask(device.request("REGISTER", ("expires", "60")))
        assert (
            "SHA-256" in challenge.all("www-authenticate")[0]
            and "MD5" in challenge.all("www-authenticate")[1]
        )
        assert (await device.register()).status == 200
        device.close()

    live(story, city)


# -- keep-alive -------------------------------------------------------------------------------
def test_silence_is_told_once_and_return_once() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        await until(lambda: city.states(CAMERA) == [True])
        await until(lambda: city.states(CAMERA) == [True, False])
        assert (await device.keepalive()).status == 200
        await until(lambda: city.states(CAMERA) == [True, False, True])
        device.close()

    live(story, city)
    assert city.told[1].reason == "silence"


def test_flapping_is_not_a_storm() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        for _ in range(15):
            assert (await device.register()).status == 200
            await asyncio.sleep(0.08)
            assert (await device.register(0)).status == 200
            await asyncio.sleep(0.08)
        device.close()

    live(story, city)
    assert 1 <= len(city.states(CAMERA)) <= 4


def test_after_a_restart_the_devices_are_still_there(tmp_path: Path) -> None:
    city = tables()
    snapshot = tmp_path / "presence.npz"
    kept: list[Device] = []

    async def before(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open(port=0)
        await device.register()
        await until(lambda: city.states(CAMERA) == [True])
        await until(snapshot.exists)
        kept.append(device)
        device.close()

    async def after(one: Signalling, place: tuple[str, int]) -> None:
        assert one.server.presence.online(CAMERA)
        device = await Device(CAMERA, place).open(port=kept[0].here[1])
        assert (await device.keepalive()).status == 200, "no new registration is needed"
        await asyncio.sleep(0.3)
        device.close()

    live(before, city, snapshot=snapshot)
    live(after, city, snapshot=snapshot)
    assert city.states(CAMERA) == [True]


def test_a_spoilt_snapshot_only_means_registering_again(tmp_path: Path) -> None:
    snapshot = tmp_path / "presence.npz"
    snapshot.write_bytes(b"PK\x03\x04 torn")

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        assert (await device.keepalive()).status == 403
        assert (await device.register()).status == 200
        device.close()

    live(story, tables(), snapshot=snapshot)


def test_a_database_that_fails_loses_no_change() -> None:
    city = MemoryTables([peer(CAMERA)], broken=True)

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        await until(lambda: one.server.recorder.failures >= 2)
        assert (await device.keepalive()).status == 200, "signalling goes on"
        city.broken = False
        await until(lambda: city.states(CAMERA) == [True])
        device.close()

    live(story, city)


# -- commands ---------------------------------------------------------------------------------
def channels(number: int) -> list[Item]:
    return [
        Item(f"3701020000131{100 + serial:07d}", f"通道{serial}", civil="370102") for serial in range(number)
    ]


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


def test_noise_does_not_stop_the_server() -> None:
    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        good = message.build(device.request("REGISTER"))
        for raw in (
            b"\x00" * 100,
            b"GET / HTTP/1.1\r\n\r\n",
            good[:50],
            good.replace(b"CSeq", b"CSeg"),
            b"\r\n\r\n",
            b"x" * 60000,
        ):
            device.send(raw)
        assert (await device.register()).status == 200
        assert sum(number for name, number in one.server.counts.items() if name.startswith("refused")) >= 4
        device.close()

    live(story, tables())


def test_over_tcp() -> None:
    city = tables()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*place)
        device = await Device(CAMERA, place).open()

        async def ask(raw: bytes) -> Any:
            writer.write(raw[:20])
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(raw[20:])
            head = await reader.readuntil(b"\r\n\r\n")
            return message.parse(head)

        def tcp(request: Any) -> bytes:
            return message.build(request).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")

        challenge = await ask(tcp(device.request("REGISTER", ("expires", "60"))))
        assert challenge.status == 401
        assert (await ask(tcp(device.proven(challenge, 60)))).status == 200
        await until(lambda: city.states(CAMERA) == [True])
        garbage_reader, garbage = await asyncio.open_connection(*place)
        garbage.write(b"nonsense\r\n\r\n")
        assert await garbage_reader.read() == b"", "a line without sense is hung up"
        writer.close()
        garbage.close()
        device.close()

    live(story, city)
