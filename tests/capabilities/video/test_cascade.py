"""级联: our signalling below a superior platform that is another process of the same program, and a device below us."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.video.peers import CENTRE, PASSWORD, Device, MediaServer, MemoryTables, peer
from tests.capabilities.video.stories import CAMERA, CONFIG, until

from quancheng.capabilities.video import control_client
from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.capabilities.video.values import Peer
from quancheng.core.gb28181 import ptz
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.presence import Settings
from quancheng.core.gb28181.transactions import Timers
from quancheng.kernel.errors import PartnerFailed
from quancheng.testing.ports import free_port

UPPER = "37000000002000000001"
ROOT = Path(__file__).parents[3]


class Upper:
    """The other process."""

    def __init__(self, folder: Path, media: MediaServer) -> None:
        self.control, self.port, self.media = folder / "upper.sock", free_port(), media
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-m", "tests.capabilities.video.upper_process", UPPER, CENTRE, str(self.port),
            str(self.control), self.media.url,
        ]  # fmt: skip
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def again(self) -> None:
        """Killed and started anew: it has forgotten everything."""
        self.process.kill()
        self.process.wait()
        self.control.unlink(missing_ok=True)
        self.control.with_suffix(".seen").unlink(missing_ok=True)
        self.process = self._start()

    def seen(self) -> tuple[list[list[str]], list[bool]]:
        try:
            found = ast.literal_eval(self.control.with_suffix(".seen").read_text(encoding="utf-8"))
        except (OSError, SyntaxError):
            return [], []
        names, states = found
        return names, states

    async def tell(self, what: str, **values: Any) -> Any:
        return await asyncio.to_thread(control_client.ask, what, path=self.control, timeout=8.0, **values)


@pytest.fixture
def upper(tmp_path: Path) -> Iterator[Upper]:
    media = MediaServer()
    one = Upper(tmp_path, media)
    yield one
    one.process.kill()
    one.process.wait()
    media.close()


def belonging(port: int, **other: Any) -> MemoryTables:
    above = Peer(UPPER, "upper", {}, "127.0.0.1", port, "udp", "", PASSWORD)
    items = [Item(f"3701020000131{serial:07d}", f"泉{serial}", civil="370102") for serial in range(1, 6)]
    return MemoryTables([peer(CAMERA), above], Settings(interval=0.5), items, {CAMERA: CAMERA}, **other)


def test_two_processes_join_share_a_catalogue_and_pass_a_stream_through(upper: Upper) -> None:
    below, city = MediaServer(), belonging(upper.port)
    ask = {
        "peer": CENTRE,
        "camera": CAMERA,
        "kind": "live",
        "viewer": "省厅",
        "watermark": "省厅",
        "until": 9e9,
    }

    async def story() -> None:
        config = replace(CONFIG, media_url=below.url, answer_seconds=3.0)
        one = Signalling(config, city, key=b"k", timers=Timers(t1=0.1))
        port = await one.start()
        device = await Device(CAMERA, ("127.0.0.1", port)).open()
        try:
            await device.register()
            beating = asyncio.create_task(_beat(device))
            await until(lambda: upper.seen()[0], 20)
            assert upper.seen()[0][0] == [f"泉{serial}" for serial in range(1, 6)]
            await until(lambda: city.states(UPPER) == [True], 10)

            urls = await upper.tell("open", ask=ask | {"session": 1})
            assert urls["flv"].startswith(upper.media.url)
            assert len(device.invites) == 1 and len(below.sending) == 1
            (sent,) = below.sending.values()
            (offered,) = upper.media.streams.values()
            assert int(sent["ssrc"]) == int(offered["ssrc"]) and sent["dst_url"] == "127.0.0.1"
            assert list(city.sessions.values()) == ["playing"]

            await upper.tell(
                "ptz", peer=CENTRE, camera=CAMERA, command=ptz.move(ptz.Move(pan=-1, pan_speed=31))
            )
            await until(lambda: device.commands)
            assert device.commands == [ptz.Move(pan=-1, pan_speed=31)]
            times = {"start": "2026-07-18T09:00:00+08:00", "end": "2026-07-18T10:00:00+08:00"}
            assert len(await upper.tell("records", peer=CENTRE, camera=CAMERA, **times)) == 1
            assert (await upper.tell("info", peer=CENTRE, device=CENTRE, command="DeviceStatus"))[
                "Online"
            ] == "ONLINE"

            assert await upper.tell("close", session=1)
            await until(device.byes.is_set)
            await until(lambda: "上级平台结束" in city.sessions.values())
            assert below.sending == {} and below.streams == {}

            city.may_play = False
            with pytest.raises(PartnerFailed) as refused:
                await upper.tell("open", ask=ask | {"session": 2})
            assert "403" in refused.value.extra["reason"]
            with pytest.raises(PartnerFailed) as unknown:
                await upper.tell("open", ask=ask | {"session": 3, "camera": "37010200001310000099"})
            assert "404" in unknown.value.extra["reason"]
            beating.cancel()
        finally:
            device.close()
            await one.stop()

    asyncio.run(story())
    below.close()


def test_a_superior_that_forgot_us_is_joined_again_and_never_silently_offline(upper: Upper) -> None:
    city = belonging(upper.port)

    async def story() -> None:
        one = Signalling(replace(CONFIG, answer_seconds=1.0), city, key=b"k", timers=Timers(t1=0.1))
        await one.start()
        try:
            await until(lambda: upper.seen()[1] == [True], 20)
            upper.again()
            await until(lambda: upper.seen()[1] == [True], 30)
        finally:
            await one.stop()

    asyncio.run(story())


async def _beat(device: Device) -> None:
    while True:
        await device.keepalive()
        await asyncio.sleep(0.3)
