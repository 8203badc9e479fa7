"""演示线路与对端（模拟）: key managers and two neighbour nodes of a demonstration city; elsewhere it does nothing."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.kernel import secrets

__all__ = ["LINKS", "SAE", "main", "peer_key", "port"]

SAE = "JINAN-GOV"
LINKS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("jn-qd", "qingdao", "济南—青岛政务链路", "Jinan–Qingdao government link", True),
    ("jn-ta", "taian", "济南—泰安政务链路", "Jinan–Tai'an government link", False),
)
"""Link, peer, Chinese and English name, whether a QKD line is installed."""

PEER_NAMES = {"qingdao": ("青岛市节点", "Node of Qingdao"), "taian": ("泰安市节点", "Node of Tai'an")}


def port(place: int) -> int:
    """Where the simulated parts listen: key managers 0 and 1, peers from 2."""
    return int(os.environ.get("QUANCHENG_QUANTUM_SIM_PORT", "8470")) + place


def peer_key(peer: str) -> MemoryKey:
    """The signing key of a simulated peer, in a file of its own."""
    secret = secrets.load_or_make_secret(Path(settings.HOME) / "quantum-sim" / f"{peer}.key")
    return MemoryKey.from_private(Algorithm.ML_DSA_44, hashlib.sha256(secret.encode()).digest())


def config(place: int) -> dict[str, Any]:
    """What ``link_peer.serve`` needs for one of ``LINKS``."""
    from quancheng.capabilities.quantum import link_client, pki

    link, peer, _zh, _en, quantum = LINKS[place]
    key = peer_key(peer)
    folder = link_client.tls_folder()
    kme = {
        "url": f"https://127.0.0.1:{port(1)}",
        "peer_sae": SAE,
        "certificate": str(pki.certificate(folder, peer.upper())),
        "authority": str(folder / pki.AUTHORITY),
    }
    return {
        "link": link,
        "name": peer,
        "peer": link_client.node_name(),
        "algorithm": str(key.algorithm),
        "private": key.private_bytes().hex(),
        "peer_key": to_jwk(link_client.node_key().public),
        "port": port(2 + place),
        "kme": kme if quantum else None,
    }


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
    from quancheng.capabilities.quantum import link_client, link_peer, pki
    from quancheng.capabilities.quantum.kme_line import Line
    from quancheng.capabilities.quantum.kme_peer import KmePair

    folder = pki.make(link_client.tls_folder(), (SAE, *(peer.upper() for _, peer, *_ in LINKS)))
    line = Line(int.from_bytes(os.urandom(4), "big"), most_keys=32)
    pair = KmePair(folder, (port(0), port(1)), line, pause=5.0).start()
    servers = [link_peer.serve(config(place)) for place in range(len(LINKS))]
    stop.wait()
    for server in servers:
        server.stop()
    pair.stop()
