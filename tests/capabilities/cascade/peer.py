"""A reference peer: another node of the protocol, of the core and the public client only, on a free port.

It can be told to misbehave: cut answers short, sign with a foreign key, answer another question.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from quancheng.capabilities.cascade.cascade_client import (
    HEADER,
    PATH,
    BadMessage,
    CascadeClient,
    Envelope,
    bound_in,
    cursor_in,
    cursor_out,
    head_in,
    head_out,
    packed,
    public_text,
    seal,
    segment_in,
    segment_out,
    stream_in,
    stream_out,
    unpacked,
    unseal,
)
from quancheng.core.cascade import (
    Batch,
    Clause,
    Cursor,
    Edit,
    Head,
    Link,
    MemoryLedger,
    Node,
    Outcome,
    Segment,
    Stream,
    apply,
    dump,
    homecoming,
    offer,
    parse,
    produce,
    received,
    repair,
    sent,
    split,
)
from quancheng.core.exchange.signing import Ed25519Signer


class DjangoTransport(httpx.BaseTransport):
    """Questions to the platform's own views, without a server process (real ones: test_fault_three_nodes)."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        header = {"HTTP_" + HEADER.upper().replace("-", "_"): request.headers[HEADER]}
        answer = Client().generic(
            "POST", request.url.path, request.read(), content_type="application/octet-stream", **header
        )
        return httpx.Response(answer.status_code, headers=dict(answer.items()), content=answer.content)


class Peer:
    """A node in memory that answers like any neighbour; use as a context manager."""

    def __init__(self, name: str, other: str, gives: tuple[Clause, ...] = (Clause(),)) -> None:
        self.node = Node(name, (Link(other, gives),))
        self.other = other
        self.ledger = MemoryLedger()
        self.signer = Ed25519Signer(Ed25519PrivateKey.generate())
        self.keys: dict[str, bytes] = {}
        self.now = 1_700_000_000
        self.streams: list[Stream] = []
        self.theirs: dict[Stream, Head] = {}
        self.cut_after: int | None = None
        """Answer this many questions, then break every connection."""
        self.forger: Ed25519Signer | None = None
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def public(self) -> str:
        return public_text(self.signer)

    def __enter__(self) -> Peer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def edit(self, stream: Stream, *edits: Edit) -> Outcome:
        self.now += 1
        outcome = produce(self.node, self.ledger, stream, edits, self.now)
        self.ledger.write(outcome.writes)
        if stream not in self.streams:
            self.streams.append(stream)
        return outcome

    def hear(self, batch: Batch) -> Outcome:
        self.now += 1
        if batch.stream not in self.streams:
            self.streams.append(batch.stream)
        outcome = apply(self.node, self.ledger, batch, self.now)
        self.ledger.write(outcome.writes)
        return outcome

    def client(self, public: bytes, transport: httpx.BaseTransport) -> CascadeClient:
        """A client of ours that speaks to the other node."""
        return CascadeClient(
            "http://testserver", self.other, public, self.node.name, self.signer, transport=transport
        )

    def pull(self, client: CascadeClient, streams: Iterable[Stream], limit: int = 100) -> int:
        """Read all that the other node has for us; how many batches."""
        batches = 0
        for stream in streams:
            while True:
                cursor = self.ledger.cursor(stream, self.other)
                found = client.offer(stream, cursor, limit)
                if found is None:
                    break
                self.hear(found[0])
                batches += 1
        return batches

    # -- answers ------------------------------------------------------------------------------
    def pulse(self, asked: dict[str, Any]) -> bytes:
        for value in asked["heads"]:
            stream, head = head_in(value)
            self.theirs[stream] = head
        heads = [head_out(one, self.ledger.head(one) or Head(1)) for one in self.streams]
        cursors = [
            {"stream": stream_out(one), "cursor": cursor_out(self.ledger.cursor(one, self.other))}
            for one in self.streams
        ]
        return json.dumps({"heads": heads, "cursors": cursors}).encode()

    def answer(self, what: str, body: bytes) -> tuple[int, bytes]:
        if what == "batch":
            outcome = self.hear(parse(unpacked(body)))
            said = {"status": outcome.status, "cursor": cursor_out(outcome.cursor), "reason": outcome.detail}
            return 200, json.dumps(said).encode()
        asked = json.loads(body)
        if what == "pulse":
            return 200, self.pulse(asked)
        stream = stream_in(asked["stream"])
        if what == "offer":
            cursor: Cursor | None = cursor_in(asked["cursor"])
            batch = offer(self.node, self.ledger, self.other, stream, cursor, asked["limit"])
            return (204, b"") if batch is None else (200, packed(dump(batch)))
        if what == "repair":
            after, upto = bound_in(asked["after"]), bound_in(asked["upto"])
            return 200, packed(dump(repair(self.node, self.ledger, self.other, stream, after, upto)))
        if what == "home":
            after = bound_in(asked["after"])
            return 200, packed(dump(homecoming(self.node, self.ledger, self.other, stream, after, 100)))
        if what == "counts":
            tally = sent(self.node, self.ledger, self.other, stream)
            return 200, json.dumps(segment_out(Segment(None, None, tally))).encode()
        parts: list[Segment] = []
        for value in asked["segments"]:
            one = segment_in(value)
            whole = Segment(
                one.after, one.upto, sent(self.node, self.ledger, self.other, stream, one.after, one.upto)
            )
            parts += split(self.node, self.ledger, self.other, stream, whole)
        return 200, json.dumps({"segments": [segment_out(one) for one in parts]}).encode()

    def has(self, stream: Stream) -> Any:
        """What we have from the other node."""
        return received(self.ledger, self.other, stream)

    def _handler(peer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    asked = unseal(
                        self.headers.get(HEADER),
                        self.path,
                        body,
                        peer.keys,
                        peer.node.name,
                        datetime.now(UTC),
                    )
                except BadMessage as wrong:
                    self._send(403, json.dumps({"detail": str(wrong)}).encode(), {})
                    return
                peer.asked.append(self.path)
                if peer.cut_after is not None:
                    if peer.cut_after <= 0:
                        self.close_connection = True
                        return
                    peer.cut_after -= 1
                status, content = peer.answer(self.path.removeprefix(PATH), body)
                envelope = Envelope(
                    peer.node.name,
                    peer.other,
                    datetime.now(UTC),
                    secrets.token_hex(16),
                    self.path,
                    asked.nonce,
                )
                self._send(status, content, seal(envelope, content, peer.forger or peer.signer))

            def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return None

        return Handler
