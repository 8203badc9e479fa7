"""Plays over real sockets: one stream a camera, invite, share, steer, end; and the socket web processes use."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.video.peers import PASSWORD, REALM, Device, MediaServer, peer
from tests.capabilities.video.stories import CAMERA, calm, channels, live, until

from quancheng.capabilities.video import control_client
from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.capabilities.video.signalling.plays import Ask
from quancheng.capabilities.video.signalling.server import NoAnswer
from quancheng.core.gb28181 import digest, mansrtsp, ptz
from quancheng.kernel.errors import PartnerFailed, Unavailable


@pytest.fixture
def media() -> Any:
    server = MediaServer()
    yield server
    server.close()


def ask(session: int, **other: Any) -> Ask:
    facts = {"session": session, "peer": CAMERA, "camera": CAMERA, "kind": "live", "viewer": "王工",
             "watermark": "王工 2026-07-18 17:05", "until": 9e9} | other  # fmt: skip
    return Ask(**facts)


def test_viewers_share_a_stream_and_the_last_one_ends_it(media: MediaServer) -> None:
    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        urls = await asyncio.gather(*(one.plays.open(ask(number)) for number in (1, 2, 3)))
        assert len(device.invites) == 1, "three viewers, one INVITE"
        assert len({row["flv"] for row in urls}) == 3
        offer = device.invites[0]
        assert (offer.port > 30000, offer.ssrc[:6], offer.sends) == (True, "010000", False)
        await until(lambda: any(request.method == "ACK" for request in device.requests))
        assert {row["watermark"] for row in media.viewers.values()} == {"王工 2026-07-18 17:05"}
        assert await one.plays.close(1) and await one.plays.close(2)
        assert not device.byes.is_set() and len(media.viewers) == 1
        assert await one.plays.close(3) and not await one.plays.close(3)
        await until(device.byes.is_set)
        assert media.streams == {} and media.viewers == {}
        await one.plays.open(ask(4))
        assert len(device.invites) == 2 and device.invites[1].ssrc != ""
        device.close()

    live(story, calm(), media=media)


def test_a_lost_invite_is_repeated_and_a_foreign_ssrc_is_told_to_the_media_server(media: MediaServer) -> None:
    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        device.drop_invites, device.ssrc = 2, "0100009999"
        await one.plays.open(ask(1))
        assert next(iter(media.streams.values()))["ssrc"] == "100009999"
        device.close()

    live(story, calm(), media=media)


def test_what_cannot_be_played_leaves_nothing_behind(media: MediaServer) -> None:
    async def story(one: Signalling, place: tuple[str, int]) -> None:
        with pytest.raises(NoAnswer):
            await one.plays.open(ask(1))
        device = await Device(CAMERA, place).open()
        await device.register()
        device.invite_status = 486
        with pytest.raises(NoAnswer):
            await one.plays.open(ask(2))
        device.invite_status = 200
        media.refuse = {"addViewer"}
        with pytest.raises(PartnerFailed):
            await one.plays.open(ask(3))
        await until(device.byes.is_set)
        media.refuse = {"openRtpServer"}
        with pytest.raises(PartnerFailed):
            await one.plays.open(ask(4))
        assert media.streams == {} and one.plays.overview() == []
        media.refuse = set()
        await one.plays.open(ask(5))
        assert len(one.plays.overview()) == 1
        device.close()

    live(story, calm(), media=media)


def test_the_device_ends_its_stream_and_the_time_runs_out(media: MediaServer) -> None:
    city = calm()

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        await one.plays.open(ask(1))
        assert (await device.hang_up()).status == 200
        await until(lambda: 1 in city.sessions)
        assert (await device.hang_up()).status == 481
        await one.plays.open(ask(2, until=one.server.now() + 0.3))
        await until(lambda: city.sessions.get(2) == "到期")
        await until(device.byes.is_set)
        device.close()

    live(story, city, media=media)
    assert city.sessions[1] == "设备结束了媒体流"


def test_playback_has_its_own_stream_and_is_steered(media: MediaServer) -> None:
    async def story(one: Signalling, place: tuple[str, int]) -> None:
        device = await Device(CAMERA, place).open()
        await device.register()
        for number in (1, 2):
            await one.plays.open(ask(number, kind="playback", start=1_784_000_000, stop=1_784_003_600))
        assert [offer.ssrc[0] for offer in device.invites] == ["1", "1"]
        assert device.invites[0].start == 1_784_000_000
        await one.plays.steer(1, mansrtsp.Command(mansrtsp.Method.PLAY, 1, scale=4.0))
        info = next(request for request in device.requests if request.method == "INFO")
        assert mansrtsp.parse(info.body).scale == 4.0
        device.close()

    live(story, calm(), media=media)


def test_the_control_socket_does_what_web_processes_ask(media: MediaServer, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with pytest.raises(Unavailable):
        control_client.ask("status", path=path)

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        def tell(what: str, **values: Any) -> Any:
            return control_client.ask(what, path=path, timeout=5.0, **values)

        device = await Device(CAMERA, place, channels=channels(2)).open()
        await device.register()
        assert path.stat().st_mode & 0o777 == 0o600
        facts = {"session": 7, "peer": CAMERA, "camera": CAMERA, "kind": "live", "viewer": "a", "watermark": "a",
                 "until": 9e9}  # fmt: skip
        assert "flv" in await asyncio.to_thread(tell, "open", ask=facts)
        status = await asyncio.to_thread(tell, "status")
        assert status["known"] == 1 and status["streams"][0]["sessions"] == [7]
        command = ptz.move(ptz.Move(tilt=1, tilt_speed=9))
        await asyncio.to_thread(tell, "ptz", peer=CAMERA, camera=CAMERA, command=command)
        assert device.commands == [ptz.Move(tilt=1, tilt_speed=9)]
        assert (await asyncio.to_thread(tell, "catalog", peer=CAMERA))["added"] == 2
        times = {"start": "2026-07-18T09:00:00+08:00", "end": "2026-07-18T10:00:00+08:00"}
        assert len(await asyncio.to_thread(tell, "records", peer=CAMERA, camera=CAMERA, **times)) == 1
        for what, values in (
            ("nonsense", {}),
            ("open", {}),
            ("ptz", {"peer": CAMERA, "camera": CAMERA, "command": "00"}),
        ):
            with pytest.raises(PartnerFailed):
                await asyncio.to_thread(tell, what, **values)
        assert await asyncio.to_thread(tell, "close", session=7) is True
        device.close()

    live(story, calm(), media=media, control=path)


def test_the_secret_of_the_directory_is_no_password() -> None:
    one = peer(CAMERA)
    assert PASSWORD not in repr(one) and one.keys["MD5"] not in repr(one)
    assert one.keys["MD5"] == digest.secret(CAMERA, REALM, PASSWORD, digest.Algorithm.MD5)
