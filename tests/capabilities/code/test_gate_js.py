"""A gate in JavaScript, as its own process, against the city: cut off, killed, its answers lost, its clock wrong."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.test import Client
from tests.capabilities.code.conftest import GateMachine, read_all
from tests.frontend.peer import NEEDS_NODE, NODE, PROJECT

from quancheng.capabilities.code import actions
from quancheng.capabilities.code.models import Device, Scan, Upload
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

pytestmark = [NEEDS_NODE, pytest.mark.django_db(transaction=True)]
RUN = PROJECT / "tools" / "gate" / "run-gate.mjs"
NOWHERE = "http://127.0.0.1:9"


@dataclass(slots=True)
class Process:
    """One run of a gate; the folder is its disk."""

    process: subprocess.Popen[str]

    def ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))

    def power_cut(self) -> None:
        self.process.kill()
        self.process.wait(10)


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path, live_server: Any, gates: Callable[..., GateMachine]) -> Iterator[Start]:
    """``start(city, scene)``: switch the gate on; the first thing it says is how it stands."""
    token = tmp_path / "token"
    begun: list[Process] = []
    registered: dict[str, GateMachine] = {}

    def run(city: str = "", scene: str = "metro", preload: str = "") -> Process:
        if scene not in registered:
            registered[scene] = gates(scene)
        token.write_text(registered[scene].token + "\n", "utf-8")
        args = [NODE, *(["--import", preload] if preload else []), RUN, "--city", city or live_server.url]
        args += [
            "--scene",
            scene,
            "--token-file",
            token,
            "--folder",
            tmp_path / f"disk-{scene}",
            "--every",
            "600",
        ]
        process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun.append(Process(process))
        return begun[-1]

    yield run
    for one in begun:
        one.power_cut()


def test_a_gate_takes_a_code_once_and_uploads_it_once(start: Start, phone_of: Any) -> None:
    gate, phone = start(), phone_of()
    assert gate.hear() == {"online": True, "uploaded": 0, "waiting": 0, "blocked": None}
    shown = phone.show("metro")
    assert gate.ask(shown) == {"open": True, "level": 3, "rights": [], "printed": False}
    assert gate.ask(shown)["why"] == "replayed"
    assert gate.ask(phone.show("bus"))["said"]["zh"] == "此码不用于本场景。"
    assert gate.ask("tend")["uploaded"] == 3
    assert gate.ask("tend")["uploaded"] == 0
    read_all()
    assert sorted(Scan.objects.values_list("verdict", flat=True)) == ["ok", "replayed", "scene-off"]


def test_cut_off_and_after_a_power_cut_it_still_knows_what_it_took(start: Start, phone_of: Any) -> None:
    gate, phone = start(), phone_of()
    gate.hear()
    shown = phone.show("metro")
    assert gate.ask(shown)["open"]
    gate.power_cut()
    again = start(NOWHERE)
    assert again.hear() == {"online": False, "uploaded": 0, "waiting": 1, "blocked": None}
    assert again.ask(shown)["why"] == "replayed"
    assert again.ask(phone.show("metro"))["open"]
    again.power_cut()
    assert start().hear() == {"online": True, "uploaded": 3, "waiting": 0, "blocked": None}
    assert Upload.objects.get().count == 3


def test_a_line_torn_by_a_power_cut_is_dropped_and_the_rest_arrives(
    start: Start, phone_of: Any, tmp_path: Path
) -> None:
    gate, phone = start(), phone_of()
    gate.hear()
    assert gate.ask(phone.show("metro"))["open"]
    gate.power_cut()
    journal = tmp_path / "disk-metro" / "scans.jsonl"
    journal.write_text(journal.read_text("utf-8") + '{"token":"QC1:ABC","at":17', "utf-8")
    assert start().hear()["uploaded"] == 1


def test_without_lists_and_with_old_ones_it_takes_nothing(
    start: Start, phone_of: Any, tmp_path: Path
) -> None:
    phone = phone_of()
    new = start(NOWHERE)
    assert new.hear()["blocked"] == "no-list"
    assert new.ask(phone.show("metro"))["why"] == "no-list"
    assert start().hear()["blocked"] is None
    kept = tmp_path / "disk-metro" / "bundle.json"
    lists = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps({**lists, "time": lists["time"] - 90_000}), "utf-8")
    old = start(NOWHERE)
    assert old.hear()["blocked"] == "old-list"
    assert old.ask(phone.show("metro"))["why"] == "old-list"


def test_a_stopped_phone_is_refused_once_the_lists_came(start: Start, phone_of: Any) -> None:
    gate, phone = start(), phone_of()
    gate.hear()
    actions.report_lost(Call.system("code"), device=Device.objects.get())
    assert gate.ask(phone.show("metro"))["open"]
    gate.ask("tend")
    assert gate.ask(phone.show("metro"))["why"] == "stopped"


def test_a_gate_whose_clock_is_ten_minutes_wrong_says_so(start: Start, phone_of: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.mjs"
    wrong.write_text("const now = Date.now.bind(Date); Date.now = () => now() + 600_000;", "utf-8")
    gate, phone = start(preload=str(wrong)), phone_of()
    assert gate.hear()["online"]
    assert gate.ask(phone.show("metro"))["why"] == "clock"
    gate.power_cut()
    right = start()
    right.hear()
    assert right.ask(phone.show("metro"))["open"]


def test_a_printed_code_passes_where_it_is_taken(start: Start, phone_of: Any, user: Any) -> None:
    from quancheng.core.citycode import printed

    card = actions.print_card(Call.system("code"), person_id=user("citizen-elder").person_id)
    bus, metro = start(scene="bus"), start(scene="metro")
    bus.hear()
    metro.hear()
    text = printed(bytes(card.token))
    assert bus.ask(text) == {"open": True, "level": 1, "rights": ["senior"], "printed": True}
    assert metro.ask(text)["why"] in {"printed-refused", "scene-off"}


class Loses(BaseHTTPRequestHandler):
    """Hands requests on to the city; the answer to the first upload is lost on the way."""

    city = ""
    keys: list[str]

    def do_GET(self) -> None:
        self._on(None)

    def do_POST(self) -> None:
        self._on(self.rfile.read(int(self.headers["Content-Length"])))

    def _on(self, body: bytes | None) -> None:
        headers = {
            name: self.headers[name] for name in self.headers if name.lower() not in {"host", "connection"}
        }
        with urlopen(Request(self.city + self.path, body, headers)) as answer:
            content = answer.read()
        if body is not None:
            self.keys.append(self.headers["Idempotency-Key"])
            if len(self.keys) == 1:
                self.connection.close()
                return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def test_a_lost_answer_and_a_restart_do_not_make_a_second_upload(
    start: Start, phone_of: Any, live_server: Any
) -> None:
    handler = type("OnWay", (Loses,), {"city": live_server.url, "keys": []})
    way = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=way.serve_forever, daemon=True).start()
    city = f"http://127.0.0.1:{way.server_port}"
    gate, phone = start(city), phone_of()
    gate.hear()
    assert gate.ask(phone.show("metro"))["open"]
    lost = gate.ask("tend")
    assert (lost["uploaded"], lost["waiting"]) == (0, 1)
    gate.power_cut()
    assert start(city).hear()["uploaded"] == 1
    way.shutdown()
    assert len(handler.keys) == 2
    assert len(set(handler.keys)) == 1
    assert Upload.objects.get().count == 1
    assert (clock.now() - Upload.objects.get().received_at).total_seconds() < 60


def test_a_gate_that_has_the_lists_is_told_so_in_a_few_bytes(town: Any) -> None:
    for path in ("/api/v1/code/bundle", "/code/bundle.json"):
        first = Client().get(path)
        tag = first.headers["ETag"]
        again = Client().get(path, headers={"if-none-match": tag})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again.headers["ETag"] == tag
        assert Client().get(path, headers={"if-none-match": '"another"'}).status_code == 200


class Saves(BaseHTTPRequestHandler):
    """A cache between gate and city, as proxies are: lists that did not change are not sent again."""

    city = ""
    answers: list[int]

    def do_GET(self) -> None:
        with urlopen(self.city + self.path) as answer:
            content, tag = answer.read(), answer.headers["ETag"]
        known = self.headers["If-None-Match"] == tag
        self.answers.append(304 if known else 200)
        self.send_response(self.answers[-1])
        self.send_header("ETag", tag)
        self.send_header("Content-Length", "0" if known else str(len(content)))
        self.end_headers()
        if not known:
            self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def test_lists_that_did_not_change_are_current_again_without_being_sent(
    start: Start, phone_of: Any, live_server: Any, tmp_path: Path
) -> None:
    handler = type("Cache", (Saves,), {"city": live_server.url, "answers": []})
    way = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=way.serve_forever, daemon=True).start()
    gate, phone = start(f"http://127.0.0.1:{way.server_port}"), phone_of()
    gate.hear()
    kept = tmp_path / "disk-metro" / "bundle.json"
    first = json.loads(kept.read_text("utf-8"))
    time.sleep(1.1)
    assert gate.ask("tend")["online"]
    assert handler.answers == [200, 304]
    second = json.loads(kept.read_text("utf-8"))
    assert second["time"] > first["time"]
    assert {**second, "time": 0} == {**first, "time": 0}
    actions.report_lost(Call.system("code"), device=Device.objects.get())
    gate.ask("tend")
    assert handler.answers[-1] == 200
    assert gate.ask(phone.show("metro"))["why"] == "stopped"
    way.shutdown()
