"""断电演练: the server dies twenty times while officials issue tasks; nothing acknowledged is lost.

Clients do what ours do: they send each deed under an idempotency key and, when the connection
breaks, send it again under the same key until somebody answers. At the end what was acknowledged
and what is stored must be the same, one for one, and the audit chain must verify.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from quancheng.testing.postgres import Postgres, PostgresMissing
from quancheng.testing.product import Product

KILLS = int(os.environ.get("QUANCHENG_TEST_KILLS", "20"))
WRITES = int(os.environ.get("QUANCHENG_TEST_WRITES", "3000"))
"""Every run; nightly 200 and 30,000. On PostgreSQL fewer: the deeds are the same, its own log does the rest."""
POSTGRES_KILLS, POSTGRES_WRITES = max(KILLS * 2 // 5, 1), max(WRITES * 2 // 5, 1)
CLIENTS = 4
DEADLINE_SECONDS = 420.0
BROKEN = (OSError, http.client.HTTPException)

STORED = """
from quancheng.capabilities.command.models import Task
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.events.models import OutboxEvent
from quancheng.kernel.idempotency.models import Deed
tasks = list(Task.objects.filter(text__zh__startswith="deed-").values_list("pk", "number", "text__zh"))
ours = {f"command.Task:{pk}" for pk, _, _ in tasks}
numbers = {number for _, number, _ in tasks}
entries = AuditEntry.objects.filter(verb="command.task.issue").values_list("object_ref", flat=True)
events = OutboxEvent.objects.filter(type="command.task.issued").values_list("subject", flat=True)
deeds = Deed.objects.filter(action="command.task.issue").values_list("key", flat=True)
answer = {
    "tasks": [[deed, number] for _, number, deed in tasks],
    "keys": sorted(deeds),
    "audited": sum(one in ours for one in entries),
    "told": sum(one in numbers for one in events),
}
"""


@dataclass
class Ledger:
    """What the clients were told: the deed and the task number answered for it."""

    wanted: int
    acknowledged: dict[str, str] = field(default_factory=dict)
    again: int = 0
    refused: list[str] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    guard: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    def next(self) -> str | None:
        with self.guard:
            number = next(self.numbers)
        return f"deed-{number:05d}" if number < self.wanted and not self.stop.is_set() else None

    def finished(self) -> bool:
        return len(self.acknowledged) >= self.wanted or bool(self.refused)


class Official(threading.Thread):
    """A duty officer's client: one deed after another, each until it is acknowledged."""

    def __init__(self, port: int, headers: dict[str, str], ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self.port, self.headers, self.ledger = port, headers, ledger
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while (deed := self.ledger.next()) is not None:
            while not self.ledger.stop.is_set():
                try:
                    status, body = self.send(deed)
                except BROKEN:
                    self.connection = None
                    self.ledger.again += 1
                    time.sleep(0.05)
                    continue
                if status == 200:
                    self.ledger.acknowledged[deed] = json.loads(body)["number"]
                else:
                    self.ledger.refused.append(f"{deed}: {status} {body[:500]!r}")
                    self.ledger.stop.set()
                break

    def send(self, deed: str) -> tuple[int, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        title = {"zh": "巡查易涝点", "en": "Check a flood point"}
        body = json.dumps({"title": title, "department": "jn-water", "text": deed})
        headers = self.headers | {"Idempotency-Key": deed, "Content-Type": "application/json"}
        self.connection.request("POST", "/api/v1/command/tasks", body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def kill_while_working(product: Product, kills: int = KILLS, writes: int = WRITES) -> Ledger:
    """SIGKILLs spread over the work, each in the midst of requests, then let it finish."""
    product.start()
    with product.client("flood-duty") as duty:
        cookies = "; ".join(f"{name}={value}" for name, value in duty.cookies.items())
        headers = {"Cookie": cookies, "X-CSRFToken": duty.cookies["csrftoken"]}
    ledger, chance = Ledger(writes), random.Random(718)
    officials = [Official(product.port, headers, ledger) for _ in range(CLIENTS)]
    for official in officials:
        official.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    for kill in range(1, kills + 1):
        while len(ledger.acknowledged) < kill * writes // (kills + 1) and not ledger.refused:
            assert time.monotonic() < deadline, f"{len(ledger.acknowledged)} acknowledged so far"
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.03))
        product.kill()
        product.start()
    for official in officials:
        official.join(max(0.0, deadline - time.monotonic()))
    ledger.stop.set()
    return ledger


def nothing_lost_nothing_twice(product: Product, ledger: Ledger) -> None:
    assert ledger.refused == []
    assert len(ledger.acknowledged) == ledger.wanted
    stored = product.ask(STORED)
    assert len(stored["tasks"]) == len(dict(stored["tasks"])), "a deed was done twice"
    assert dict(stored["tasks"]) == ledger.acknowledged
    assert stored["keys"] == sorted(ledger.acknowledged)
    assert stored["audited"] == stored["told"] == ledger.wanted
    verified = product.command("audit", "verify", check=False)
    assert verified.returncode == 0, verified.stdout


def tell(label: str, ledger: Ledger, seconds: float, kills: int = KILLS) -> None:
    """What ``pytest -s`` shows."""
    print(
        f"\n{label}: {kills} kills, {len(ledger.acknowledged)} acknowledged, 0 lost, 0 twice,"
        f" {ledger.again} broken requests sent again, {seconds:.0f} s"
    )


@pytest.fixture
def durable_postgres() -> Iterator[str]:
    try:
        with Postgres(fsync=True) as server:
            yield server.url
    except PostgresMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.serial
def test_on_sqlite_every_acknowledged_deed_survives_twenty_kills(product: Callable[..., Product]) -> None:
    city, started = product(QUANCHENG_SQLITE_SYNCHRONOUS="FULL"), time.monotonic()
    ledger = kill_while_working(city)
    nothing_lost_nothing_twice(city, ledger)
    tell("SQLite", ledger, time.monotonic() - started)


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.postgres
def test_on_postgresql_every_acknowledged_deed_survives_kills(durable_postgres: str, tmp_path: Path) -> None:
    with Product(tmp_path / "home", QUANCHENG_DATABASE_URL=durable_postgres) as city:
        city.command("setup", "--persons", "60", "--firms", "10")
        started = time.monotonic()
        ledger = kill_while_working(city, POSTGRES_KILLS, POSTGRES_WRITES)
        nothing_lost_nothing_twice(city, ledger)
        tell("PostgreSQL", ledger, time.monotonic() - started, POSTGRES_KILLS)
