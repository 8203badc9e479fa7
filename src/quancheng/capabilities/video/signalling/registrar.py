"""注册: who may speak (GB/T 28181 §9.1): challenge, digest, refresh, goodbye, and two that claim one code."""

from __future__ import annotations

from collections.abc import Callable

from quancheng.capabilities.video.signalling.directory import Line
from quancheng.capabilities.video.signalling.server import Server
from quancheng.capabilities.video.signalling.wire import Target
from quancheng.core.gb28181 import BadMessage, fields, ids
from quancheng.core.gb28181.digest import Algorithm, NonceBook, Verdict, challenge, credentials
from quancheng.core.gb28181.message import Request, Response
from quancheng.kernel import clock

__all__ = ["Registrar"]

_MAY_REGISTER = ("device", "lower")
_FRESH = 1.5
"""A code heard within so many intervals is in use: another place cannot take it over."""


class Registrar:
    """REGISTER. Nobody is known who was not registered by a person before."""

    def __init__(self, server: Server, key: bytes, *, stronger: bool = False) -> None:
        self._server = server
        self._nonces = NonceBook(key, lifetime=server.config.nonce_seconds)
        self._algorithms = (Algorithm.SHA256, Algorithm.MD5) if stronger else (Algorithm.MD5,)
        self.registered: list[Callable[[Line], None]] = []
        server.handlers["REGISTER"] = self.register

    def register(self, request: Request, source: Target) -> Response:
        """Answer one REGISTER."""
        server = self._server
        try:
            sender = fields.address(request.get("from")).uri.user
            line = server.directory.get(sender) if ids.is_code(sender) else None
            expires = self._expires(request)
        except BadMessage:
            return server.reply(request, source, 400)
        if line is None or line.peer.direction not in _MAY_REGISTER:
            server.counts["register:unknown"] += 1
            return server.reply(request, source, 403)
        refused = self._proven(request, source, line)
        if refused is not None:
            return refused
        if self._taken(line, source):
            server.counts["register:conflict"] += 1
            holder = line.target
            server.spawn(
                server.recorder.quietly(
                    server.recorder.tables.conflict, sender, f"{holder.host}" if holder else "", source.host
                )
            )
            return server.reply(request, source, 403)
        return self._accepted(request, source, line, expires)

    def _proven(self, request: Request, source: Target, line: Line) -> Response | None:
        """None when the digest is right; else the answer to give."""
        server, now = self._server, self._server.now()
        sent = request.get("authorization")
        stale = False
        if sent:
            try:
                proof = credentials(sent)
            except BadMessage:
                return server.reply(request, source, 400)
            keys = line.peer.keys
            verdict = Verdict.BAD
            if proof.username == line.peer.code and proof.algorithm in (*self._algorithms, Algorithm.SHA256):
                verdict = self._nonces.check(
                    line.peer.code,
                    proof,
                    "REGISTER",
                    lambda one: keys.get(one.value, ""),
                    now,
                    body=request.body,
                )
            server.counts[f"register:{verdict.value}"] += 1
            if verdict is Verdict.GOOD:
                return None
            if verdict is Verdict.BAD:
                return server.reply(request, source, 403)
            stale = True
        asked = [
            (
                "www-authenticate",
                challenge(server.config.domain, self._nonces.give(line.peer.code, now), one, stale=stale),
            )
            for one in self._algorithms
        ]
        return server.reply(request, source, 401, extra=asked)

    def _taken(self, line: Line, source: Target) -> bool:
        """Whether the code is in use from another host right now."""
        server = self._server
        held = line.target is not None and line.target.host != source.host
        fresh = (
            server.now() - server.presence.last(line.peer.code) < _FRESH * server.presence.settings.interval
        )
        return held and fresh and server.presence.online(line.peer.code)

    def _accepted(self, request: Request, source: Target, line: Line, expires: int) -> Response:
        server, now = self._server, self._server.now()
        date = clock.now().astimezone(clock.LOCAL).replace(tzinfo=None).isoformat(timespec="milliseconds")
        extra = [("date", date), ("expires", str(expires))]
        if expires == 0:
            server.presence.gone(line.peer.code, now)
            line.target, line.until = None, 0.0
            return server.reply(request, source, 200, extra=extra)
        fresh = line.target is None or line.target != source
        line.target, line.until = source, now + expires
        line.version = request.get("x-gb-ver")[:8]
        server.presence.heard(line.peer.code, now)
        contact = request.get("contact")
        if contact:
            extra.append(("contact", f"{contact.partition(';')[0]};expires={expires}"))
        if fresh:
            for listener in self.registered:
                listener(line)
        return server.reply(request, source, 200, extra=extra)

    def _expires(self, request: Request) -> int:
        """Seconds asked for, at most what is configured; raises BadMessage."""
        value = request.get("expires")
        if not value and request.get("contact"):
            value = fields.addresses(request.get("contact"))[0].params.get("expires", "")
        asked = int(value) if value.isascii() and value.isdigit() and len(value) < 11 else 3600
        return min(asked, self._server.config.register_seconds)
