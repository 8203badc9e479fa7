"""参考银行 (模拟): a recipient as a program of its own, for demonstrations and tests.

It knows nothing of the platform but the protocol. A loan is kept on disk before anything is asked, with the
keys of its two messages, so that after a cut line or its own death it asks again and is counted once. When it
is granted it uses the grant once, checks facts and receipt, countersigns, fetches the proof and keeps it.

    python -m quancheng.capabilities.vault.bank_peer --url URL --folder DIR [--port N]

It prints one JSON line ``{"url", "jwk"}``; its key and loans live in the folder.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import threading
import urllib.parse
import urllib.request
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from quancheng.capabilities.vault.receipt_client import Keys, Verdict, verify_file
from quancheng.capabilities.vault.vault_client import Refused, VaultClient
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.vault import HEADER, VaultFault, verify_message, write_receipt

PURPOSE, BASIS = "个人住房贷款审查", "本人提出的贷款申请"
ITEMS = ("name", "id-number", "address", "household-size")
CALLBACK = "/vault/callback"
_DRIFT = 300
_FAILED = (OSError, Refused, VaultFault, KeyError, ValueError)


class LoanBank:
    """Loans and the vault's client. Thread safe: one step at a time."""

    def __init__(self, client: VaultClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)

    def apply(self, id_number: str, name: str) -> dict[str, Any]:
        """A loan is asked for at the counter: kept first, then the vault is asked."""
        number = uuid.uuid4().hex[:12]
        loan = {
            "loan": number, "subject": {"id_number": id_number, "name": name}, "ask_key": f"ask-{number}",
            "use_key": f"use-{number}", "state": "new",
            "until": (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="seconds"),
        }  # fmt: skip
        self._keep(loan)
        return self.step(number)

    def step(self, number: str) -> dict[str, Any]:
        """One step further, if there is one; what failed is said and tried again at the next."""
        with self._lock:
            loan = self.loan(number)
            try:
                self._step(loan)
                loan.pop("failed", None)
            except _FAILED as error:
                loan["failed"] = f"{type(error).__name__}: {error}"
            self._keep(loan)
            return loan

    def _step(self, loan: dict[str, Any]) -> None:
        if loan["state"] == "new":
            wanted = {
                "subject": loan["subject"], "purpose": PURPOSE, "basis": BASIS, "items": list(ITEMS), "mode": "once",
                "until": loan["until"],
            }  # fmt: skip
            asked = self.client.ask(wanted, loan["ask_key"])
            loan |= {"request": asked["number"], "salt": asked["salt"], "state": "asked"}
            return
        if loan["state"] == "asked":
            found = self.client.state(loan["request"])
            if found["state"] in ("asked", "live", "used_up"):
                loan["state"] = "asked" if found["state"] == "asked" else "granted"
            else:
                loan |= {"state": found["state"], "reason": found["reason"]}
            if found["grant"]:
                loan["items"] = json.loads(found["grant"])["body"]["items"]
        if loan["state"] == "granted":
            given = self.client.use(loan["request"], PURPOSE, loan["items"], loan["use_key"])
            loan |= {
                "state": "given", "use": given.number, "facts": given.facts,
                "receipt": write_receipt(given.receipt).decode(),
            }  # fmt: skip
        if loan["state"] == "given":
            loan |= {"proof": self.client.proof(loan["use"]), "state": "proved"}

    def verify(self, number: str) -> Verdict:
        """The kept proof, checked with the kept keys alone. Raises VaultFault."""
        data = json.dumps(self.loan(number)["proof"], ensure_ascii=False).encode()
        return verify_file(data, self.client.keys)

    def heard(self, notice: dict[str, Any]) -> None:
        """The vault called back: go on with that loan."""
        for loan in self.loans():
            if loan.get("request") == notice.get("number"):
                self.step(loan["loan"])

    def loan(self, number: str) -> dict[str, Any]:
        """One loan. Raises FileNotFoundError."""
        return json.loads((self.folder / f"loan-{number}.json").read_text("utf-8"))  # type: ignore[no-any-return]

    def loans(self) -> list[dict[str, Any]]:
        """All loans."""
        return [json.loads(path.read_text("utf-8")) for path in sorted(self.folder.glob("loan-*.json"))]

    def _keep(self, loan: dict[str, Any]) -> None:
        path = self.folder / f"loan-{loan['loan']}.json"
        temporary = path.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(loan, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


class _Handler(BaseHTTPRequestHandler):
    """The bank's counter and its callback."""

    bank: LoanBank
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, _page(self.bank.loans()).encode(), "text/html; charset=utf-8")
        elif self.path.startswith("/loans/"):
            self._tell(self.path.removeprefix("/loans/"))
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65_536))
        if self.path == CALLBACK:
            self._heard(body)
        elif self.path == "/loans":
            self._apply(body)
        elif self.path.startswith("/loans/"):
            self.bank.step(self.path.removeprefix("/loans/"))
            self._tell(self.path.removeprefix("/loans/"))
        else:
            self._json(404, {})

    def _apply(self, body: bytes) -> None:
        if "json" in self.headers.get("Content-Type", ""):
            said = json.loads(body)
            self._json(201, self.bank.apply(said["id_number"], said["name"]))
            return
        form = urllib.parse.parse_qs(body.decode())
        self.bank.apply(form.get("id_number", [""])[0], form.get("name", [""])[0])
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _heard(self, body: bytes) -> None:
        try:
            verify_message(
                self.headers.get(HEADER, ""), body, self.bank.client.keys.city, method="POST", path=CALLBACK,
                now=int(datetime.now(UTC).timestamp()), drift=_DRIFT,
            )  # fmt: skip
        except VaultFault as fault:
            self._json(401, {"reason": fault.reason.value})
            return
        self.bank.heard(json.loads(body))
        self._json(200, {})

    def _tell(self, number: str) -> None:
        try:
            loan = self.bank.loan(number)
        except (OSError, ValueError):
            self._json(404, {})
            return
        if "proof" in loan:
            found = self.bank.verify(number)
            loan["verdict"] = {"allowed": found.allowed, "countersigned": found.countersigned}
        self._json(200, loan)

    def _json(self, status: int, said: dict[str, Any]) -> None:
        self._answer(status, json.dumps(said, ensure_ascii=False).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        return


def _page(loans: Sequence[dict[str, Any]]) -> str:
    rows = "".join(
        f"<li>{html.escape(one['subject']['name'])}：{html.escape(one['state'])} "
        f"{html.escape(str(one.get('facts') or one.get('reason') or ''))}</li>"
        for one in reversed(loans)
    )
    return (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>模拟银行 Simulated bank</title><h1>模拟银行 Simulated bank</h1>"
        '<form method="post" action="/loans"><label>姓名 Name <input name="name"></label> '
        '<label>身份证号 Number <input name="id_number"></label> <button>申请贷款 Apply</button></form>'
        f"<ul>{rows}</ul></html>"
    )


def serve(bank: LoanBank, port: int = 0) -> ThreadingHTTPServer:
    """The bank's server in a thread, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"bank": bank}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def key_in(folder: Path) -> MemoryKey:
    """The bank's own key, made once."""
    path = folder / "key"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(MemoryKey.generate(Algorithm.ES256).private_bytes())
    return MemoryKey.from_private(Algorithm.ES256, path.read_bytes())


def fetch_keys(url: str) -> Keys:
    """The city's public keys. In earnest they come by a second way and are compared."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url.rstrip('/')}/vault/v1/keys", timeout=10) as answer:
        return Keys.read(json.loads(answer.read(1_000_000)))


class LateKeys(VaultClient):
    """A client that gets the keys when it first needs them, again while its own key is not among them."""

    def refresh(self) -> None:
        """Read the keys again."""
        self.keys = fetch_keys(self.url)

    def use(self, number: str, purpose: str, items: Sequence[str], key: str) -> Any:
        """As ``VaultClient.use``, with the keys of now."""
        self.refresh()
        return super().use(number, purpose, items, key)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until standard input is closed."""
    import sys

    parser = argparse.ArgumentParser(description="Reference bank of the data vault (simulated).")
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    said = parser.parse_args(argv)
    key = key_in(said.folder)
    client = LateKeys(said.url, key, Keys((), {}))
    client.refresh()
    server = serve(LoanBank(client, said.folder), said.port)
    told = {"url": f"http://127.0.0.1:{server.server_address[1]}", "jwk": to_jwk(key.public)}
    print(json.dumps(told), flush=True)
    sys.stdin.read()
    server.shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
