"""Background work: sign heads and have them witnessed, look at members' logs.

The process ``notary`` does both every few seconds; the jobs stand by for a city that does not run it."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.chain import actions, alliance, anchoring, nodekeys, watching
from quancheng.capabilities.chain.models import Head, Shard
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call

SHARDS = 2
"""Heads are made of this month's shard and the one before: late entries of the last minute."""


@jobs.every("chain.head", seconds=60)
def head(handle: Any = None) -> dict[str, Any]:
    """A head for what was anchored since the last, and witnesses for it."""
    made = 0
    for place, shard in enumerate(Shard.objects.exclude(size=0).order_by("-opened_at")[:SHARDS]):
        last = Head.objects.filter(shard=shard).order_by("-size").first()
        if last is None or last.size != shard.size:
            alliance.witness_head(actions.make_head(Call.system("chain"), shard=shard))
            made += 1
        else:
            _asked_again(last, beat=place == 0)
    return {"heads": made}


def _asked_again(last: Head, *, beat: bool) -> None:
    """Who lacks on a head is asked again; after a change in the alliance the head is counted anew."""
    asked = alliance.due(last, beat=beat)
    if asked or last.needed != nodekeys.needed(len(nodekeys.members())):
        alliance.witness_head(last, asked)


@jobs.every("chain.watch", seconds=300)
def watch(handle: Any = None) -> dict[str, Any]:
    """Compare what members publish with what they had cosigned here; witnesses of now for heads of earlier months."""
    for shard in Shard.objects.exclude(size=0).order_by("-opened_at")[SHARDS:]:
        last = Head.objects.filter(shard=shard).order_by("-size").first()
        if last is not None:
            _asked_again(last, beat=False)
    return {member.name: watching.watch(member) for member in nodekeys.members()}


@jobs.every("chain.anchor", seconds=10)
def anchor(handle: Any = None) -> dict[str, Any]:
    """Write witnessed checkpoints, grants, withdrawals and uses to the alliance chain, when there is one."""
    if not anchoring.address():
        return {}
    engine = anchoring.connect()
    return {"engine": engine.name, **anchoring.push(engine)}
