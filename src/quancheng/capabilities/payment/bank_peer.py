"""参考银行 (模拟): a channel as a program of its own, for demonstrations and tests.

It knows nothing of the platform but the protocol: signed messages on ``POST /gateway``, a page where
the payer pays, call-backs repeated until they are acknowledged, statements by address. What it
knows survives its death (one JSON file, replaced whole). On demand it loses, doubles and delays
call-backs (``core.payment.Mischief``), cuts requests before or after handling them, or is deaf.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from quancheng.core.payment import (
    NO_MISCHIEF,
    Bank,
    BankOrder,
    BankRefund,
    Callback,
    CutOff,
    FeeRule,
    Keyring,
    Message,
    Mischief,
    Outcome,
    PaymentError,
    Signer,
    encode,
    from_plain,
    render_statement,
    sign,
    timely,
    to_plain,
    verify,
)

RETRIES = tuple(timedelta(seconds=n) for n in (1, 2, 5, 10, 30, 60, 300, 900, 3600))
CLOCK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Merchant:
    """商户: whom the bank takes money for, and where results are told."""

    code: str
    callback: str
    home: str
    keys: Keyring


@dataclass(slots=True)
class Naughty:
    """捣乱 for tests: ``deaf`` answers nothing; ``cut`` handles a request and then says nothing."""

    deaf: bool = False
    cut: int = 0
    lie: Callable[[dict[str, str]], dict[str, str]] | None = None
    calls: list[str] = field(default_factory=list)


class BankPeer:
    """The bank: its state, its server, its call-backs. ``start()`` and ``stop()``; ``url`` is the gateway."""

    def __init__(
        self,
        name: str,
        merchant: Merchant,
        signer: Signer,
        cut_off: CutOff,
        *,
        port: int = 0,
        state: Path | None = None,
        fee: FeeRule | None = None,
        mischief: dict[int, Mischief] | None = None,
        refund_after: timedelta = timedelta(seconds=1),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        key_name: str = "b1",
        tells: bool = True,
    ) -> None:
        self.merchant, self.signer, self.key_name, self.now = merchant, signer, key_name, now
        self.naughty = Naughty()
        self._file, self._refund_after = state, refund_after
        self._lock = threading.RLock()
        self._statements: dict[str, bytes] = {}
        self.bank = Bank(name, fee or FeeRule(0), cut_off, RETRIES, mischief or {})
        if state is not None and state.exists():
            self.bank = _recall(self.bank, json.loads(state.read_text("utf-8")))
        self._server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"peer": self}))
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True),
            *([threading.Thread(target=self._call_back, daemon=True)] if tells else []),
        ]

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/gateway"

    def start(self) -> BankPeer:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(5)

    def _keep(self, bank: Bank) -> None:
        if self._file is not None:
            plain = {
                "orders": [to_plain(one) for one in bank.orders.values()],
                "refunds": [to_plain(one) for one in bank.refunds.values()],
                "waiting": [_callback(one) for one in bank.waiting.values()],
                "trades": bank.trades,
                "notified": bank.notified,
            }
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._file.with_suffix(".new")
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(plain, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._file)
        self.bank = bank

    # -- what the merchant asks

    def gateway(self, body: bytes) -> tuple[int, bytes]:
        """Status and signed reply to a signed request."""
        at = self.now()
        try:
            message = verify(body, self.bank.name, self.merchant.keys)
            timely(message, int(at.timestamp()), CLOCK_SECONDS)
        except PaymentError as error:
            return 401, json.dumps({"code": error.reason.value}).encode()
        self.naughty.calls.append(message.kind)
        with self._lock:
            if message.kind == "statement.get":
                fields = self._statement(message)
            else:
                bank, fields = self.bank.handle(message, at)
                self._keep(bank)
        if self.naughty.cut > 0:
            self.naughty.cut -= 1
            raise ConnectionAbortedError
        fields = {**fields, "re": message.nonce}
        if self.naughty.lie is not None:
            fields = self.naughty.lie(fields)
        return 200, self._signed(f"{message.kind}.reply", fields, at)

    def _statement(self, message: Message) -> dict[str, str]:
        day = date.fromisoformat(message.get("day"))
        if self.bank.cut_off.end(day) > self.now():
            return {"code": "NOT_YET"}
        data = render_statement(self.bank.statement(message.sender, day))
        data = data.encode() if isinstance(data, str) else data
        token = secrets.token_urlsafe(18)
        self._statements[token] = data
        digest = hashlib.sha256(data).hexdigest()
        return {"code": "OK", "path": f"/statements/{token}", "size": str(len(data)), "sha256": digest}

    def statement_file(self, token: str) -> bytes | None:
        """A statement that was asked for; once."""
        return self._statements.pop(token, None)

    def _signed(self, kind: str, fields: dict[str, str], at: datetime) -> bytes:
        nonce = secrets.token_urlsafe(18)
        said = Message.of(self.bank.name, self.merchant.code, kind, int(at.timestamp()), nonce, fields)
        return encode(sign(said, self.key_name, self.signer))

    # -- what the payer does

    def pay(self, number: str, success: bool = True) -> None:
        """The payer pays at the bank, or has no money. Raises PaymentError."""
        with self._lock:
            self._keep(self.bank.pay(number, self.now(), success))

    def give_back(self) -> None:
        """Refunds reach the payers after a while."""
        if self._refund_after < timedelta(0):
            return
        with self._lock:
            for refund in list(self.bank.refunds.values()):
                if refund.state is Outcome.PENDING:
                    self._keep(self.bank.give_back(refund.number, self.now()))

    # -- call-backs

    def _call_back(self) -> None:
        since = time.monotonic()
        while not self._stop.wait(0.05):
            if time.monotonic() - since >= self._refund_after.total_seconds():
                since = time.monotonic()
                self.give_back()
            self.tell_due()

    def tell_due(self) -> None:
        """Send what is due; keep what was not acknowledged."""
        with self._lock:
            bank, due = self.bank.due(self.now())
            if due or bank.waiting != self.bank.waiting:
                self._keep(bank)
        for callback in due:
            if self._told(callback):
                with self._lock:
                    self._keep(self.bank.acknowledged(callback.id))

    def _told(self, callback: Callback) -> bool:
        body = self._signed(callback.kind, dict(callback.fields), self.now())
        request = urllib.request.Request(  # noqa: S310 the merchant's registered address
            self.merchant.callback, data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                reply = verify(answer.read(65536), self.bank.name, self.merchant.keys)
            return reply.get("code") == "OK" and reply.get("notification") == callback.id
        except (OSError, PaymentError, urllib.error.URLError):
            return False


def _callback(one: Callback) -> dict[str, Any]:
    return {
        "id": one.id,
        "merchant": one.merchant,
        "kind": one.kind,
        "fields": [list(pair) for pair in one.fields],
    }


def _recall(bank: Bank, plain: dict[str, Any]) -> Bank:
    """What was known before it died; every call-back not acknowledged goes out again."""
    now = datetime.now(UTC)
    waiting = [
        Callback(
            one["id"], one["merchant"], one["kind"], tuple((k, v) for k, v in one["fields"]), now, NO_MISCHIEF
        )
        for one in plain["waiting"]
    ]
    orders = [from_plain(BankOrder, one) for one in plain["orders"]]
    refunds = [from_plain(BankRefund, one) for one in plain["refunds"]]
    return replace(
        bank,
        orders={one.number: one for one in orders},
        refunds={one.number: one for one in refunds},
        waiting={one.id: one for one in waiting},
        trades=plain["trades"],
        notified=plain["notified"],
    )


class _Handler(BaseHTTPRequestHandler):
    """The bank's addresses."""

    peer: BankPeer
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        if self.peer.naughty.deaf:
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, 65536))
        if self.path == "/gateway":
            self._gateway(body)
        elif self.path.startswith("/pay/"):
            self._pay(self.path.removeprefix("/pay/"), urllib.parse.parse_qs(body.decode()))
        else:
            self._answer(404, b"{}", "application/json")

    def do_GET(self) -> None:
        if self.path.startswith("/statements/"):
            data = self.peer.statement_file(self.path.removeprefix("/statements/"))
            self._answer(200 if data is not None else 404, data or b"", "text/csv; charset=utf-8")
        elif self.path.startswith("/pay/"):
            self._page(self.path.removeprefix("/pay/").split("?")[0])
        else:
            self._answer(404, b"", "text/plain")

    def _gateway(self, body: bytes) -> None:
        try:
            status, reply = self.peer.gateway(body)
        except ConnectionAbortedError:
            self.close_connection = True
            return
        self._answer(status, reply, "application/json")

    def _pay(self, number: str, form: dict[str, list[str]]) -> None:
        try:
            self.peer.pay(number, form.get("do", ["pay"])[0] == "pay")
        except PaymentError as error:
            self._page(number, error.text.zh)
            return
        self.send_response(303)
        self.send_header("Location", f"{self.peer.merchant.home}/me/payments/{number.split('-', 1)[0]}/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, number: str, said: str = "") -> None:
        order = self.peer.bank.orders.get(number)
        page = _PAGE_UNKNOWN if order is None else _page(order, said, self.peer.merchant.home)
        self._answer(404 if order is None else 200, page.encode(), "text/html; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        return


_HEAD = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>模拟银行 Simulated bank</title><style>body{font:1.1rem/1.6 sans-serif;max-width:32rem;margin:2rem auto;"
    "padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem;min-height:44px;margin:.3rem .6rem .3rem 0}"
    "strong{font-size:2rem}</style><h1>模拟银行 Simulated bank</h1><p>演示用，不收真实的钱。 For demonstrations; no real money.</p>"
)
_PAGE_UNKNOWN = f"{_HEAD}<p>没有这笔支付。 There is no such payment.</p>"


def _page(order: BankOrder, said: str, home: str) -> str:
    number = html.escape(order.number)
    back = f'<p><a href="{html.escape(home)}/me/payments/{number.split("-", 1)[0]}/">返回缴费页 Back</a></p>'
    told = f'<p role="alert">{html.escape(said)}</p>' if said else ""
    if order.state is not Outcome.PENDING:
        return f"{_HEAD}{told}<p>这笔支付已结束：{order.state.value}。 This payment has ended.</p>{back}"
    return (
        f"{_HEAD}{told}<p>支付编号 Payment {number}</p><p><strong>{order.amount} 元</strong></p>"
        f'<form method="post" action="/pay/{number}"><button name="do" value="pay">确认付款 Pay</button>'
        f'<button name="do" value="fail">余额不足 Not enough money</button></form>{back}'
    )
