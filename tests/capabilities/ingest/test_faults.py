"""The real gateway is killed while devices send: every acknowledged reading is in the store, exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.capabilities.ingest.harness import Raw, reading

from quancheng.core.mqtt import Ack, Connect, Publish, Subscribe, Subscription, Type
from quancheng.testing.ports import free_port
from quancheng.testing.product import Product

pytestmark = [pytest.mark.fault, pytest.mark.slow]
DEVICES, BURST = 20, 10
KILLS = int(os.environ.get("QUANCHENG_FAULT_KILLS", "4"))

TABLES = """
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
settings.MIGRATION_MODULES = {one.label: None for one in apps.get_app_configs()}  # tables as they are, quickly
call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
answer = True
"""
REGISTER = f"""
from quancheng.capabilities.ingest.actions import register_devices
from quancheng.capabilities.ingest.values import ChannelSpec, DeviceSpec
from quancheng.kernel.actions import Call
rows = [DeviceSpec(f"dev-{{n}}", "mqtt", channels=(ChannelSpec("t", n),), rate=5000.0) for n in range(1, {DEVICES + 1})]
answer = {{one.code: one.secret for one in register_devices(Call.system("ingest"), rows=rows)}}
"""
COUNT = """
from quancheng.capabilities.observations import queries
rows = queries.find(streams=None, limit=1_000_000, descending=False)
answer = [[one.stream, one.time // 1000] for one in rows]
"""


@contextmanager
def gateway(product: Product, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The component in a process of its own, listening."""
    environment = product.environment | {"QUANCHENG_INGEST_MQTT_PORT": str(port)}
    command = [sys.executable, "-m", "quancheng.cli", "component", "ingest.gateway"]
    process = subprocess.Popen(command, env=environment)
    try:
        while process.poll() is None:
            try:
                Raw(port).socket.close()
                break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


class Device(threading.Thread):
    """Sends the next readings again until they are acknowledged; counts what was."""

    def __init__(self, number: int, port: int, secret: str, stop: threading.Event, start: int) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.secret, self.stop = number, port, secret, stop
        self.at = start
        self.acked: set[int] = set()
        self.waiting: list[int] = []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self._line()
            except (OSError, AssertionError):
                time.sleep(0.05)

    def _line(self) -> None:
        code = f"dev-{self.number}"
        with Raw(self.port, self.number) as client:
            client.send(Connect(code, username=code, password=self.secret.encode()))
            if client.read(20) is None:
                return
            while not self.stop.is_set():
                if not self.waiting:
                    self.waiting = [self.at + n for n in range(BURST)]
                    self.at += BURST
                sent = dict(enumerate(self.waiting, 1))
                client.send(*(Publish(f"d/{code}/up", reading(at), 1, n) for n, at in sent.items()))
                for _ in sent:
                    answer = client.read(20)
                    if not isinstance(answer, Ack):
                        return
                    self.acked.add(sent[answer.packet_id])
                    self.waiting.remove(sent[answer.packet_id])


def test_killed_again_and_again_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    with Product(tmp_path / "home") as product:
        product.ask(TABLES)
        secrets = product.ask(REGISTER)
        port, stop = free_port(), threading.Event()
        start = time.time_ns() // 1_000_000 - 3_600_000
        devices = [Device(n, port, secrets[f"dev-{n}"], stop, start) for n in range(1, DEVICES + 1)]
        for one in devices:
            one.start()
        for kill in range(KILLS):
            with gateway(product, port) as process:
                before = sum(len(one.acked) for one in devices)
                until = time.monotonic() + 120
                while sum(len(one.acked) for one in devices) < before + 200 and time.monotonic() < until:
                    time.sleep(0.02)
                if kill < KILLS - 1:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                else:
                    stop.set()
                    for one in devices:
                        one.join(30)
        stored = [tuple(one) for one in product.ask(COUNT)]
        acked = {(one.number, at) for one in devices for at in one.acked}
    assert len(acked) >= 200 * (KILLS - 1)
    assert acked <= set(stored), json.dumps(sorted(acked - set(stored))[:5])
    assert len(stored) == len(set(stored))


COMMAND = """
from quancheng.capabilities.ingest.actions import send_command
from quancheng.kernel.actions import Call
answer = send_command(Call.system("ingest"), device="dev-1", body="open the gate").pk
"""
STATE = """
from quancheng.capabilities.ingest.models import Command, Device
answer = [Command.objects.get().state, Device.objects.get(code="dev-1").connected]
"""


def _listen(port: int, secret: str) -> tuple[Raw, Publish]:
    """Connect, subscribe to commands and wait for one."""
    client = Raw(port)
    client.send(Connect("dev-1", clean=False, username="dev-1", password=secret.encode()))
    client.read(20)
    client.send(Subscribe(1, (Subscription("d/dev-1/down", 1),)))
    while not isinstance(found := client.read(20), Publish):
        assert found is not None
    return client, found


def test_a_command_waits_for_the_device_and_outlives_the_gateway(tmp_path: Path) -> None:
    with Product(tmp_path / "home") as product:
        product.ask(TABLES)
        secret = product.ask(REGISTER)["dev-1"]
        product.ask(COMMAND)
        port = free_port()
        with gateway(product, port) as process:
            _, command = _listen(port, secret)
            assert command.payload == b"open the gate"
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        with gateway(product, port):
            client, again = _listen(port, secret)
            assert again.payload == b"open the gate"
            client.send(Ack(Type.PUBACK, again.packet_id))
            until = time.monotonic() + 20
            while product.ask(STATE) != ["done", True] and time.monotonic() < until:
                time.sleep(0.5)
            assert product.ask(STATE) == ["done", True]
