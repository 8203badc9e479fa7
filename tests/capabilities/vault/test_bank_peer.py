"""The reference bank as a program of its own, over real connections: granted, cut, tampered with, proved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.vault.conftest import BANK_NAME, MOTHER_ID, citizen, make_person, official

from quancheng.capabilities.vault import actions
from quancheng.capabilities.vault.models import DataRequest, ReceiptRow, Use
from quancheng.kernel import clock, events, jobs
from quancheng.kernel.jobs.models import Job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Line:
    """The line between bank and city: it can cut, and change what goes over it."""

    target: str
    cut_after: str = ""
    """Requests to paths that end so are handled by the city and their answers lost, once."""
    change: Callable[[str, bytes], bytes] | None = None
    seen: list[str] = field(default_factory=list)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes] | None:
        request = urllib.request.Request(
            self.target + path, data=body or None, method=method, headers=headers
        )
        try:
            with OPENER.open(request, timeout=30) as answer:
                status, data = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, data = error.code, error.read()
        self.seen.append(f"{method} {path} {status}")
        if self.cut_after and path.endswith(self.cut_after):
            self.cut_after = ""
            return None
        return status, self.change(path, data) if self.change else data


class _Between(BaseHTTPRequestHandler):
    line: Line

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "content-length", "connection")
        }
        answer = self.line.forward(self.command, self.path, kept, body)
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    do_GET = do_POST = _pass

    def log_message(self, *args: Any) -> None:
        return

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            return


@dataclass
class Bank:
    """The bank's program."""

    url: str
    jwk: dict[str, str]
    process: subprocess.Popen[str]

    def post(self, path: str, said: Any = None) -> dict[str, Any]:
        data = json.dumps(said).encode() if said is not None else b"{}"
        request = urllib.request.Request(
            self.url + path, data=data, headers={"Content-Type": "application/json"}
        )
        with OPENER.open(request, timeout=30) as answer:
            return json.loads(answer.read())

    def loan(self, number: str) -> dict[str, Any]:
        with OPENER.open(f"{self.url}/loans/{number}", timeout=30) as answer:
            return json.loads(answer.read())


@pytest.fixture
def line(live_server: Any, base: None) -> Iterator[Line]:
    made = Line(live_server.url)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Between", (_Between,), {"line": made}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def start(line: Line, tmp_path: Path) -> Iterator[Callable[[], Bank]]:
    running: list[subprocess.Popen[str]] = []

    def begin() -> Bank:
        process = subprocess.Popen(
            [sys.executable, "-m", "quancheng.capabilities.vault.bank_peer", "--url", line.url,  # type: ignore[attr-defined]
             "--folder", str(tmp_path / "bank")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        return Bank(told["url"], told["jwk"], process)

    yield begin
    for process in running:
        process.kill()
        process.wait()


def register(bank: Bank) -> None:
    one, two = official("vault.registrar", user_id=91), official("vault.registrar", user_id=92)
    row = actions.propose_recipient(
        one,
        code="bank-quan",
        name=BANK_NAME,
        kind="bank",
        jwk=bank.jwk,
        callback=f"{bank.url}/vault/callback",
    )
    actions.approve_recipient(two, recipient=row)


def grant(number: str, person: Any) -> None:
    row = DataRequest.objects.get(number=number)
    until = clock.now() + timedelta(days=3)
    actions.grant_request(citizen(person), request=row, items=["name", "address"], mode="once", until=until)


def test_a_loan_from_the_counter_to_the_proof(start: Callable[[], Bank], line: Line) -> None:
    mother, bank = make_person(), start()
    register(bank)
    loan = bank.post("/loans", {"id_number": MOTHER_ID, "name": "李静"})
    assert (loan["state"], loan.get("failed")) == ("asked", None)
    grant(loan["request"], mother)
    events.drain(strict=True)
    jobs.run_due()
    kept = bank.loan(loan["loan"])
    assert not Job.objects.filter(kind="vault.notify").exclude(state="done").exists(), Job.objects.values()
    assert (kept["state"], kept["facts"]) == ("proved", {"name": "李静", "address": mother.address})
    assert kept["verdict"] == {"allowed": True, "countersigned": True}
    assert bytes(ReceiptRow.objects.get(entry__kind="used").data).decode() == kept["receipt"]


@pytest.mark.parametrize("place", ["/vault/v1/requests", "/use", "/countersign", "/proof"])
def test_a_cut_line_is_asked_again_and_counted_once(
    start: Callable[[], Bank], line: Line, place: str
) -> None:
    mother, bank = make_person(), start()
    register(bank)
    line.cut_after = place
    loan = bank.post("/loans", {"id_number": MOTHER_ID, "name": "李静"})
    if "failed" in loan:
        assert place == "/vault/v1/requests"
        bank.process.kill()  # it even dies before it asks again
        bank = start()
        loan = bank.post(f"/loans/{loan['loan']}")
    assert DataRequest.objects.count() == 1
    grant(loan["request"], mother)
    first = bank.post(f"/loans/{loan['loan']}")
    if place != "/vault/v1/requests":
        assert "failed" in first
    kept = bank.post(f"/loans/{loan['loan']}") if "failed" in first else first
    assert (kept["state"], kept["verdict"]["allowed"]) == ("proved", True)
    assert Use.objects.count() == 1
    if place == "/use":
        assert [one for one in line.seen if "/use " in one] == [
            f"POST /vault/v1/requests/{loan['request']}/use 200"
        ] * 2


def _changed(name: str) -> Callable[[str, bytes], bytes]:
    def change(path: str, data: bytes) -> bytes:
        if not path.endswith("/use"):
            return data
        said = json.loads(data)
        if name == "facts":
            said["facts"]["name"] = "王静"
        elif name == "salt":
            said["salt"] = "A" * 22 + "=="
        else:
            said["receipt"] = said["receipt"].replace(name, "x" * len(name), 1)
        return json.dumps(said, ensure_ascii=False).encode()

    return change


@pytest.mark.parametrize("name", ["facts", "salt", "address", "个人住房", "bank-quan"])
def test_what_was_changed_on_the_way_is_refused(start: Callable[[], Bank], line: Line, name: str) -> None:
    mother, bank = make_person(), start()
    register(bank)
    loan = bank.post("/loans", {"id_number": MOTHER_ID, "name": "李静"})
    grant(loan["request"], mother)
    line.change = _changed(name)
    kept = bank.post(f"/loans/{loan['loan']}")
    assert "VaultFault" in kept["failed"]
    assert "facts" not in kept
    assert ReceiptRow.objects.get(entry__kind="used").countersigned_at is None
    line.change = None
    assert bank.post(f"/loans/{loan['loan']}")["verdict"] == {"allowed": True, "countersigned": True}
    assert Use.objects.count() == 1


def test_a_callback_that_is_not_the_citys_is_not_heard(start: Callable[[], Bank], line: Line) -> None:
    bank = start()
    with pytest.raises(urllib.error.HTTPError) as refused:
        bank.post("/vault/callback", {"kind": "state", "number": "VR-1", "state": "live"})
    assert refused.value.code == 401
