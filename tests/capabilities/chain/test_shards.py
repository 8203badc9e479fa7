"""Shards by the month, logs of another hash, and what the supervisor reads off the log alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from tests.capabilities.chain.test_hostile import WATCHER, anchor, asks_us, join, system

from quancheng.capabilities.chain import actions, nodekeys, queries, tasks
from quancheng.capabilities.chain.city_peer import City
from quancheng.capabilities.chain.forms import MemberForm
from quancheng.capabilities.chain.models import SeenHead, Shard
from quancheng.core import cose
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.merkle import MemoryTree
from quancheng.core.sm import SM3_TREE
from quancheng.core.text import Text
from quancheng.core.tlog import Checkpoint, read_bundle, sign_note
from quancheng.kernel import clock, events
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.events.models import OutboxEvent

__all__ = ["join"]


def test_proofs_stand_in_the_shard_of_their_month_and_in_no_other(join) -> None:
    join("zibo")
    december = datetime(2026, 12, 1, 0, 0, 30, tzinfo=clock.LOCAL)
    with clock.at(december - timedelta(minutes=1)):
        anchor(3)
    with clock.at(december):
        anchor(2)  # the last of November have no head yet
        tasks.head()
        tasks.head()
    base = nodekeys.base()
    november, december_log = f"{base}/2026-11", f"{base}/2026-12"
    assert {one.origin: one.size for one in Shard.objects.all()} == {november: 3, december_log: 2}
    for origin, size in ((november, 3), (december_log, 2)):
        for index in range(size):
            good = queries.check(queries.proof_of(origin, index).bundle)
            assert (good.checkpoint.origin, good.checkpoint.size, len(good.times)) == (origin, size, 1)
    one, other = (read_bundle(queries.proof_of(origin, 1).bundle) for origin in (november, december_log))
    mixed = cose.encode([1, one.index, other.size, b"".join(one.path), one.leaf, other.note])
    with pytest.raises(InvalidInput):
        queries.check(mixed)
    lines = other.note.replace(december_log, november)
    with pytest.raises(InvalidInput, match="SIGNATURE"):
        queries.check(cose.encode([1, other.index, other.size, b"".join(other.path), other.leaf, lines]))


def test_a_city_with_an_sm3_log_is_taken_in_and_its_log_is_followed(join) -> None:

    assert {code for code, _name in MemberForm().fields["hasher"].choices} == {"sha256", "sm3"}
    log, witness = (MemoryKey.generate(Algorithm.EDDSA) for _key in range(2))
    one = City("weifang", log=log, witness=witness, tree=MemoryTree(SM3_TREE))
    told = one.introduction("http://127.0.0.1:9")
    actions.add_member(
        system(), name="weifang", title=Text("潍坊", "Weifang"), url=told["url"], log_key=told["log_key"],
        witness_key=told["witness_key"], hasher="sm3",
    )  # fmt: skip
    for size in range(1, 6):
        one.tree.append(b"%d" % size)
        assert asks_us(one) == 200
    head = one.tree.head()
    note = sign_note(Checkpoint(one.origin, head.size, head.root).text(), [(one.base, one.log)])
    assert SeenHead.objects.get().note == note.text()


# -- supervision
def test_a_use_without_a_live_grant_is_found_in_the_log_alone(join, signed_in, town) -> None:
    """Nobody granted, or it was withdrawn before: the log's order tells, within one second too."""

    def entry(scene: str, reference: str) -> None:
        actions.append(system(), scene=scene, reference=reference, digest=bytes(32))

    with clock.at(clock.now() - timedelta(days=30)):
        entry("vault-grant", "R1-2")
    for scene, reference in (
        ("vault-use", "R1-3"), ("vault-withdraw", "R1-4"), ("vault-use", "R1-5"), ("vault-use", "R10-3"),
        ("vault-use", "R2-1"), ("vault-grant", "R2-2"), ("vault-use", "R2-3"),
    ):  # fmt: skip
        entry(scene, reference)
    found = [one.reference for one in queries.uses_without_grant(WATCHER)]
    assert found == ["R1-5", "R10-3", "R2-1"]
    client = signed_in("guard-auditor")
    page = client.get("/sec/chain/").content.decode()
    assert "此前没有有效授权" in page
    listed = client.get("/sec/chain/entries/?ungranted=on").content.decode()
    assert all(one in listed for one in found) and "R2-3" not in listed


def test_uses_of_the_vault_are_counted_apart_from_the_log(city: None) -> None:
    """Three uses happened and two were anchored: not a hundred per cent of two."""

    then = clock.now() - timedelta(hours=1)
    with transaction.atomic():
        for n in range(3):
            events.emit("vault.use.made", f"R-{n}", {})
    OutboxEvent.objects.filter(type="vault.use.made").update(time=then)
    with clock.at(then):
        for n in range(2):
            actions.append(system(), scene="vault-use", reference=f"R-{n}-3", digest=bytes(32))
    row = next(one for one in queries.scene_rows(WATCHER, {}) if one.code == "vault-use")
    assert (row.happened, row.anchored) == (3, 2)
