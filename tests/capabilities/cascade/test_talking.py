"""Rounds with a reference peer over real connections: batches, cuts, forgeries, counts, repair, corrections."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.capabilities.cascade.conftest import CATALOGUE, FIRMS, OFFICER, SYSTEM, join, row
from tests.capabilities.cascade.peer import DjangoTransport, Peer

from quancheng.capabilities.cascade import actions, moving
from quancheng.capabilities.cascade.cascade_client import CascadeClient
from quancheng.capabilities.cascade.counting import given, taken
from quancheng.capabilities.cascade.models import Count, Holding, Letter, Neighbour, Wish
from quancheng.capabilities.cascade.network import own_name, signer
from quancheng.core.cascade import (
    HandOver,
    Remove,
    RowId,
    Stream,
    correction_stream,
    sent,
    settle,
)
from quancheng.core.exchange.signing import Ed25519Signer
from quancheng.kernel.models import writing

pytestmark = pytest.mark.django_db


def ask(peer: Peer) -> CascadeClient:
    """The peer as a client of this node."""
    return peer.client(signer().public_der, DjangoTransport())


def _living(stream: Stream) -> dict[str, str]:
    found = Holding.objects.filter(book__kind=stream.kind.value, book__name=stream.name, live=True)
    return dict(found.values_list("local", "body"))


def test_a_round_brings_what_the_neighbour_has_and_a_second_brings_nothing(joined: Peer) -> None:
    joined.edit(FIRMS, *(row("370102", f"{n:04}") for n in range(30)))
    joined.edit(CATALOGUE, row("370102", "entry"))
    done = moving.talk_with("370102")
    assert (done.fault, done.changes) == ("", 31)
    assert _living(FIRMS).keys() == {f"{n:04}" for n in range(30)}
    before = list(Holding.objects.order_by("pk").values())
    again = moving.talk_with("370102")
    assert (again.batches, again.changes) == (0, 0)
    assert list(Holding.objects.order_by("pk").values()) == before
    joined.edit(FIRMS, Remove(RowId("370102", "0007")), row("370102", "0008", body="{}"))
    assert moving.talk_with("370102").changes == 2
    assert "0007" not in _living(FIRMS) and _living(FIRMS)["0008"] == "{}"
    assert Neighbour.objects.get().heard_at is not None


def test_a_cut_in_any_place_is_made_up_for_by_the_next_round(joined: Peer, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("quancheng.capabilities.cascade.talking.LIMIT", 7)
    joined.edit(FIRMS, *(row("370102", f"{n:04}") for n in range(40)))
    for answers in range(4):
        joined.cut_after = answers
        done = moving.talk_with("370102")
        assert done.fault.startswith("RemoteProtocolError")
    assert 0 < len(_living(FIRMS)) < 40
    assert "RemoteProtocolError" in Neighbour.objects.get().fault
    joined.cut_after = None
    assert moving.talk_with("370102").fault == ""
    assert len(_living(FIRMS)) == 40
    assert Neighbour.objects.get().fault == ""
    assert taken("370102", FIRMS) == sent(joined.node, joined.ledger, own_name(), FIRMS)


def test_an_answer_signed_by_another_is_not_believed(joined: Peer) -> None:
    joined.edit(FIRMS, row("370102", "1"))
    joined.forger = Ed25519Signer(Ed25519PrivateKey.generate())
    assert "signature" in moving.talk_with("370102").fault
    assert not Holding.objects.exists()


def test_rows_of_an_owner_the_neighbour_may_not_speak_for_are_refused_with_a_reason(peer: Peer) -> None:
    join(peer, speaks_for=["370102"])
    peer.edit(FIRMS, row("370102", "1"))
    assert moving.talk_with("370102").changes == 1
    peer.edit(FIRMS, HandOver(RowId("370102", "1"), "370103"))
    done = moving.talk_with("370102")
    assert done.refused and "FOREIGN_OWNER" in done.refused[0]
    assert Letter.objects.filter(status="REFUSED", reason__contains="370103").exists()


def test_counts_prove_both_sides_and_repair_replaces_only_what_differs(joined: Peer) -> None:
    joined.edit(FIRMS, *(row("370102", f"{n:05}") for n in range(1500)))
    moving.talk_with("370102")
    assert moving.count_all() == {"equal": 1, "differ": 0, "unreached": 0}
    with writing("test"):  # damage behind the ledger's back
        Holding.objects.filter(local__in=["00003", "01400"]).delete()
        Holding.objects.filter(local="00700").update(body="{}", digest=b"\0" * 32)
    assert moving.count_all() == {"equal": 0, "differ": 1, "unreached": 0}
    kept = moving.mend_stream("370102", FIRMS)
    assert kept.equal and kept.repaired == len(kept.differing) == 3
    assert (kept.ours, kept.theirs, kept.our_digest) == (1500, 1500, kept.their_digest)
    assert sum(segment["count"] for segment in kept.differing) < 400
    assert Count.objects.get().settled


def test_the_neighbour_reads_ours_by_jurisdiction_and_loses_what_it_may_not_have(joined: Peer) -> None:
    actions.publish(
        SYSTEM, stream=FIRMS, edits=[row(own_name(), "1", "370102"), row(own_name(), "2", "370103")]
    )
    with ask(joined) as client:
        assert joined.pull(client, [FIRMS]) == 1
        assert joined.has(FIRMS).count == 2
        actions.change_route(OFFICER, code="370102", gives=[{"kinds": ["table"], "regions": ["370102"]}])
        joined.pull(client, [FIRMS])
        assert joined.has(FIRMS) == given(Neighbour.objects.get(), FIRMS)
        assert joined.has(FIRMS).count == 1
        assert client.counts(FIRMS) == joined.has(FIRMS)
        actions.publish(SYSTEM, stream=FIRMS, edits=[row(own_name(), "1", "370103")])
        joined.pull(client, [FIRMS])
        assert joined.has(FIRMS).count == 0


def test_a_change_of_a_foreign_row_is_asked_for_and_the_answer_comes_back(joined: Peer) -> None:
    joined.edit(FIRMS, row("370102", "1"))
    moving.talk_with("370102")
    actions.publish(SYSTEM, stream=FIRMS, edits=[row("370102", "1", body='{"name":"改"}')])
    wish = Wish.objects.get()
    assert (wish.incoming, wish.state, wish.owner, wish.before) == (
        False,
        "open",
        "370102",
        '{"name":"泉水公司"}',
    )
    assert _living(FIRMS)["1"] == '{"name":"泉水公司"}'
    corrections = correction_stream(FIRMS)
    with ask(joined) as client:
        joined.pull(client, [corrections])
    outcome = settle(
        joined.node, joined.ledger, FIRMS, RowId(wish.origin, wish.local), True, "已核实", joined.now
    )
    joined.ledger.write(outcome.writes)
    moving.talk_with("370102")
    wish.refresh_from_db()
    assert (wish.state, wish.note) == ("accepted", "已核实")
    assert _living(FIRMS)["1"] == '{"name":"改"}'


def test_a_neighbour_that_cannot_reach_us_is_pushed_to_in_messages_that_fit(peer: Peer, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("quancheng.capabilities.cascade.talking.MAX_PACKED", 3000)
    join(peer, mode="both")
    actions.publish(SYSTEM, stream=FIRMS, edits=[row(own_name(), f"{n:04}") for n in range(40)])
    done = moving.talk_with("370102")
    assert (done.fault, done.sent) == ("", 40)
    assert peer.has(FIRMS) == given(Neighbour.objects.get(), FIRMS)
    assert Letter.objects.filter(incoming=False, status="APPLIED").count() > 1
    assert moving.talk_with("370102").sent == 0
