"""A witness that is killed without warning never cosigns a second history: what it knew is on the disk first."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from quancheng.capabilities.chain import actions
from quancheng.capabilities.chain.city_peer import City
from quancheng.core.merkle import SHA256, MemoryTree
from quancheng.core.text import Text
from quancheng.core.tlog import Request, open_note
from quancheng.kernel.actions import Call

CHILD = Path(__file__).with_name("witness_process.py")
pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]
Ask = Callable[..., dict[str, Any] | None]


@pytest.fixture
def zibo(city: None) -> City:
    """A member that will lie: it has two histories of five records."""
    one = City("zibo", fork=True)
    one.grow(5)
    told = one.introduction("http://127.0.0.1:9")
    actions.add_member(
        Call.system("chain"), name="zibo", title=Text("淄博", "Zibo"), url=told["url"], log_key=told["log_key"],
        witness_key=told["witness_key"],
    )  # fmt: skip
    return one


@pytest.fixture
def ask(zibo: City, tmp_path: Path) -> Iterator[Ask]:
    """Asks our witness, a process over a database on the disk; who was killed is started again."""
    if connection.vendor != "sqlite":
        pytest.skip("the copy is made by SQLite's backup")
    with sqlite3.connect(tmp_path / "quancheng.sqlite3") as copy:
        connection.connection.backup(copy)
    copy.close()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUANCHENG_")}
    environment = kept | {"QUANCHENG_HOME": str(tmp_path), "QUANCHENG_LOG_LEVEL": "ERROR"}
    running: list[subprocess.Popen[str]] = []

    def process() -> subprocess.Popen[str]:
        if not running or running[-1].poll() is not None:
            running.append(
                subprocess.Popen(
                    [sys.executable, str(CHILD)], env=environment, text=True, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )  # fmt: skip
        return running[-1]

    def send(old: int, tree: MemoryTree, die: str = "") -> dict[str, Any] | None:
        proof = tree.consistency(old) if 0 < old <= tree.size else ()
        witness = process()
        assert witness.stdin is not None and witness.stdout is not None
        text = Request(old, proof, zibo.note(tree)).text()
        witness.stdin.write(json.dumps({"text": text, "die": die}) + "\n")
        witness.stdin.flush()
        line = witness.stdout.readline()
        if not line:
            assert witness.wait(10) == -9, "it was to die of SIGKILL"
            return None
        if die == "answered":
            witness.kill()
            witness.wait()
        return dict(json.loads(line))

    yield send
    for one in running:
        one.kill()
        one.wait()


def test_killed_before_during_and_after_it_cosigns_one_history(zibo: City, ask: Ask) -> None:
    first, other = zibo.tree, zibo.other
    assert first.head() != other.head()
    assert ask(0, other, die="before") is None  # killed before the disk had it: nobody holds a cosignature
    answer = ask(0, first)
    assert answer is not None and answer["status"] == 200  # so the other history may still be the one
    zibo.grow(3)
    assert ask(5, first, die="after") is None  # killed when the disk had it, before the answer left
    told = ask(5, first)
    assert told is not None and (told["status"], told["body"]) == (409, "8\n")
    again = ask(8, first, die="answered")  # the same head: it may have its cosignature, then it is killed
    assert again is not None and again["status"] == 200
    fork = ask(8, other)
    assert fork is not None and fork["status"] == 409 and not fork["body"].strip().isdigit()
    shorter = MemoryTree(SHA256)
    shorter.extend_hashes([first.node(0, n) for n in range(6)])
    short = ask(6, shorter)
    assert short is not None and (short["status"], short["body"]) == (409, "8\n")


def test_its_key_is_the_same_after_the_kill(zibo: City, ask: Ask) -> None:
    """Else its earlier cosignatures would be nobody's."""
    lines = []
    for _life in range(2):
        seen = 0 if not lines else zibo.tree.size
        answer = ask(seen, zibo.tree, die="answered")
        assert answer is not None and answer["status"] == 200
        lines.append(open_note("x\n\n" + answer["body"]).signatures[0])
    assert (lines[0].name, lines[0].key_id) == (lines[1].name, lines[1].key_id)
