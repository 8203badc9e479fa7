"""The real component with the real registry and store: killed at random moments, nothing answered is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from quancheng.capabilities.ingest.field.gb26875_client import Gb26875Client
from quancheng.capabilities.ingest.field.hj212_client import Hj212Client
from quancheng.capabilities.ingest.field.jt808_client import Jt808Client
from quancheng.core.telemetry import gb26875, hj212, jt808
from quancheng.testing.ports import free_port

C = TypeVar("C")
MN = "010000A8900016F000169DC0"
SETUP = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from quancheng.capabilities.ingest import actions
from quancheng.capabilities.ingest.values import ChannelSpec
from quancheng.kernel import registry
from quancheng.kernel.actions import Call
registry.sync()
call = Call.system("ingest")
actions.register_device(call, code="LOGGER-1", protocol="hj212", address="010000A8900016F000169DC0",
    channels=[ChannelSpec("a21026-Rtd", 11)], rate=5000)
actions.register_device(call, code="PANEL-1", protocol="gb26875", address="790300000000",
    channels=[ChannelSpec("c1.1.42.00000007.fire", 21)], rate=5000)
actions.register_device(call, code="TAXI-1", protocol="jt808", address="13912344329",
    channels=[ChannelSpec("speed", 31)], rate=5000)
"""
COMPONENT = """
import django; django.setup()
from quancheng.capabilities.ingest.field.main import main
main()
"""
READ = """
import django, json; django.setup()
from quancheng.capabilities.ingest.models import DeadLetter
from quancheng.capabilities.observations import queries
from quancheng.kernel.jobs.models import Beat
rows = queries.find(streams=[11, 21, 31], limit=100000)
print(json.dumps({"rows": [[r.stream, r.time, r.result] for r in rows],
    "beats": list(Beat.objects.filter(component="ingest.field").values_list("detail", flat=True)),
    "letters": sorted(DeadLetter.objects.values_list("code", "reason").distinct())}))
"""


def _python(code: str, env: dict[str, str]) -> str:
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


def _connected(client: Callable[[], C]) -> C:
    """Each protocol listens as soon as it can: none waits for the others."""
    for _ in range(300):
        try:
            return client()
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the component did not start")


@pytest.mark.fault
@pytest.mark.slow
def test_every_answered_frame_of_every_protocol_survives_kill_9(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("HJ212", "GB26875", "JT808")}
    env = os.environ | {
        "QUANCHENG_HOME": str(tmp_path), "PYTHONPATH": "src", "DJANGO_SETTINGS_MODULE": "quancheng.settings",
        "QUANCHENG_DATABASE_URL": f"sqlite:///{tmp_path}/q.sqlite3",
        "QUANCHENG_FIELD_STATUS_SECONDS": "0.2",
        **{f"QUANCHENG_FIELD_{name}_PORT": str(port) for name, port in ports.items()},
    }  # fmt: skip
    env.pop("QUANCHENG_STORE", None)
    _python(SETUP, env)
    start = int((datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)).timestamp()) * 1_000_000
    second = 1_000_000
    answered: set[tuple[int, int]] = set()
    for crash in range(2):
        process = subprocess.Popen([sys.executable, "-c", COMPONENT], env=env)
        begin = start + crash * 3600 * second
        try:
            with (
                _connected(lambda: Hj212Client(MN, ports["HJ212"])) as logger,
                _connected(lambda: Gb26875Client(889, ports["GB26875"])) as panel,
                _connected(lambda: Jt808Client("13912344329", ports["JT808"])) as taxi,
            ):
                assert taxi.sign_on()
                for n in range(20):
                    at = begin + n * second
                    frames = [logger.frame(at + k * 60 * second, {"a21026-Rtd": 1.5 + n}) for k in range(5)]
                    for k, ok in enumerate(logger.send(frames, timeout=20)):
                        assert ok
                        answered.add((11, at + k * 60 * second))
                    body = gb26875.Body(
                        gb26875.TypeFlag.COMPONENT_STATE, 1, 1, 42, 7, state=n % 2 << 1, text="", at=at
                    )
                    assert panel.send(panel.frame([body], at)) is gb26875.Command.CONFIRM
                    answered.add((21, at))
                    place = jt808.Location(0, 3, 36.65, 117.12, 26, 40.0 + n, 90, at)
                    assert taxi.locate([place]) is jt808.Result.DONE
                    answered.add((31, at))
                with Hj212Client("STRANGER-0001", ports["HJ212"]) as stranger:
                    assert stranger.send([stranger.frame(begin, {"a21026-Rtd": 1.0})], timeout=5) == [False]
                burst = [
                    logger.frame(begin + 1800 * second + k * second, {"a21026-Rtd": 9.0}) for k in range(60)
                ]
                logger.send_bytes(b"".join(hj212.encode(one) for one in burst))
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    found = json.loads(_python(READ, env))
    stored = [(stream, at) for stream, at, _ in found["rows"]]
    assert answered <= set(stored)
    assert len(set(stored)) == len(stored), "each exactly once"
    assert len(answered) == 2 * 20 * 7
    assert ["127.0.0.1", "unknown-device"] in found["letters"]
    figures = [beat["protocols"] for beat in found["beats"]]
    assert any(one["hj212"].get("kept", 0) for one in figures), "figures beside the heartbeat"
