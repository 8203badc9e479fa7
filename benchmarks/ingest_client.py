"""The load of ``ingest-load``: raw sockets and epoll, many lines in one process.

``idle FILE N``: open N lines and hold them until stdin closes. ``load FILE RATE SECONDS``: the devices of FILE
send RATE readings a second with QoS 1 in bursts of ``BURST`` a line. Each prints one line of JSON. Lines come from
127.0.0.1 … 127.0.0.250, so that ports do not run out.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import ssl
import sys
import time
from pathlib import Path

BURST = 16
CROSSINGS = 2
"""Bursts a second whose last reading is above the limit of a rule (ordinary readings are below 100)."""
SOURCES = 250
LINES = 10_000
GIVE_UP = 60.0


class Line:
    """One device's line: what was sent when, and what came back."""

    __slots__ = ("code", "held", "next", "sent", "socket")

    def __init__(self, made: socket.socket, code: str) -> None:
        self.socket, self.code = made, code
        self.held = b""
        self.next = 1
        self.sent: dict[int, float] = {}


def open_lines(port: int, secrets: list[list[str]], number: int, secure: bool, copies: bool) -> list[Line]:
    """Open and sign in; several hundred at a time."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, number + 500), hard))
    context = ssl.create_default_context() if secure else None
    if context is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    lines: list[Line] = []
    for start in range(0, number, 200):
        part = []
        for place in range(start, min(number, start + 200)):
            code, secret = secrets[place % len(secrets)]
            made = socket.create_connection(
                ("127.0.0.1", port), 30, source_address=(f"127.0.0.{1 + place % SOURCES}", 0)
            )
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                made = context.wrap_socket(made)
            client = f"{code}-{place}" if copies else code
            made.sendall(_connect_as(client, code, secret))
            part.append(Line(made, code))
        for line in part:
            answer = line.socket.recv(4)
            if answer != b"\x20\x02\x00\x00":
                raise SystemExit(f"CONNACK {answer!r}")
        lines += part
    return lines


def _connect_as(client: str, code: str, secret: str) -> bytes:
    body = b"\x00\x04MQTT\x04\xc2\x0e\x10" + b"".join(
        len(one).to_bytes(2) + one for one in (client.encode(), code.encode(), secret.encode())
    )
    return (
        b"\x10"
        + (bytes((len(body),)) if len(body) < 128 else bytes((len(body) & 127 | 128, len(body) >> 7)))
        + body
    )


def _publication(line: Line, at: int, value: int) -> bytes:
    topic = f"d/{line.code}/up".encode()
    payload = b'{"t":%d,"v":{"v":%d.5}}' % (at, value)
    body = len(topic).to_bytes(2) + topic + line.next.to_bytes(2) + payload
    return b"\x32" + bytes((len(body),)) + body


def load(lines: list[Line], rate: int, seconds: float) -> dict[str, float]:
    """Send bursts by the clock; note when each acknowledgement comes."""
    chosen = selectors.DefaultSelector()
    for line in lines:
        line.socket.setblocking(False)
        chosen.register(line.socket, selectors.EVENT_READ, line)
    delays: list[float] = []
    sent = acked = turn = crossings = 0
    began = time.perf_counter()
    last = began
    base = time.time_ns() // 1_000_000 - 60_000
    while True:
        now = time.perf_counter()
        if now - began < seconds:
            while sent + BURST <= (now - began) * rate:
                line = lines[turn % len(lines)]
                if len(line.sent) <= 4 * BURST:
                    crossing = crossings < (now - began) * CROSSINGS
                    _burst(line, base + turn // len(lines) * BURST, now, crossing)
                    crossings += crossing
                    sent += BURST
                turn += 1
        elif acked >= sent or now - last > GIVE_UP:
            break
        for key, _ in chosen.select(0.002):
            got = _acks(key.data, delays)
            acked += got
            last = time.perf_counter() if got else last
    delays.sort()
    end = time.perf_counter()

    def share(one: float) -> float:
        return 1000 * delays[min(len(delays) - 1, int(one * len(delays)))] if delays else 0.0

    return {
        "sent": sent,
        "acked": acked,
        "crossings": crossings,
        "seconds": end - began,
        "p50": share(0.5),
        "p95": share(0.95),
        "p99": share(0.99),
    }


def _burst(line: Line, at: int, now: float, crossing: bool) -> None:
    out = []
    for step in range(BURST):
        value = 1000 if crossing and step == BURST - 1 else line.next % 97
        out.append(_publication(line, at + step, value))
        line.sent[line.next] = now
        line.next = line.next % 65_535 + 1
    line.socket.setblocking(True)
    line.socket.sendall(b"".join(out))
    line.socket.setblocking(False)


def _acks(line: Line, delays: list[float]) -> int:
    data = line.held
    try:
        while True:  # TLS may hold more than one record, of which epoll knows nothing
            part = line.socket.recv(65_536)
            if not part:
                raise SystemExit("the gateway hung up")
            data += part
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    whole = len(data) // 4 * 4
    line.held = data[whole:]
    now = time.perf_counter()
    for at in range(0, whole, 4):
        if data[at] != 0x40:
            raise SystemExit(f"not a PUBACK: {data[at : at + 4]!r}")
        delays.append(now - line.sent.pop(int.from_bytes(data[at + 2 : at + 4])))
    return whole // 4


def main() -> None:
    """See above."""
    words = [one for one in sys.argv[1:] if one != "--tls"]
    secure = "--tls" in sys.argv
    port, what, secrets = int(words[0]), words[1], json.loads(Path(words[2]).read_text(encoding="utf-8"))
    began = time.perf_counter()
    if what == "idle":
        lines = open_lines(port, secrets, int(words[3]), secure, copies=True)
        print(json.dumps({"lines": len(lines), "seconds": time.perf_counter() - began}), flush=True)
        sys.stdin.read()
        return
    lines = open_lines(port, secrets, min(LINES, len(secrets)), secure, copies=False)
    print(json.dumps({"lines": len(lines)}), flush=True)
    sys.stdin.readline()  # begin when told: signing in is not part of the load
    print(json.dumps(load(lines, int(words[3]), float(words[4]))), flush=True)


if __name__ == "__main__":
    main()
