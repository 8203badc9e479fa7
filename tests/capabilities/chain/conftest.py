"""This city's chain, and other cities as programs of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.capabilities.services.conftest import actor, signed_in, town, user

from quancheng.capabilities.chain import actions, nodekeys
from quancheng.capabilities.chain.models import Member
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.testing import remembered

__all__ = ["actor", "signed_in", "town", "user"]
SYSTEM = Call.system("chain")


@dataclass
class Process:
    """A city as a process: its introduction, and the means to drive and kill it."""

    told: dict[str, str]
    process: subprocess.Popen[str]

    def post(self, path: str, body: str) -> str:
        request = urllib.request.Request(self.told["url"] + path, data=body.encode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.read().decode()

    def ask(self, url: str, old: int, other: bool = False) -> dict[str, Any]:
        return json.loads(self.post("/peer/ask", json.dumps({"url": url, "old": old, "other": other})))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def member(self) -> Member:
        return Member.objects.get(name=self.told["name"])


@pytest.fixture
def city(db: None) -> None:
    """Declared resources only: the chain needs nobody."""
    remembered.synced()


@pytest.fixture
def cities(city: None) -> Iterator[Callable[..., Process]]:
    """Starts cities that know our log, and takes them into the alliance."""
    running: list[Process] = []

    def start(name: str, *flags: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "quancheng.capabilities.chain.city_peer", "--name", name,
             "--trust", nodekeys.log_key().text(), *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        assert process.stdout is not None
        made = Process(json.loads(process.stdout.readline()), process)
        running.append(made)
        told = made.told
        actions.add_member(
            SYSTEM, name=name, title=Text(name, name), url=told["url"], log_key=told["log_key"],
            witness_key=told["witness_key"],
        )  # fmt: skip
        return made

    yield start
    for one in running:
        one.kill()
