"""Two ends of a link for stories."""

from __future__ import annotations

import uuid
from dataclasses import replace

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.linkkey import Identity, Initiator, QkdKey, Responder, Session, Strength, Suite

ALICE = MemoryKey.generate(Algorithm.ES256)
BOB = MemoryKey.generate(Algorithm.ML_DSA_44)
QKD = QkdKey(uuid.UUID("bc490419-7d60-487f-adc1-4ddcc177c139"), bytes(range(32)))


def ends(
    *, suites: tuple[Suite, ...] = (Suite.AES_256_GCM,), weakest: Strength = Strength.POST_QUANTUM
) -> tuple[Identity, Identity]:
    alice = Identity("jn-qd", "jinan", ALICE, "qingdao", BOB.public, suites, weakest)
    return alice, replace(alice, name="qingdao", key=BOB, peer="jinan", peer_key=ALICE.public)


def shake(
    one: Identity, other: Identity, mine: QkdKey | None = QKD, theirs: QkdKey | None = QKD
) -> tuple[Session, Session]:
    """A whole handshake; ``mine`` and ``theirs``: what the two key managers gave."""
    initiator = Initiator(one, mine, "" if mine else "KME_UNREACHABLE")
    responder = Responder(other, initiator.hello)
    reply = responder.reply(theirs if mine else None, "" if theirs else "KEY_UNKNOWN")
    last, session = initiator.finish(reply)
    return session, responder.finish(last)
