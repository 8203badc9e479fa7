"""参考量子密钥管理机（模拟）: two key managers joined by one simulated fibre, speaking ETSI GS QKD 014.

A program of its own: ``python -m quancheng.capabilities.quantum.kme_peer FOLDER PORT_A PORT_B``. Both
ends speak HTTPS with client certificates; the certificate's common name is the SAE ID. Beside the
standard there is one address for the demonstrator, ``PUT /simulator``: cut the fibre, listen on it.
The QBER of each round stands in ``status_extension``, which clause 6.1 leaves to the vendor.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from quancheng.capabilities.quantum import pki
from quancheng.capabilities.quantum.kme_line import KEY_BITS, Line
from quancheng.core.qkd import (
    DeliveredKey,
    KeyContainer,
    KeyRequest,
    Problem,
    QkdError,
    Status,
    key_ids_from,
)

__all__ = ["KmePair", "main"]

_BODY_BYTES = 64 * 1024
_PER_REQUEST = 128


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self, port: int, line: Line, kme: str, other: str, tls: ssl.SSLContext) -> None:
        self.line, self.kme, self.other = line, kme, other
        super().__init__(("127.0.0.1", port), _Handler)
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS in the connection's own thread: a silent client holds up nobody."""
        request.settimeout(30)
        try:
            secured = self._tls.wrap_socket(request, server_side=True)
        except (OSError, ssl.SSLError):
            return
        try:
            super().finish_request(secured, client_address)
        finally:
            secured.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are the client's affair."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        try:
            status, body = 200, self._served(self._body())
        except QkdError as error:
            status, body = 400, Problem(error.text.en).to_json()
        except _Refused as refused:
            status, body = refused.status, Problem(refused.message).to_json()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _BODY_BYTES:
            self.close_connection = True
            raise _Refused(400, "the request is too large")
        return self.rfile.read(int(length))

    def _served(self, body: bytes) -> bytes:
        me = self._sae()
        place = urlsplit(self.path)
        if place.path == "/simulator" and self.command == "PUT":
            return self._simulator(body)
        parts = place.path.split("/")
        if len(parts) != 6 or parts[1:4] != ["api", "v1", "keys"]:
            raise _Refused(404, "no such address")
        peer, verb = unquote(parts[4]), parts[5]
        query = dict(parse_qsl(place.query))
        if verb == "status" and self.command == "GET":
            return self._status(me, peer).to_json()
        if verb == "enc_keys":
            asked = KeyRequest.from_json(body) if self.command == "POST" else KeyRequest.from_query(query)
            return self._enc_keys(asked, me, peer)
        if verb == "dec_keys":
            if self.command == "GET":
                body = json.dumps({"key_IDs": [{"key_ID": query.get("key_ID", "")}]}).encode()
            return self._dec_keys(body, me, peer)
        raise _Refused(404, "no such address")

    def _sae(self) -> str:
        """Who asks, from the certificate (clause 5); 401 without one."""
        shown = self.connection.getpeercert()  # type: ignore[attr-defined]
        names = [
            value for pairs in (shown or {}).get("subject", ()) for key, value in pairs if key == "commonName"
        ]
        if len(names) != 1:
            raise _Refused(401, "a client certificate with one common name is needed")
        return str(names[0])

    def _status(self, me: str, peer: str) -> Status:
        line = self.server.line
        extension = {
            "simulated": True,
            "qber_most": line.settings.qber_most,
            "rounds": [lap.plain() for lap in list(line.laps)[-60:]],
        }
        return Status(
            self.server.kme,
            self.server.other,
            me,
            peer,
            KEY_BITS,
            line.stored,
            line.most_keys,
            _PER_REQUEST,
            KEY_BITS,
            KEY_BITS,
            0,
            extension,
        )

    def _enc_keys(self, asked: KeyRequest, me: str, peer: str) -> bytes:
        number, _bits = asked.checked(self._status(me, peer))
        return _contained(self.server.line.take(number, me, peer), 503, "no keys available")

    def _dec_keys(self, body: bytes, me: str, peer: str) -> bytes:
        found = self.server.line.find(key_ids_from(body), peer, me)
        return _contained(found, 400, "one or more keys specified are not found on KME")

    def _simulator(self, body: bytes) -> bytes:
        try:
            wish = json.loads(body)
            intact, eve = wish.get("intact"), wish.get("eve")
        except (ValueError, AttributeError):
            raise _Refused(400, "send a JSON object with intact or eve") from None
        if not isinstance(intact, bool | None) or not isinstance(eve, int | float | None):
            raise _Refused(400, "intact is true or false, eve a share from 0 to 1")
        line = self.server.line
        line.command(intact, None if eve is None else float(eve))
        return json.dumps({"simulated": True, "intact": line.intact, "eve": line.eve}).encode()


def _contained(keys: Sequence[DeliveredKey], status: int, message: str) -> bytes:
    if not keys:
        raise _Refused(status, message)
    return KeyContainer(tuple(keys)).to_json()


class KmePair:
    """Both key managers and the fibre between them; ``start`` … ``stop``."""

    def __init__(self, folder: Path, ports: tuple[int, int], line: Line, pause: float = 0.5) -> None:
        """``folder``: certificates; ``pause``: seconds between rounds when the stores are full or the fibre cut."""
        pki.make(folder, ("KME-A", "KME-B"))
        self.line, self._pause = line, pause
        self._stop = threading.Event()
        names = ("KME-A", "KME-B")
        self._servers = [
            _Server(port, line, name, other, _tls(folder, name))
            for port, name, other in zip(ports, names, reversed(names), strict=True)
        ]
        self.ports = tuple(server.server_address[1] for server in self._servers)

    def start(self) -> KmePair:
        """Begin to serve and to make keys."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def _run(self) -> None:
        while not self._stop.is_set():
            busy = self.line.step()
            self._stop.wait(0.02 if busy and not self.line.eve else self._pause)

    def stop(self) -> None:
        """Stop serving."""
        self._stop.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _tls(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(str(pki.certificate(folder, name)))
    context.load_verify_locations(str(folder / pki.AUTHORITY))
    return context


def main(arguments: Sequence[str]) -> None:
    """``FOLDER PORT_A PORT_B [KEYS]``; says its ports on one line and serves until its input closes."""
    folder, ports = Path(arguments[0]), (int(arguments[1]), int(arguments[2]))
    most = int(arguments[3]) if len(arguments) > 3 else 200
    line = Line(int.from_bytes(os.urandom(4), "big"), most_keys=most)
    pair = KmePair(folder, ports, line, pause=0.1).start()
    print(json.dumps({"ports": pair.ports}), flush=True)
    sys.stdin.read()
    pair.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
