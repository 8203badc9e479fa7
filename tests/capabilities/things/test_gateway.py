"""The gateway over real sockets: answers after the commit, garbage survived, nothing acknowledged lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from quancheng.capabilities.things.gateway import Gateway, Limits
from quancheng.capabilities.things.sl651_client import Sl651Client, rain_report, resent
from quancheng.capabilities.things.values import IngestReport, Outcome, ReceivedFrame
from quancheng.testing.ports import free_port

AT = datetime(2026, 7, 18, 4, 0, tzinfo=UTC)


def _frame(number: int, slot: int = 0, start: datetime = AT) -> bytes:
    return rain_report(
        f"00370101{number:02d}", start + slot * timedelta(minutes=5), Decimal("0.1"), serial=slot + 1
    )


class Writer:
    """Stands for the database: keeps what it was given; may be slow or fail for one station."""

    def __init__(self, *, slow: float = 0.0, poison: str = "") -> None:
        self.batches: list[list[ReceivedFrame]] = []
        self.slow, self.poison = slow, poison

    def __call__(self, frames: Sequence[ReceivedFrame]) -> IngestReport:
        time.sleep(self.slow)
        if any(one.frame and one.frame.station == self.poison for one in frames):
            raise OSError("poison")
        self.batches.append(list(frames))
        outcomes = tuple(
            Outcome("accepted", "", one.frame) if one.frame else Outcome("rejected", "crc") for one in frames
        )
        return IngestReport("r", len(frames), 0, 0, {}, 0, 0, 0, {}, (), outcomes)

    @property
    def frames(self) -> list[ReceivedFrame]:
        return [one for batch in self.batches for one in batch]


def _with_gateway(writer: Writer, limits: Limits, talk):
    async def run():
        gateway = Gateway(writer, limits)
        port = await gateway.start("127.0.0.1", 0)
        try:
            return await asyncio.to_thread(talk, port)
        finally:
            await gateway.stop()

    return asyncio.run(run())


def test_frames_of_many_lines_share_transactions_and_all_are_answered() -> None:
    writer = Writer()

    def talk(port: int) -> list[list[bool]]:
        lines = [Sl651Client(port=port) for _ in range(5)]
        for line, client in enumerate(lines):
            client.send_bytes(b"".join(_frame(line, slot) for slot in range(20)))
        found = [client.send([_frame(line, 20)]) for line, client in enumerate(lines)]
        for client in lines:
            client.close()
        return found

    assert _with_gateway(writer, Limits(), talk) == [[True]] * 5
    assert len(writer.frames) == 105
    assert len(writer.batches) < 20


def test_garbage_before_between_and_cut_frames_do_not_end_a_line() -> None:
    writer = Writer()

    def talk(port: int) -> list[bool]:
        with Sl651Client(port=port) as client:
            client.send_bytes(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(200)))
            spoilt = bytearray(_frame(1, 1))
            spoilt[30] ^= 0x10
            return client.send([_frame(1), bytes(spoilt), _frame(1, 2)], timeout=3)

    assert _with_gateway(writer, Limits(), talk) == [True, False, True]
    assert {one.fault.reason.value for one in writer.frames if one.fault} >= {"noise", "crc"}


def test_a_half_frame_is_given_up_and_the_line_lives() -> None:
    writer = Writer()

    def talk(port: int) -> list[bool]:
        with Sl651Client(port=port) as client:
            client.send_bytes(_frame(1)[:25])
            time.sleep(0.4)
            return client.send([_frame(1, 3)], timeout=3)

    assert _with_gateway(writer, Limits(half_frame_seconds=0.2), talk) == [True]
    assert [one.fault.reason.value for one in writer.frames if one.fault] == ["truncated"]


def test_idle_and_endless_garbage_lines_are_hung_up_and_too_many_refused() -> None:
    writer = Writer()

    def talk(port: int) -> tuple[bytes, bytes, bytes]:
        with Sl651Client(port=port) as idle, Sl651Client(port=port) as bad:
            third = Sl651Client(port=port)
            refused = third._socket.recv(1)
            bad.send_bytes((b"\x7e\x7e" + b"\xff" * 20) * 300)
            third.close()
            return refused, bad._socket.recv(1), idle._socket.recv(1)

    limits = Limits(connections=2, idle_seconds=0.5, garbage=4000)
    assert _with_gateway(writer, limits, talk) == (b"", b"", b"")


def test_one_poisonous_frame_does_not_stop_the_others() -> None:
    writer = Writer(poison="0037010103")

    def talk(port: int) -> list[bool]:
        with Sl651Client(port=port) as client:
            return client.send([_frame(number) for number in range(1, 6)], timeout=8)

    assert _with_gateway(writer, Limits(), talk) == [True, True, False, True, True]


def test_a_slow_database_pushes_back_instead_of_filling_memory() -> None:
    writer = Writer(slow=0.05)

    def talk(port: int) -> list[bool]:
        with Sl651Client(port=port) as client:
            return client.send([_frame(1, slot) for slot in range(300)], timeout=20)

    limits = Limits(batch=20, queue=20, gather_seconds=0.001)
    assert all(_with_gateway(writer, limits, talk))
    assert max(len(batch) for batch in writer.batches) <= 20


def test_resent_is_the_same_report() -> None:
    assert resent(_frame(1), 9) != _frame(1)


# -- the real process -------------------------------------------------------------------------
SETUP = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from quancheng.capabilities.things import actions
from quancheng.kernel.actions import Call
actions.register_stations(Call.system("things"), rows=[
    {"code": f"T-{n:03d}", "zh": "站", "en": "S", "kind": "rain", "lon": 117, "lat": 36.6, "region": "370102",
     "department": "jn-hydrology", "address": f"00370101{n:02d}"} for n in range(1, 41)])
"""
READ = """
import django; django.setup()
from quancheng.capabilities.things.models import RecentReading
from quancheng.kernel import store
from quancheng.capabilities.things import observations
rows = RecentReading.objects.filter(datastream__prop="rain_5min").values_list("datastream__station__address", "time")
kept = store.snapshot("observations").arrow(["station", "time"], where={"property": "rain_5min"}).num_rows
print(kept)
for address, at in rows: print(address, int(at.timestamp()))
"""
GATEWAY = """
import django; django.setup()
from quancheng.capabilities.things.gateway import main
main()
"""


def _python(code: str, env: dict[str, str]) -> str:
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


def _connect(port: int) -> Sl651Client:
    for _ in range(150):
        try:
            return Sl651Client(port=port)
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the gateway did not start")


@pytest.mark.fault
@pytest.mark.slow
def test_every_acknowledged_reading_survives_kill_9(tmp_path: Path) -> None:
    port = free_port()
    env = os.environ | {
        "QUANCHENG_HOME": str(tmp_path), "QUANCHENG_SL651_PORT": str(port), "PYTHONPATH": "src",
        "DJANGO_SETTINGS_MODULE": "quancheng.settings", "QUANCHENG_DATABASE_URL": f"sqlite:///{tmp_path}/q.sqlite3",
    }  # fmt: skip
    env.pop("QUANCHENG_STORE", None)
    _python(SETUP, env)
    now = datetime.now(UTC)
    start = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0) - timedelta(hours=6)
    acked: set[tuple[str, int]] = set()
    for crash in range(2):
        process = subprocess.Popen([sys.executable, "-c", GATEWAY], env=env)
        try:
            with _connect(port) as client:
                for slot in range(crash * 8, crash * 8 + 8):
                    frames = [_frame(number, slot, start) for number in range(1, 41)]
                    if slot % 8 == 7:  # die in the middle of a burst
                        client.send_bytes(b"".join(frames))
                        time.sleep(0.06)
                        break
                    at = start + slot * timedelta(minutes=5)
                    for number, ok in enumerate(client.send(frames, timeout=30), 1):
                        assert ok
                        acked.add((f"00370101{number:02d}", int(at.timestamp())))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    kept, *rows = _python(READ, env).splitlines()
    found = {(address, int(at)) for address, at in (row.split() for row in rows)}
    assert acked <= found
    assert len(acked) == 2 * 7 * 40
    assert int(kept) == len(found)
