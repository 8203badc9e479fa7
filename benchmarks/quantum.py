"""Quantum-safe links: secret bits of BB84, handshakes, records, keys over HTTPS; plain AES-GCM beside them.

``ratio``: our records over ``cryptography``'s AES-256-GCM alone on the same blocks in the same run.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness import benchmark, figure, spent

BLOCK = 64 * 1024


@benchmark("quantum", "BB84 secret bits, link handshakes, records against plain AES-GCM, QKD keys over HTTPS")
def run(scale: float) -> None:
    """Each part a second or two at scale 1."""
    _bb84(scale)
    _handshakes(scale)
    _records(scale)
    _keys(scale)
    _exchanges(scale)


def _bb84(scale: float) -> None:
    """Whole rounds: photons, sifting, Cascade, verification, amplification."""
    from quancheng.core.qkd import Channel, Outcome, run_round

    random = np.random.default_rng(1)
    for name, error in (("quiet", 0.015), ("noisy", 0.05)):
        with spent() as used:
            done = run_round(Channel(misalignment=error), max(500_000, round(5_000_000 * scale)), random)
        assert done.outcome is Outcome.KEY
        assert done.alice == done.bob
        figure(f"quantum_bb84_{name}_secret", done.secret_bits / used.cpu, "bits/CPU-s")
        figure(f"quantum_bb84_{name}_cascade", done.efficiency, "of Shannon's limit")


def _handshakes(scale: float) -> None:
    """Both sides in one process, a QKD key of the same name in hand."""
    from quancheng.core.keys import Algorithm, MemoryKey
    from quancheng.core.linkkey import Identity, Initiator, QkdKey, Responder

    key = QkdKey(uuid.uuid4(), os.urandom(32))
    for algorithm in (Algorithm.ES256, Algorithm.ML_DSA_44):
        mine, theirs = MemoryKey.generate(algorithm), MemoryKey.generate(algorithm)
        one = Identity("l", "a", mine, "b", theirs.public)
        other = replace(one, name="b", key=theirs, peer="a", peer_key=mine.public)
        count = max(20, round(500 * scale))
        with spent() as used:
            for _ in range(count):
                initiator = Initiator(one, key)
                responder = Responder(other, initiator.hello)
                last, _session = initiator.finish(responder.reply(key))
                responder.finish(last)
        figure(f"quantum_handshakes_{algorithm.lower()}", count / used.cpu, "both sides/CPU-s")


def _records(scale: float) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from quancheng.core.linkkey import Parts, Session, Strength, Suite, derive

    def pair(suite: Suite) -> tuple[Session, Session]:
        keys = derive(Parts(os.urandom(32), os.urandom(32), os.urandom(32)), os.urandom(32), suite)
        ours, theirs = (Session(keys, suite, Strength.FULL, "", None, side) for side in (True, False))
        return ours, theirs

    block, count = os.urandom(BLOCK), max(50, round(4_000 * scale))
    plain = AESGCM(os.urandom(32))
    numbers = iter(range(count))

    def bare() -> None:
        nonce = next(numbers).to_bytes(12, "big")
        plain.decrypt(nonce, plain.encrypt(nonce, block, b""), b"")

    floor = _rate(bare, count)
    figure("quantum_plain_aes_gcm", floor, "MB/CPU-s sealed and opened")
    for suite, times in ((Suite.AES_256_GCM, count), (Suite.SM4_GCM, max(20, count // 20))):
        one, other = pair(suite)
        rate = _rate(lambda one=one, other=other: other.open(one.seal(block)), times)  # type: ignore[misc]
        figure(f"quantum_records_{suite.lower()}", rate, "MB/CPU-s sealed and opened")
        if suite is Suite.AES_256_GCM:
            figure("quantum_records_ratio", rate / floor, "of plain AES-GCM")


def _rate(deed: Callable[[], object], count: int) -> float:
    with spent() as used:
        for _ in range(count):
            deed()
    return count * BLOCK / 1e6 / used.cpu


def _keys(scale: float) -> None:
    """ETSI GS QKD 014 over mutual TLS: a key fetched here, the same fetched there by its name."""
    from quancheng.capabilities.quantum import pki
    from quancheng.capabilities.quantum.kme_client import KmeAccess, KmeClient
    from quancheng.capabilities.quantum.kme_line import Line
    from quancheng.capabilities.quantum.kme_peer import KmePair

    count = max(20, round(600 * scale))
    with tempfile.TemporaryDirectory() as name:
        folder = pki.make(Path(name), ("a", "b"))
        pair = KmePair(folder, (0, 0), Line(1, most_keys=count, pulses=3_000_000)).start()
        clients = [
            KmeClient(
                KmeAccess(
                    f"https://127.0.0.1:{port}", other, pki.certificate(folder, me), folder / pki.AUTHORITY
                )
            )
            for port, me, other in zip(pair.ports, "ab", "ba", strict=True)
        ]
        while clients[0].status().stored_key_count < count:
            time.sleep(0.05)
        with spent() as used:
            for _ in range(count):
                key = clients[0].enc_keys()[0]
                assert clients[1].dec_keys([key.key_id])[0] == key
        pair.stop()
    figure(
        "quantum_kme_keys",
        count / used.wall,
        "keys/s wall, fetched at both ends, four TLS parties in one process",
    )


def _exchanges(scale: float) -> None:
    """Requests of 1 kB over a link on loopback: both nodes in this process."""
    from datetime import timedelta

    from quancheng.capabilities.quantum.caller import CallerSettings, LinkCaller
    from quancheng.capabilities.quantum.server import LinkServer, Served
    from quancheng.core.keys import Algorithm, MemoryKey
    from quancheng.core.linkkey import Identity, RekeyPolicy

    mine, theirs = MemoryKey.generate(Algorithm.ML_DSA_44), MemoryKey.generate(Algorithm.ML_DSA_44)
    one = Identity("l", "a", mine, "b", theirs.public)
    other = replace(one, name="b", key=theirs, peer="a", peer_key=mine.public)
    server = LinkServer(("127.0.0.1", 0), {"l": Served(other)}.get, lambda request, _session: request).start()
    policy = RekeyPolicy(timedelta(hours=1), 1 << 30, 1 << 40)
    link = LinkCaller(one, ("127.0.0.1", server.port), None, CallerSettings(policy))
    request, count = os.urandom(1024), max(50, round(5_000 * scale))
    link.exchange(request)
    with spent() as used:
        for _ in range(count):
            assert link.exchange(request).response == request
    link.drop()
    server.stop()
    figure(
        "quantum_exchanges",
        count / used.wall,
        "requests/s wall, one after the other, both nodes in one process",
    )
