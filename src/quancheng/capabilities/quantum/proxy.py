"""链路代理: programs of this machine reach a peer's HTTP service as ``http://127.0.0.1:<port>/<link>/…``.

For programs that know only HTTP, such as the ledger's witness client: its member's address is written
as the proxy's and every request goes over the link. Component ``quantum.proxy``; it listens where
``QUANCHENG_QUANTUM_PROXY_PORT`` says, on this machine only, else it does nothing. Each answer tells
``Quancheng-Link-Strength`` and, after a fallback, ``Quancheng-Link-Away``.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LinkProxy", "main"]

_BODY_BYTES = 8 * 1024 * 1024
_DROPPED = {"connection", "content-length", "host", "transfer-encoding", "keep-alive", "expect", "upgrade"}


class LinkProxy(ThreadingHTTPServer):
    """Serves this machine; ``start`` … ``stop``."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> LinkProxy:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection; its thread's database connections end with it."""
        from django.db import connections

        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._carry()

    def do_POST(self) -> None:
        self._carry()

    def do_PUT(self) -> None:
        self._carry()

    def _carry(self) -> None:
        from quancheng.capabilities.quantum import link_client
        from quancheng.kernel.errors import QuanchengError

        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _BODY_BYTES:
            self.close_connection = True
            self._send(413, [], b"too large")
            return
        body = self.rfile.read(int(length))
        _, link, path = (*self.path.split("/", 2), "", "")[:3]
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _DROPPED}
        try:
            answer = link_client.http(link, self.command, f"/{path}", body, headers)
        except QuanchengError as failed:
            problem = {"title": failed.title.en, "status": failed.status, "detail": failed.detail.en}
            self._send(
                failed.status,
                [("Content-Type", "application/problem+json")],
                json.dumps(problem | {"detail_zh": failed.detail.zh}).encode(),
            )
            return
        told = [("Quancheng-Link-Strength", str(answer.done.strength))]
        if answer.done.away:
            told.append(("Quancheng-Link-Away", answer.done.away))
        kept = [pair for pair in answer.headers if pair[0].lower() not in _DROPPED]
        self._send(answer.status, [*kept, *told], answer.body)

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until told to stop."""
    import django

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    port = os.environ.get("QUANCHENG_QUANTUM_PROXY_PORT", "")
    if not port.isdigit():
        stop.wait()
        return
    django.setup()
    proxy = LinkProxy(int(port)).start()
    stop.wait()
    proxy.stop()
