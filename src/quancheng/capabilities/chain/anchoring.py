"""锚定往来: drive the queue of steps into the contract. Network work, outside transactions.

Resumable: what was sent but not written down is found on the chain (``stands``); what nobody mined is sent
again. Moving engines: another address is another engine, whose queue begins with the log's first entry.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from quancheng.capabilities.chain import actions
from quancheng.capabilities.chain.anchor_client import AnchorClient, EngineFailed, contract
from quancheng.capabilities.chain.models import AnchorTx, Head
from quancheng.core.anchor import origin_id
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import PartnerFailed

VARIABLE = "QUANCHENG_CHAIN_ANCHOR_URL"
BATCH = 200
OPEN = (AnchorTx.State.WAITING, AnchorTx.State.SENT)


def address() -> str:
    """Node of the alliance chain, with ``#0x…`` where the contract is given; empty: none."""
    return str(getattr(settings, VARIABLE, os.environ.get(VARIABLE, "")))


@dataclass(frozen=True, slots=True)
class Engine:
    """A contract we write to, by the name rows carry."""

    name: str
    client: AnchorClient


def connect(*, again: bool = False) -> Engine:
    """The contract of this chain: the one given, the last one deployed here, or a new one.

    ``again``: deploy anew where the last one is gone. Raises PartnerFailed.
    """
    url, _hash, given = address().partition("#")
    client = AnchorClient(url, seconds=float(rulebook.find("chain.ask_seconds").integer()))
    try:
        return _connected(client, given.lower(), again)
    except EngineFailed as failed:
        raise _told(url, failed) from None


def _connected(client: AnchorClient, given: str, again: bool) -> Engine:
    chain = client.chain()
    known = AnchorTx.objects.filter(kind=AnchorTx.Kind.DEPLOY, engine__startswith=f"{chain}:")
    last = known.order_by("-pk").first()
    client.address = given or (last.engine.partition(":")[2] if last else "")
    if client.address and not client.deployed():
        if given or not again:
            raise EngineFailed(f"no contract at {client.address}")
        client.address = ""
    deployed = not client.address
    if deployed:
        client.deploy()
    name = f"{chain}:{client.address.lower()}"
    if last is None or last.engine != name:
        actions.note_engine(Call.system("chain"), engine=name, deployed=deployed)
    return Engine(name, client)


def _told(url: str, failed: EngineFailed) -> PartnerFailed:
    return PartnerFailed(
        Text(f"联盟链节点 {url} 不可用：{failed}", f"The alliance chain's node {url} failed: {failed}"),
        todo=Text(
            f"检查节点与变量 {VARIABLE}；换了链或合约不在了，运行 quancheng chain replay-anchor。",
            f"Check the node and {VARIABLE}; after a change of chain, or when the contract is gone, "
            "run quancheng chain replay-anchor.",
        ),
    )


def push(engine: Engine, *, wait: float = 0.0) -> dict[str, int]:
    """Queue what is new, send it, settle what is mined; wait up to ``wait`` seconds for the rest.

    Raises PartnerFailed; what was done until then is kept.
    """
    call = Call.system("chain")
    queued = actions.queue_anchors(call, engine=engine.name)
    until = time.monotonic() + wait
    try:
        sent = 0
        while True:
            _settle(call, engine)
            sent += _send(call, engine)
            left = AnchorTx.objects.filter(engine=engine.name, state__in=OPEN).count()
            if not left or time.monotonic() >= until:
                return {"queued": queued, "sent": sent, "left": left}
            time.sleep(0.1)
    except EngineFailed as failed:
        raise _told(engine.client.url, failed) from None


def _send(call: Call, engine: Engine) -> int:
    rows = list(
        AnchorTx.objects.filter(engine=engine.name, state=AnchorTx.State.WAITING).order_by("pk")[:BATCH]
    )
    if rows:
        actions.note_sent(
            call, rows=rows, transactions=engine.client.send_data([bytes(one.data) for one in rows])
        )
    return len(rows)


def _settle(call: Call, engine: Engine) -> None:
    """Those mined; those refused, unless they stood there before; those lost are sent again."""
    rows = list(
        AnchorTx.objects.filter(engine=engine.name, state=AnchorTx.State.SENT)
        .select_related("head__shard")
        .order_by("pk")[: 5 * BATCH]
    )
    outcomes = engine.client.outcomes([one.transaction for one in rows])
    done, refused = [], []
    for row in rows:
        outcome = outcomes.get(row.transaction)
        if outcome is None:
            continue
        if outcome.taken:
            done.append((row, outcome))
            continue
        step = contract().decode(bytes(row.data))
        if engine.client.stands(step) or _grown_over(engine, row):
            done.append((row, None))
        else:
            refused.append((row, engine.client.refusal(step) or "REVERTED"))
    if done or refused:
        actions.settle_anchors(call, done=done, refused=refused)
    _again(call, engine, [one for one in rows if one.transaction not in outcomes])


def _grown_over(engine: Engine, row: AnchorTx) -> bool:
    """Whether a later head of the same log stands already: one sent twice comes after its successor."""
    if row.head is None:
        return False
    size, root = engine.client.head(origin_id(row.head.shard.origin))
    later = Head.objects.filter(shard=row.head.shard, size=size).first() if size > row.head.size else None
    return later is not None and bytes(later.root) == root


def _again(call: Call, engine: Engine, rows: Sequence[AnchorTx]) -> None:
    """Send once more what no block took for long: a node that restarted has forgotten it. Twice is once."""
    before = clock.now() - timedelta(seconds=rulebook.find("chain.anchor_again_seconds").integer())
    lost = [one for one in rows if one.sent_at is not None and one.sent_at < before][:BATCH]
    if lost:
        actions.note_sent(
            call, rows=lost, transactions=engine.client.send_data([bytes(one.data) for one in lost])
        )
