"""Live signalling over UDP and TCP with a scripted device: register, keep alive, restart, noise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.video.peers import Device, MemoryTables, peer
from tests.capabilities.video.stories import CAMERA, CONFIG, OTHER, QUICK, live, tables, until

from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.core.gb28181 import message


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


# -- the line
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
