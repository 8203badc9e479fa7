"""Cameras at the signalling: registrations with digest and a keep-alive a minute each, by UDP on loopback.

The server runs in a process of its own with tables in memory (a keep-alive never reaches a table); the
loader is lean and unmeasured: it sends prepared datagrams and counts answers. While keep-alives run, one
camera in twenty flaps: it says goodbye and registers again every few seconds. What the city is told of the
steady ones is counted apart: each of those would be a false offline event.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import time
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.harness import benchmark, figure, fresh_home

CAMERAS, SECONDS, RATE = 150_000, 120.0, 2_500
FLAPPING = 20
"""One camera in so many flaps."""
FLAP_SECONDS = 30.0
"""From one goodbye of a flapping camera to the next; spread so that the rate is even."""
PASSWORD = "benchmark"
REALM, CENTRE = "3701000000", "37010000002000000001"
WINDOW = 400


@benchmark("video-signalling", "150,000 cameras: register with digest, keep alive, flapping", "loopback UDP")
def run(scale: float) -> None:
    """``scale`` 1: 150,000 cameras, keep-alives for 40 s, then for two minutes with one camera in twenty flapping.

    Always at the whole city's 2,500 keep-alives a second.
    """
    fresh_home()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    number, seconds = max(100, int(CAMERAS * scale)), max(5.0, SECONDS * scale)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=_serve, args=(there, number), daemon=True)
    server.start()
    port = here.recv()
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    link.bind(("127.0.0.1", 0))
    link.connect(("127.0.0.1", port))
    link.settimeout(2.0)
    try:
        _register(here, link, number)
        _steady(here, link, number, seconds / 3)
        _keepalive(here, link, number, seconds)
    finally:
        here.send("stop")
        server.join(20)
    link.close()


def _codes(number: int) -> list[str]:
    return [f"3701020000131{serial:07d}" for serial in range(number)]


def _cpu(here: Connection) -> dict[str, Any]:
    here.send("figures")
    found: dict[str, Any] = here.recv()
    return found


def _register(here: Connection, link: socket.socket, number: int) -> None:
    from quancheng.core.gb28181 import digest, message

    before, started, good = _cpu(here), time.perf_counter(), 0
    names = _codes(number)
    for at in range(0, number, WINDOW):
        part = names[at : at + WINDOW]
        for name in part:
            link.send(_message("REGISTER", name, 1, link))
        challenges = {}
        for raw in _receive(link, len(part)):
            found = message.parse(raw)
            challenges[found.call_id[1:21]] = found.get("www-authenticate")
        for name, asked in challenges.items():
            proof = digest.authorization(
                asked, username=name, password=PASSWORD, method="REGISTER", uri=f"sip:{CENTRE}@{REALM}"
            )
            link.send(_message("REGISTER", name, 2, link, f"Authorization: {proof}\r\n"))
        good += sum(b" 200 " in raw[:20] for raw in _receive(link, len(challenges)))
    wall, after = time.perf_counter() - started, _cpu(here)
    figure("video_registered", good, "cameras")
    figure("video_registrations_lost", number - good, "cameras")
    figure("video_registration_cpu", 1e6 * (after["cpu"] - before["cpu"]) / max(good, 1), "µs")
    figure("video_registrations", good / wall, "cameras/s")


def _drive(
    here: Connection, link: socket.socket, names: list[str], flapper: _Flapper, seconds: float
) -> tuple[int, int, float, dict[str, Any]]:
    """Keep-alives at the city's rate: how many went out, were answered, CPU seconds of the server, its figures."""
    before, started, sent, got = _cpu(here), time.perf_counter(), 0, 0
    link.setblocking(False)
    while (elapsed := time.perf_counter() - started) < seconds:
        for _ in range(min(int(elapsed * RATE) - sent, WINDOW)):
            link.send(_keepalive_of(names[sent % len(names)], sent, link))
            sent += 1
        flapper.due(elapsed)
        got += _drain(link, flapper)
        time.sleep(0.002)
    until = time.perf_counter() + 2
    while got < sent and time.perf_counter() < until:
        got += _drain(link, flapper)
        time.sleep(0.005)
    after = _cpu(here)
    return sent, got, after["cpu"] - before["cpu"], after


def _steady(here: Connection, link: socket.socket, number: int, seconds: float) -> None:
    """Every camera there and well: what the city costs on an ordinary day."""
    sent, got, cpu, _ = _drive(here, link, _codes(number), _Flapper([], link), seconds)
    figure("video_steady_lost", sent - got, "messages")
    figure("video_steady_cpu", 1e6 * cpu / max(sent, 1), "µs")
    figure("video_steady_share", 100 * cpu / seconds, "% of a core")


def _keepalive(here: Connection, link: socket.socket, number: int, seconds: float) -> None:
    names = _codes(number)
    steady, flapping = [name for name in names if not _flaps(name)], [name for name in names if _flaps(name)]
    flapper = _Flapper(flapping, link)
    sent, got, cpu, after = _drive(here, link, steady, flapper, seconds)
    figure("video_keepalives", sent / seconds, "msg/s")
    figure("video_keepalives_lost", sent - got, "messages")
    figure("video_keepalive_cpu", 1e6 * cpu / max(sent, 1), "µs")
    figure("video_keepalive_share", 100 * cpu / seconds, "% of a core")
    figure("video_online", after["online"], "cameras")
    figure("video_flapping", len(flapping), "cameras")
    figure("video_flaps", flapper.done, "goodbyes and returns answered")
    figure("video_false_offline", after["false"], "events of cameras that never went")
    figure("video_status_changes", after["changes"], "changes")
    figure("video_changes_of_flapping", after["flapping"], "changes told")
    figure("video_memory", after["memory"] / 2**20, "MiB")


def _flaps(name: str) -> bool:
    return int(name[-7:]) % FLAPPING == 0


class _Flapper:
    """Cameras that leave and come back: REGISTER, challenge, proof with Expires 0 and 3600 in turn."""

    def __init__(self, names: list[str], link: socket.socket) -> None:
        self._names, self._link = names, link
        self._turn = 0
        self._leaving: dict[str, bool] = {}
        self.done = 0

    def due(self, elapsed: float) -> None:
        """Begin what is due by now."""
        whole = int(elapsed * 2 * len(self._names) / FLAP_SECONDS)
        while self._turn < whole:
            name = self._names[self._turn % len(self._names)]
            self._leaving[name] = self._turn // len(self._names) % 2 == 0
            self._send(name)
            self._turn += 1

    def _send(self, name: str, proof: str = "") -> None:
        self._link.send(
            _message("REGISTER", name, 10_000_000 + 2 * self._turn + bool(proof), self._link, proof,
                     expires=0 if self._leaving[name] else 3600)
        )  # fmt: skip

    def answered(self, raw: bytes) -> None:
        """A challenge is met, a final answer counted."""
        from quancheng.core.gb28181 import digest, message

        found = message.parse(raw)
        name = found.call_id[1:21]
        if found.get("www-authenticate"):
            proof = digest.authorization(
                found.get("www-authenticate"), username=name, password=PASSWORD, method="REGISTER",
                uri=f"sip:{CENTRE}@{REALM}",
            )  # fmt: skip
            self._send(name, f"Authorization: {proof}\r\n")
        elif b" 200 " in raw[:20]:
            self.done += 1


def _drain(link: socket.socket, flapper: _Flapper) -> int:
    """Answers to keep-alives; those to registrations go to the flapper."""
    got = 0
    try:
        while True:
            raw = link.recv(4096)
            if b" REGISTER\r\n" in raw:
                flapper.answered(raw)
            else:
                got += b" 200 " in raw[:20]
    except BlockingIOError:
        return got


def _receive(link: socket.socket, number: int) -> list[bytes]:
    found: list[bytes] = []
    try:
        while len(found) < number:
            found.append(link.recv(4096))
    except TimeoutError:
        return found
    return found


def _message(
    method: str,
    name: str,
    number: int,
    link: socket.socket,
    extra: str = "",
    body: str = "",
    expires: int = 3600,
) -> bytes:
    host, port = link.getsockname()
    return (
        f"{method} sip:{CENTRE}@{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{name}{number}\r\n"
        f"From: <sip:{name}@{REALM}>;tag={number}\r\nTo: <sip:{name}@{REALM}>\r\nCall-ID: c{name}{number}@{host}\r\n"
        f"CSeq: {number} {method}\r\nContact: <sip:{name}@{host}:{port}>\r\nMax-Forwards: 70\r\nUser-Agent: loader\r\n"
        f"{extra}Expires: {expires}\r\nContent-Type: Application/MANSCDP+xml\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _keepalive_of(name: str, serial: int, link: socket.socket) -> bytes:
    body = (
        f'<?xml version="1.0" encoding="GB2312"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>{serial}</SN>\r\n'
        f"<DeviceID>{name}</DeviceID>\r\n<Status>OK</Status>\r\n</Notify>\r\n"
    )
    return _message("MESSAGE", name, serial + 10, link, "", body)


# -- the server's process ---------------------------------------------------------------------
class _Tables:
    """The city in memory: the figures are those of the signalling alone."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.told = self.false = self.flapping = 0

    def peers(self, since: datetime | None) -> tuple[list[Any], datetime | None]:
        from quancheng.capabilities.video.values import Peer
        from quancheng.core.gb28181.digest import Algorithm, secret

        if self.told or since is not None:
            return [], since
        return [
            Peer(name, "device", {"MD5": secret(name, REALM, PASSWORD, Algorithm.MD5)})
            for name in _codes(self._number)
        ], datetime.now().astimezone()

    def settings(self) -> Any:
        from quancheng.core.gb28181.presence import Settings

        return Settings()

    def changes(self, changes: Any) -> int:
        self.told += len(changes)
        self.flapping += sum(_flaps(one.peer) for one in changes)
        self.false += sum(not one.online and not _flaps(one.peer) for one in changes)
        return len(changes)

    def restarted(self) -> int:
        return 0

    def online(self) -> list[str]:
        return []


def _serve(link: Connection, number: int) -> None:
    import logging

    import structlog
    import uvloop

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    uvloop.run(_main(link, number))


async def _main(link: Connection, number: int) -> None:
    import resource

    from quancheng.capabilities.video.config import Config
    from quancheng.capabilities.video.signalling.component import Signalling

    tables: Any = _Tables(number)
    one = Signalling(Config(port=0), tables, key=b"benchmark")
    link.send(await one.start())
    while True:
        asked = await asyncio.to_thread(link.recv)
        if asked == "stop":
            break
        used = os.times()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        link.send({"cpu": used.user + used.system, "online": one.server.presence.counts()[0], "changes": tables.told,
                   "false": tables.false, "flapping": tables.flapping,
                   "memory": memory})  # fmt: skip
    await one.stop()
