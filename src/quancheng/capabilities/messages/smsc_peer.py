"""参考短信网关 (模拟): a CMPP 3.0 gateway as a program of its own, for tests and demonstrations.

It checks the login, answers submissions, joins the parts of a text as a handset does and reports. On
demand it throttles, refuses a number, loses reports, says nothing, or cuts the line after so many texts.
"""

from __future__ import annotations

import hmac
import socket
import threading
from collections import defaultdict
from dataclasses import dataclass, field

from quancheng.core.cmpp import (
    ActiveTest,
    ActiveTestResp,
    CmppError,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Message,
    Part,
    Pdu,
    Report,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    decode,
    encode,
    gateway_digest,
    joined,
    login_digest,
    split_stream,
)

__all__ = ["Naughty", "SmscPeer"]


@dataclass(slots=True)
class Naughty:
    """捣乱. ``refuse``: number → result; ``throttle``: so many answers are 8; ``cut_after``: texts until the
    line is cut before the answer; ``no_reports``; ``status``: number → what the report says."""

    refuse: dict[str, int] = field(default_factory=dict)
    throttle: int = 0
    cut_after: int = 0
    no_reports: bool = False
    silent: bool = False
    early_reports: bool = False
    status: dict[str, str] = field(default_factory=dict)


class SmscPeer:
    """A gateway on a free port of this machine. ``texts``: what handsets read, by number."""

    def __init__(self, source: str, secret: str, port: int = 0) -> None:
        self.source, self.secret = source, secret
        self.naughty = Naughty()
        self.texts: dict[str, list[str]] = defaultdict(list)
        self.submitted: list[Submit] = []
        self.logins = 0
        self._parts: dict[tuple[str, int], list[Part]] = defaultdict(list)
        self._next = 1
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    def stop(self) -> None:
        """Close everything."""
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Cut all lines, as a cable would."""
        for line in self._lines:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._lines.clear()

    def say(self, sender: str, text: str) -> None:
        """A handset sends a text to the city."""
        data = text.encode("utf-16-be")
        for line in self._lines:
            line.sendall(encode(Pdu(self._number(), Deliver(self._number(), "10690000", sender, data))))

    def _number(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        buffer, inside = bytearray(), False
        try:
            while data := line.recv(65536):
                buffer += data
                for one in split_stream(buffer):
                    pdu = decode(one)
                    if isinstance(pdu.message, Connect):
                        inside = self._login(line, pdu.sequence, pdu.message)
                    elif not inside or not self._answer(line, pdu):
                        return
        except (OSError, CmppError):
            return
        finally:
            line.close()

    def _login(self, line: socket.socket, sequence: int, said: Connect) -> bool:
        expected = login_digest(self.source, self.secret, said.moment)
        right = said.source == self.source and hmac.compare_digest(expected, said.digest)
        status = 0 if right else 3
        answer = ConnectResp(status, gateway_digest(status, said.digest, self.secret))
        line.sendall(encode(Pdu(sequence, answer)))
        self.logins += right
        return right

    def _answer(self, line: socket.socket, pdu: Pdu) -> bool:
        """False ends the line."""
        if self.naughty.silent:
            return True
        answer: Message | None = None
        match pdu.message:
            case Submit():
                return self._take(line, pdu.sequence, pdu.message)
            case ActiveTest():
                answer = ActiveTestResp()
            case Terminate():
                answer = TerminateResp()
            case DeliverResp() | ActiveTestResp():
                return True
        if answer is not None:
            line.sendall(encode(Pdu(pdu.sequence, answer)))
        return not isinstance(pdu.message, Terminate)

    def _take(self, line: socket.socket, sequence: int, text: Submit) -> bool:
        self.submitted.append(text)
        if self.naughty.cut_after:
            self.naughty.cut_after -= 1
            if not self.naughty.cut_after:
                line.shutdown(socket.SHUT_RDWR)
                return False
        number, to = self._number(), text.to[0]
        result = self.naughty.refuse.get(to, 0)
        if self.naughty.throttle:
            self.naughty.throttle -= 1
            result = 8
        answer = encode(Pdu(sequence, SubmitResp(number, result)))
        told = b""
        if result == 0:
            self._join(to, text)
            if text.report and not self.naughty.no_reports:
                told = self._report(number, to)
        line.sendall(told + answer if self.naughty.early_reports else answer + told)
        return True

    def _join(self, to: str, text: Submit) -> None:
        part = Part(text.content, text.format, text.header, text.part, text.parts)
        reference = text.content[3] if text.header else -self._next
        kept = self._parts[to, reference]
        kept.append(part)
        if len({one.part for one in kept}) == text.parts:
            self.texts[to].append(joined(tuple(kept)))
            del self._parts[to, reference]

    def _report(self, number: int, to: str) -> bytes:
        status = self.naughty.status.get(to, "DELIVRD")
        report = Report(number, status, "2611231020", "2611231021", to, number & 0xFFFFFFFF)
        return encode(Pdu(self._number(), Deliver(self._number(), "10690000", to, report=report)))
