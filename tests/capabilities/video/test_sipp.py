"""An outside SIP stack as the cameras: sipp (Debian sip-tester) registers with digest and keeps alive."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.capabilities.video.peers import PASSWORD, MemoryTables, peer
from tests.capabilities.video.stories import live

from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.testing.ports import free_port

SCENARIO = Path(__file__).parent / "sipp" / "register_keepalive.xml"
NUMBER = 200
pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="needs sipp (Debian sip-tester)")


def codes(number: int) -> list[str]:
    return [f"3701020000131{serial:07d}" for serial in range(1, number + 1)]


def injection(folder: Path, names: list[str], password: str = PASSWORD) -> Path:
    rows = [f"{name};[authentication username={name} password={password}]" for name in names]
    file = folder / "cameras.csv"
    file.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n", encoding="ascii")
    return file


def test_two_hundred_cameras_of_another_maker(tmp_path: Path) -> None:
    names = codes(NUMBER)
    city = MemoryTables([peer(name) for name in names])

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        command = [
            "sipp", f"{place[0]}:{place[1]}", "-sf", str(SCENARIO), "-inf", str(injection(tmp_path, names)),
            "-i", "127.0.0.1", "-p", str(free_port()), "-m", str(NUMBER), "-r", "400", "-nostdin", "-timeout", "15s",
            "-timeout_error",
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, timeout=18, check=False
        )
        assert done.returncode == 0, done.stderr[-500:]
        assert one.server.presence.counts()[1] == NUMBER
        assert one.server.counts["Notify:Keepalive"] >= NUMBER
        assert one.server.counts["register:good"] == NUMBER

    live(story, city)
    assert sorted(change.peer for change in city.told if change.online) == names


def test_sipp_with_a_wrong_password_gets_nowhere(tmp_path: Path) -> None:
    names = codes(3)
    city = MemoryTables([peer(name) for name in names])

    async def story(one: Signalling, place: tuple[str, int]) -> None:
        command = [
            "sipp", f"{place[0]}:{place[1]}", "-sf", str(SCENARIO), "-inf", str(injection(tmp_path, names, "wrong")),
            "-i", "127.0.0.1", "-p", str(free_port()), "-m", "3", "-nostdin", "-timeout", "8s", "-timeout_error",
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, timeout=12, check=False
        )
        assert done.returncode != 0 and one.server.counts["register:bad"] == 3

    live(story, city)
    assert city.told == []
