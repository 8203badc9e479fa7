"""Background work: sign heads and have them witnessed, look at members' logs.

The process ``notary`` does both every few seconds; the jobs stand by for a city that does not run it."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.chain import actions, alliance, anchoring, nodekeys
from quancheng.capabilities.chain.models import Head, Shard
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call

SHARDS = 2
"""Heads are made of this month's shard and the one before: late entries of the last minute."""


@jobs.every("chain.head", seconds=60)
def head(handle: Any = None) -> dict[str, Any]:
    """A head for what was anchored since the last, and witnesses for it."""
    made = 0
    for shard in Shard.objects.order_by("-opened_at")[:SHARDS]:
        last = Head.objects.filter(shard=shard).order_by("-size").first()
        if shard.size == 0 or (last is not None and last.size == shard.size and not _wanting(last)):
            continue
        alliance.witness_head(actions.make_head(Call.system("chain"), shard=shard))
        made += 1
    return {"heads": made}


def _wanting(last: Head) -> bool:
    """A head that still lacks witnesses is asked for again."""
    return last.witnesses < len(nodekeys.members())


@jobs.every("chain.watch", seconds=300)
def watch(handle: Any = None) -> dict[str, Any]:
    """Compare what members publish with what they had cosigned here."""
    return {member.name: alliance.watch(member) for member in nodekeys.members()}


@jobs.every("chain.anchor", seconds=10)
def anchor(handle: Any = None) -> dict[str, Any]:
    """Write witnessed checkpoints, grants, withdrawals and uses to the alliance chain, when there is one."""
    if not anchoring.address():
        return {}
    engine = anchoring.connect()
    return {"engine": engine.name, **anchoring.push(engine)}
