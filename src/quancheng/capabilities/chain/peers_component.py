"""演示联盟: three reference cities beside a demonstration city; in a real city it does nothing."""

from __future__ import annotations

import hashlib
import os
import signal
import threading

from django.conf import settings

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.text import Text

CITIES = (
    ("zibo", Text("淄博（模拟）", "Zibo (simulated)")),
    ("taian", Text("泰安（模拟）", "Tai'an (simulated)")),
    ("dezhou", Text("德州（模拟）", "Dezhou (simulated)")),
)


def first_port() -> int:
    """Ports of the three, one after another, on this machine only."""
    return int(os.environ.get("QUANCHENG_CHAIN_PEER_PORT", "8095"))


def key_of(name: str, use: str) -> MemoryKey:
    """A lasting key of a simulated city, from this city's own secret: it is the same after a restart."""
    seed = hashlib.sha256(f"{settings.SECRET_KEY}:chain-peer:{name}:{use}".encode()).digest()
    return MemoryKey.from_private(Algorithm.EDDSA, seed)


def main() -> None:
    """Serve until told to stop."""
    import django

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    if not settings.DEMO:
        stop.wait()
        return
    django.setup()
    from quancheng.capabilities.chain import nodekeys
    from quancheng.capabilities.chain.city_peer import City, start

    ours = nodekeys.log_key()
    servers = []
    for place, (name, _title) in enumerate(CITIES):
        city = City(name, log=key_of(name, "log"), witness=key_of(name, "witness"))
        city.logs[ours.name] = ours
        city.grow(3)
        servers.append(start(city, first_port() + place)[0])
    stop.wait()
    for server in servers:
        server.shutdown()
