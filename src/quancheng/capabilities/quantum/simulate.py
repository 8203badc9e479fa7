"""演示数据: two links to simulated neighbours, error rates of really executed rounds, sealed documents (模拟)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quantum import actions, link_client, pki
from quancheng.capabilities.quantum.models import Link, Peer, SealedDocument
from quancheng.capabilities.quantum.simulated_component import LINKS, PEER_NAMES, SAE, peer_key, port
from quancheng.capabilities.quantum.values import Lap, LineState
from quancheng.core.keys import to_jwk
from quancheng.core.qkd import Channel, Eavesdropper, run_round
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

ROUNDS, LISTENED = 40, range(14, 18)
"""Rounds of the past shown in the curve; in some of them somebody listened."""

DOCUMENTS = (
    (
        "jn-dsj-2026-031",
        "政务外网割接值班安排（模拟）",
        "11月28日零时至四时割接，期间两条量子链路由值班员人工盯守。",
    ),
    (
        "jn-dsj-2026-032",
        "密码应用安全性评估整改清单（模拟）",
        "一、换装主密钥。二、补齐备份恢复演练记录。",
    ),
)


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    call = Call(Actor.system("quantum", simulated=True))
    pki.make(link_client.tls_folder(), (SAE, *(peer.upper() for _, peer, *_ in LINKS)))
    for place in range(len(LINKS)):
        _link(call, place)
    _documents(call)
    return f"{Link.objects.count()}条链路，{SealedDocument.objects.count()}份加密文档"


def _link(call: Call, place: int) -> None:
    code, peer, zh, en, quantum = LINKS[place]
    if not Peer.objects.filter(code=peer).exists():
        name = dict(zip(("zh", "en"), PEER_NAMES[peer], strict=True))
        key = to_jwk(peer_key(peer).public)
        actions.register_peer(call, code=peer, name=name, public_key=key, simulated=True)
    if Link.objects.filter(code=code).exists():
        return
    line = {"kme_url": f"https://127.0.0.1:{port(0)}", "kme_identity": SAE, "kme_peer": peer.upper()}
    actions.register_link(
        call,
        code=code,
        name={"zh": zh, "en": en},
        peer=peer,
        address=f"127.0.0.1:{port(2 + place)}",
        simulated=True,
        **(line if quantum else {}),
    )
    actions.open_link(call, code=code)
    if quantum:
        _past(call, code)


def _past(call: Call, code: str) -> None:
    """Yesterday's rounds, executed now: quiet, listened to, quiet again; each report as it would have come."""
    random, start = np.random.default_rng(13), clock.now() - timedelta(hours=24)
    laps = []
    for number in range(ROUNDS):
        eve = Eavesdropper(0.7) if number in LISTENED else None
        done = run_round(Channel(), 100_000, random, eve=eve)
        at = start + timedelta(minutes=30 * number)
        laps.append(Lap(number, at, done.qber, str(done.outcome), done.secret_bits))
    for until in (LISTENED.start, LISTENED.stop, ROUNDS):
        state = LineState(24, 32, 0.11, tuple(laps[:until]), simulated=True)
        actions.report_line(Call(call.actor, at=laps[until - 1].at), code=code, line=state)


def _documents(call: Call) -> None:
    department = people.department("jn-data")
    for number, title, text in DOCUMENTS:
        if not SealedDocument.objects.filter(number=number).exists():
            actions.store_document(
                call, number=number, title=title, text=text, department_id=department.pk, simulated=True
            )
