"""链路应答方: answers links of peer nodes, opens their records, hands requests on, seals the answers.

One thread a connection, one session a connection. A record that does not hold ends the session: the
peer must prove itself anew. Nothing is answered in the clear but a reason.
"""

from __future__ import annotations

import http.client
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from quancheng.capabilities.quantum import wire
from quancheng.capabilities.quantum.caller import opened
from quancheng.capabilities.quantum.kme_client import KmeClient, KmeFailed, KmeReason
from quancheng.capabilities.quantum.values import SessionOpened, SessionRefused
from quancheng.core.linkkey import Hello, Identity, LinkFault, LinkReason, QkdKey, Responder, Session

__all__ = ["Handler", "HttpForward", "LinkServer", "Served", "answer_text"]

Handler = Callable[[bytes, Session], bytes]
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Served:
    """One link this node answers: who we are on it, and its key manager (None: no QKD line)."""

    identity: Identity
    kme: KmeClient | None = None


class LinkServer(socketserver.ThreadingTCPServer):
    """Listens for peers; ``start`` … ``stop``. ``find(link)`` gives what it answers for, or None."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        find: Callable[[str], Served | None],
        handler: Handler,
        told: Callable[[SessionOpened | SessionRefused], None] = lambda _: None,
        *,
        idle: float = 600.0,
        handshake: float = 10.0,
        still: Callable[[str], bool] = lambda _: True,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """``still``: whether a link is still to be answered, asked before each request; ``done``: called in a
        connection's thread when it ends (to give back what ``find`` borrowed)."""
        super().__init__(address, _Connection)
        self.find, self.handler, self.told = find, handler, told
        self.idle, self.handshake, self.still, self.done = idle, handshake, still, done
        self.room = threading.BoundedSemaphore(_CONNECTIONS)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> LinkServer:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A broken connection is no fault of the server."""


class _Connection(socketserver.BaseRequestHandler):
    server: LinkServer
    request: socket.socket

    def handle(self) -> None:
        if not self.server.room.acquire(blocking=False):
            return
        self._link = ""
        session: Session | None = None
        try:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.request.settimeout(self.server.handshake)
            session = self._session()
            self.request.settimeout(self.server.idle)
            self._serve(session)
        except LinkFault as fault:
            wire.refuse(self.request, fault.reason)
            where = str(self.client_address[0])
            self.server.told(SessionRefused(self._link, str(fault.reason), datetime.now(UTC), where))
        except OSError:
            return
        finally:
            if session is not None:
                session.erase()
            self.server.room.release()
            self.server.done()

    def _session(self) -> Session:
        hello = self._handshake()
        named = Hello.from_bytes(hello).link
        served = self.server.find(named)
        if served is None:
            raise LinkFault(LinkReason.OTHER_PARTY)
        self._link = named
        responder = Responder(served.identity, hello)
        wire.send(self.request, wire.Frame.HANDSHAKE, responder.reply(*_quantum(served.kme, responder)))
        session = responder.finish(self._handshake())
        wire.send(self.request, wire.Frame.RECORD, session.seal(b""))
        self.server.told(opened(named, session, datetime.now(UTC), "ANSWERED"))
        return session

    def _handshake(self) -> bytes:
        kind, body = wire.receive(self.request)
        if kind is not wire.Frame.HANDSHAKE:
            raise LinkFault(LinkReason.STEP)
        return body

    def _serve(self, session: Session) -> None:
        while True:
            kind, body = wire.receive(self.request)
            if kind is not wire.Frame.RECORD:
                raise LinkFault(LinkReason.STEP)
            request = session.open(body)
            if not self.server.still(self._link):
                raise LinkFault(LinkReason.ERASED)
            answer = self.server.handler(request, session) if request else b""  # nothing: a ping
            wire.send(self.request, wire.Frame.RECORD, session.seal(answer))


def _quantum(kme: KmeClient | None, responder: Responder) -> tuple[QkdKey | None, str]:
    """The key the initiator named, or why we cannot have it."""
    if responder.wanted is None:
        return None, ""
    if kme is None:
        return None, str(KmeReason.NO_LINE)
    try:
        key = kme.dec_keys([responder.wanted])[0]
    except KmeFailed as failed:
        return None, str(failed.reason)
    return QkdKey(key.key_id, key.key), ""


class HttpForward:
    """Hands requests that arrive over a link to an HTTP server beside us, under some addresses only.

    The upstream is told ``Quancheng-Link-Strength``, which from the peer is dropped. It is for people to
    see, not a proof: the upstream must check what it serves.
    """

    def __init__(self, host: str, port: int, allowed: tuple[str, ...], seconds: float = 10.0) -> None:
        self._host, self._port, self._allowed, self._seconds = host, port, allowed, seconds

    def __call__(self, request: bytes, session: Session) -> bytes:
        """One HTTP/1.1 request in, one response out; 400, 403, 502 of its own."""
        head, _, body = request.partition(b"\r\n\r\n")
        try:
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _version = first.split(" ")
            headers = dict(_header(line) for line in lines)
        except ValueError:
            return answer_text(400, "not an HTTP request")
        if method not in ("GET", "POST", "PUT") or not self._may(path):
            return answer_text(403, "this address is not offered over the link")
        kept = {name: value for name, value in headers.items() if name.lower() not in _OURS}
        kept["Quancheng-Link-Strength"] = str(session.strength)
        return self._forward(method, path, body, kept)

    def _may(self, path: str) -> bool:
        plain = path.split("?")[0]
        return ".." not in plain and "%" not in plain and plain.startswith(self._allowed)

    def _forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        line = http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        try:
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            return answer_text(502, "the node's service does not answer")
        finally:
            line.close()
        names = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
        return _response(answer.status, answer.reason, names, data)


_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "set-cookie"}
_OURS = {"connection", "content-length", "host", "transfer-encoding", "upgrade", "expect", "cookie"} | {
    "quancheng-link-strength"
}


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.replace("-", "").isalnum():
        raise ValueError(line)
    return name, value.strip()


def _response(status: int, reason: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answer_text(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    """A small HTTP response."""
    return _response(status, http.client.responses[status], [("Content-Type", kind)], text.encode())
