"""Entries in the business's own transaction, proofs anybody can check, an edited log that is found out."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from quancheng.capabilities.chain import actions, queries, tasks
from quancheng.capabilities.chain.actions import Item
from quancheng.capabilities.chain.models import Entry, Head, Shard, Tile
from quancheng.capabilities.chain.scenes import scenes
from quancheng.capabilities.chain.tree import head as tree_head
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.tlog import LogFault, Opening, open_note, read_bundle
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotSignedIn
from quancheng.kernel.events.models import OutboxEvent

SYSTEM = Call.system("chain")


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def anchored(reference: str = "U-1", scene: str = "vault-use") -> Entry:
    return actions.append(SYSTEM, scene=scene, reference=reference, digest=digest(reference))


def test_an_entry_and_the_business_are_there_both_or_neither(city) -> None:
    def business() -> None:
        with transaction.atomic():
            anchored()
            raise ValueError("business failed")

    with pytest.raises(ValueError, match="business failed"):
        business()
    assert not Entry.objects.exists()
    assert not Shard.objects.filter(size__gt=0).exists()
    anchored()
    assert Shard.objects.get().size == 1


def test_a_proof_is_checked_with_the_policy_and_opens_with_the_salt_only(city) -> None:
    entries = [anchored(f"U-{n}") for n in range(5)]
    assert queries.receipt_of(entries[3]) is None  # no checkpoint yet
    tasks.head()
    receipt = queries.receipt_of(entries[3])
    assert receipt is not None and receipt.salt is not None and receipt.digest is not None
    opening = Opening("vault-use", "U-3", receipt.salt, digest("U-3"))
    assert queries.check(receipt.bundle, opening).checkpoint.size == 5
    wrong = Opening("vault-use", "U-4", receipt.salt, digest("U-4"))
    with pytest.raises(InvalidInput):
        queries.check(receipt.bundle, wrong)


def test_the_same_key_twice_is_one_entry(city) -> None:
    call = SYSTEM.with_key("once")
    first = actions.append(call, scene="vault-use", reference="U", digest=digest("U"))
    again = actions.append(call, scene="vault-use", reference="U", digest=digest("U"))
    assert first.pk == again.pk and Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("scene", "reference", "content"),
    [("moon", "U", b"\0" * 32), ("vault-use", "", b"\0" * 32), ("vault-use", "U", b"short"), ("vault-use", "U" * 121, b"\0" * 32)],
)  # fmt: skip
def test_what_cannot_be_anchored_is_refused(city, scene: str, reference: str, content: bytes) -> None:
    with pytest.raises(InvalidInput):
        actions.append(SYSTEM, scene=scene, reference=reference, digest=content)


def test_nobody_but_the_platform_writes_the_log(city) -> None:
    with pytest.raises(NotSignedIn):
        actions.append(Call(Actor.anonymous()), scene="vault-use", reference="U", digest=digest("U"))


def test_a_thousand_entries_cross_tiles_and_every_old_head_is_extended(city) -> None:
    sizes = []
    for block in (1, 255, 1, 300, 43):
        items = [Item("vault-use", f"B-{block}-{n}", digest(str(n)), clock.now()) for n in range(block)]
        actions.append_many(SYSTEM, items=items)
        sizes.append(Shard.objects.get().size)
        tasks.head()
    shard = Shard.objects.get()
    assert sizes == [1, 256, 257, 557, 600]
    assert Tile.objects.filter(level=0).count() == 3 and Tile.objects.filter(level=1).count() == 1
    for head in Head.objects.all():
        assert tree_head(shard, head.size).root == bytes(head.root)
    from quancheng.core.merkle import SHA256, TreeHead, verify_consistency

    new = Head.objects.get(size=600)
    for old in Head.objects.exclude(size=600):
        verify_consistency(
            SHA256, TreeHead(old.size, bytes(old.root)), TreeHead(600, bytes(new.root)),
            queries.consistency("", old.size, 600),
        )  # fmt: skip


def test_events_of_the_scenes_are_anchored_once_and_drills_are_not(city) -> None:
    with transaction.atomic():
        events.emit("trust.licence.issued", "L-1", {"number": "L-1", "simulated": True})
        events.emit("trust.type.published", "T-1", {})
    events.drain()
    events.drain()
    row = Entry.objects.get()
    event = OutboxEvent.objects.get(type="trust.licence.issued")
    assert (row.scene, row.reference, row.simulated) == ("licence-issue", str(event.event_id), True)


def test_supervision_counts_what_happened_apart_from_what_was_anchored(city) -> None:
    then = clock.now() - timedelta(hours=1)
    with transaction.atomic():
        for n in range(4):
            events.emit("payment.order.paid", f"P-{n}", {})
    OutboxEvent.objects.filter(type="payment.order.paid").update(time=then)
    events.drain()
    missing = Entry.objects.filter(scene="payment-paid").order_by("-pk").first()
    assert missing is not None
    with connection.cursor() as cursor:  # somebody removes an entry from the table
        cursor.execute("DELETE FROM chain_entry WHERE id = %s", [missing.pk])
    row = next(one for one in queries.scene_rows(Actor.system("chain"), {}) if one.code == "payment-paid")
    assert (row.happened, row.anchored, row.percent) == (4, 3, 75.0)
    assert row.late == 3  # anchored an hour after they happened


def test_there_are_more_than_twenty_scenes_each_with_a_name_and_its_own_event() -> None:
    assert len(scenes()) >= 25
    types = [one.event for one in scenes() if one.event]
    assert len(types) == len(set(types)) >= 20


def test_destroying_what_opens_a_leaf_leaves_the_log_whole(city) -> None:
    entry = anchored()
    anchored("U-2")
    tasks.head()
    actions.forget_entry(SYSTEM, entry=entry)
    receipt = queries.receipt_of(entry)
    assert receipt is not None and receipt.salt is None and receipt.digest is None
    queries.check(receipt.bundle)


def test_an_edited_leaf_no_longer_proves(city) -> None:
    entry = anchored()
    anchored("U-2")
    tasks.head()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chain_entry SET leaf = %s WHERE id = %s", [b"\x01" * 32, entry.pk])
    entry = Entry.objects.get(pk=entry.pk)
    receipt = queries.receipt_of(entry)
    assert receipt is not None
    with pytest.raises(InvalidInput):
        queries.check(receipt.bundle)


def test_a_false_cosignature_is_not_kept(city, cities) -> None:
    anchored()
    tasks.head()
    head = Head.objects.get()
    liar = MemoryKey.generate(Algorithm.EDDSA)
    zibo = cities("zibo")
    from quancheng.core.tlog import NoteKey, Signature

    key = NoteKey.read(zibo.told["witness_key"])
    line = Signature(key.name, key.id, b"\0" * 8 + liar.sign(b"anything"))
    from quancheng.kernel.errors import Conflict

    with pytest.raises(Conflict):
        actions.keep_answers(SYSTEM, head=head, lines=[line])
    head.refresh()
    assert head.witnesses == 0 and len(open_note(head.note).signatures) == 1


def test_anybody_reads_checkpoints_tiles_proofs_and_the_policy(city) -> None:
    for n in range(3):
        anchored(f"U-{n}")
    tasks.head()
    client, origin = Client(), Shard.objects.get().origin
    assert client.get("/chain/checkpoint").content.decode().startswith(origin)
    assert len(client.get("/chain/tile/0/000.p/3").content) == 96
    assert client.get("/chain/tile/0/000").status_code == 404
    assert client.get("/chain/consistency?old=1&new=9").status_code == 422
    read = client.get(f"/api/v1/chain/proof/{origin}/1").json()
    bundle = base64.b64decode(read["bundle"])
    assert read_bundle(bundle).index == 1
    checked = client.post("/api/v1/chain/check", {"bundle": read["bundle"]}, content_type="application/json")
    assert checked.json()["size"] == 3
    assert client.get("/chain/policy.json").json()["needed"] == 0


def test_no_flipped_byte_of_a_receipt_is_taken(city) -> None:
    for n in range(3):
        anchored(f"U-{n}")
    tasks.head()
    good = queries.proof_of("", 1)
    before = queries.check(good.bundle)
    taken = []
    for place in range(len(good.bundle)):
        changed = good.bundle[:place] + bytes([good.bundle[place] ^ 1]) + good.bundle[place + 1 :]
        try:
            after = queries.check(changed)
        except (InvalidInput, LogFault):
            continue
        if read_bundle(changed) != read_bundle(good.bundle) or after != before:
            taken.append(place)
    assert taken == []


def test_the_page_tells_a_stranger_whether_a_proof_holds(city) -> None:
    anchored()
    tasks.head()
    text = base64.b64encode(queries.proof_of("", 0).bundle).decode()
    good = Client().post("/open/chain/verify/", {"bundle": text})
    assert good.status_code == 200 and "证明成立" in good.content.decode()
    bad = Client().post("/open/chain/verify/", {"bundle": text[:-8] + "AAAAAAA="})
    assert bad.status_code == 422 and "证明不成立" in bad.content.decode()
    assert Client().post("/open/chain/verify/", {"bundle": "***"}).status_code == 422


def test_an_sm3_city_proves_the_same_way(city, settings) -> None:
    settings.QUANCHENG_CHAIN_HASH = "sm3"
    anchored()
    anchored("U-2")
    tasks.head()
    assert Shard.objects.get().hasher == "sm3"
    assert queries.check(queries.proof_of("", 1).bundle).hasher.name == "sm3"
