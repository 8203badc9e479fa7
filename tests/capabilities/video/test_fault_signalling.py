"""故障: the real component with its tables, killed while cameras speak, alarms come in and somebody watches."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.video.peers import PASSWORD, Device, MediaServer
from tests.capabilities.video.stories import until

from quancheng.testing.ports import free_port

ROOT = Path(__file__).parents[3]
WATCHED, ALARMING, DYING, LATE = (f"3701020000131000000{serial}" for serial in range(1, 5))
KILLS, INTERVAL, MISSED = 3, 1.0, 3
SETUP = f"""
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from quancheng.kernel import registry
registry.sync()
from quancheng.capabilities.video import actions
from quancheng.kernel.actions import Call
rows = [{{"code": code, "name": code, "region": "370102", "password": {PASSWORD!r}, "lon": 117.0, "lat": 36.6}}
        for code in {(WATCHED, ALARMING, DYING, LATE)!r}]
actions.register_devices(Call.system("video"), rows=rows)
"""
COMPONENT = f"""
import django; django.setup()
from dataclasses import replace
from quancheng.capabilities.video import config
from quancheng.capabilities.video.signalling import component, tables
from quancheng.core.gb28181.presence import Settings
load = config.load
config.load = lambda: replace(load(), snapshot_seconds=0.5, reload_seconds=0.5, scan_seconds=0.2, flush_seconds=0.3)
tables.CityTables.settings = lambda self: Settings(interval={INTERVAL}, missed={MISSED}, flap_limit=100)
component.main()
"""
PLAY = f"""
import django; django.setup()
from quancheng.capabilities.video import actions, playing
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
grant = RoleGrant("video.viewer", frozenset(), "370102")
viewer = Call(Actor(ActorKind.OFFICIAL, "王工", user_id=7, grants=(grant,)))
asked = actions.ask_play(viewer, camera="{WATCHED}", kind="live", purpose="汛情巡查")
print(playing.play(viewer, request=asked.pk).state)
"""
READ = """
import django, json; django.setup()
from quancheng.capabilities.things.models import Alarm
from quancheng.capabilities.video.models import PlaySession, StatusChange, VideoEvent
print(json.dumps({
    "changes": [[row.camera.code, row.online, row.reason] for row in StatusChange.objects.select_related("camera").order_by("pk")],
    "sessions": [[row.state, row.end_reason] for row in PlaySession.objects.order_by("pk")],
    "events": list(VideoEvent.objects.values_list("detail", flat=True)),
    "alarms": Alarm.objects.count()}))
"""


class City:
    """One installation in its own folder; the component in a process of its own."""

    def __init__(self, folder: Path, media: MediaServer) -> None:
        self.place = ("127.0.0.1", free_port())
        self.env = os.environ | {
            "QUANCHENG_HOME": str(folder), "DJANGO_SETTINGS_MODULE": "quancheng.settings", "QUANCHENG_LOG_LEVEL": "ERROR",
            "QUANCHENG_VIDEO_PORT": str(self.place[1]), "QUANCHENG_VIDEO_MEDIA_URL": media.url,
            "QUANCHENG_VIDEO_MEDIA_SECRET": "s3cret", "QUANCHENG_VIDEO_CONTROL": str(folder / "c.sock"),
        }  # fmt: skip
        self.folder = folder
        self.python(SETUP)
        self.process: subprocess.Popen[bytes] | None = None

    def python(self, code: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", code], env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=180
        )
        assert run.returncode == 0, run.stderr[-3000:]
        return run.stdout

    async def start(self) -> None:
        (self.folder / "c.sock").unlink(missing_ok=True)
        self.process = subprocess.Popen([sys.executable, "-c", COMPONENT], env=self.env, cwd=ROOT)
        await until((self.folder / "c.sock").exists, 60)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    async def read(self) -> dict[str, Any]:
        return dict(json.loads(await asyncio.to_thread(self.python, READ)))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    media = MediaServer()
    one = City(tmp_path, media)
    one.media = media  # type: ignore[attr-defined]
    yield one
    one.kill()
    media.close()


async def beat(device: Device, registered: list[str]) -> None:
    """Keep alive; register only when told that one is not known."""
    while True:
        with suppress(TimeoutError):
            if (await device.ask(_keepalive(device), 0.5)).status == 403:
                registered.append(device.code)
                await device.register()
        await asyncio.sleep(INTERVAL / 3)


def _keepalive(device: Device) -> Any:
    from quancheng.core.gb28181 import manscdp
    from quancheng.core.gb28181.manscdp import Document, Root

    body = manscdp.build(Document(Root.NOTIFY, "Keepalive", 1, device.code, {"Status": "OK"}))
    return device.request("MESSAGE", ("content-type", manscdp.CONTENT_TYPE), body=body)


async def alarms(device: Device, acknowledged: list[str], enough: asyncio.Event) -> None:
    """Alarms until it is enough; what got its 200 is noted.

    Not ended by cancelling: Python 3.11's ``wait_for`` swallows a cancellation that comes together with
    the answer, and alarms noted after the tables were read would look like lost ones.
    """
    number = 0
    while not enough.is_set():
        number += 1
        at = f"2026-07-18T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
        with suppress(TimeoutError):
            answer = await asyncio.wait_for(device.alarm(AlarmTime=at, AlarmDescription=f"报警{number}"), 1.0)
            if answer.status == 200:
                acknowledged.append(f"报警{number}")
        await asyncio.sleep(0.02)


@pytest.mark.fault
def test_killed_while_watched_nobody_is_forgotten_and_nothing_acknowledged_is_lost(city: City) -> None:
    chance = random.Random(7)
    media: MediaServer = city.media  # type: ignore[attr-defined]

    async def story() -> None:
        await city.start()
        registered: list[str] = []
        acknowledged: list[str] = []
        watched, alarming, dying = [
            await Device(code, city.place).open() for code in (WATCHED, ALARMING, DYING)
        ]
        sounding = await Device(ALARMING, city.place).open()  # one camera, alarms on a second socket
        working = [asyncio.create_task(beat(one, registered)) for one in (watched, alarming, dying)]
        await until(lambda: len(registered) == 3, 10)
        await asyncio.sleep(1.5)
        assert "playing" in await asyncio.to_thread(city.python, PLAY)
        assert len(media.streams) == len(media.viewers) == 1
        enough = asyncio.Event()
        sounds = asyncio.create_task(alarms(sounding, acknowledged, enough))

        for turn in range(KILLS):
            before = len(acknowledged)
            await until(lambda before=before: len(acknowledged) > before + 3, 20)
            await asyncio.sleep(chance.uniform(0, 0.8))
            if turn == 1:
                late = await Device(LATE, city.place).open()
                assert (await late.register()).status == 200  # and no snapshot after it
                working.append(asyncio.create_task(beat(late, registered)))
            city.kill()
            if turn == KILLS - 1:
                working[2].cancel()  # it dies while nobody is looking
            await city.start()
            await until(lambda: not media.streams and not media.viewers, 15)
        await until(watched.byes.is_set, 10)
        await asyncio.sleep(INTERVAL * MISSED + 2.5)
        enough.set()
        await sounds
        found = await city.read()
        for task in working:
            task.cancel()

        changes = {code: [row[1:] for row in found["changes"] if row[0] == code] for code in
                   (WATCHED, ALARMING, DYING, LATE)}  # fmt: skip
        assert changes[WATCHED] == changes[ALARMING] == changes[LATE] == [[True, "heard"]], "no storm"
        assert changes[DYING] == [[True, "heard"], [False, "silence"]], "told once, although nobody saw it go"
        assert {code: registered.count(code) for code in (WATCHED, ALARMING, DYING)} == {
            WATCHED: 1, ALARMING: 1, DYING: 1
        }, "who was known stays known"  # fmt: skip
        assert found["sessions"] == [["ended", "信令服务重启"]]
        assert len(acknowledged) > 3 * KILLS
        assert set(acknowledged) <= set(found["events"])
        assert len(found["events"]) == len(set(found["events"])) and found["alarms"] > 0
        for device in (watched, alarming, dying, sounding, late):
            device.close()

    asyncio.run(story())
