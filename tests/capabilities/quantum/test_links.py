"""Links as rows and deeds: what is told to people is what happened on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.capabilities.quantum.world import (
    GET_DOCUMENTS,
    THEIRS,
    Kmes,
    Process,
    start_peer,
    wait,
)

from quancheng.capabilities.quantum import actions, link_client, queries, tasks
from quancheng.capabilities.quantum.caller import LinkDown
from quancheng.capabilities.quantum.models import KeyUse, Link, LinkEvent, QkdLap
from quancheng.core.linkkey import Strength
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from quancheng.kernel.events.models import OutboxEvent

Make = Callable[..., Link]


def kinds() -> list[str]:
    return list(LinkEvent.objects.order_by("pk").values_list("kind", flat=True))


def opened(make_link: Make, who: Actor, port: int, **more: Any) -> Link:
    make_link(port, **more)
    actions.open_link(Call(who), code="jn-qd")
    link_client.connect("jn-qd")
    return Link.objects.get()


def test_a_link_is_opened_at_full_strength_and_everybody_can_see_by_which_key(
    neighbour: Process, make_link: Make, actor: Callable[..., Actor]
) -> None:
    row = opened(make_link, actor(), neighbour.first["port"])
    assert (row.state, row.strength, row.away) == (Link.State.OPEN, "FULL", "")
    assert kinds() == ["OPENED"]
    use = KeyUse.objects.get()
    assert use.session == row.session
    assert wait(lambda: neighbour.heard[-1].get("qkd")) == str(use.key_id)  # the same name at the other end
    done = link_client.exchange("jn-qd", GET_DOCUMENTS)
    assert done.strength is Strength.FULL
    assert done.session == row.session
    assert b"jt-2026-11" in done.response


def test_qkd_cut_off_is_told_and_its_return_is_told(
    neighbour: Process,
    far: Kmes,
    make_link: Make,
    actor: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened(make_link, actor(), neighbour.first["port"])
    far.command(intact=False)
    far.drain()
    actions.rekey_link(Call(actor()), code="jn-qd")
    done = link_client.exchange("jn-qd", GET_DOCUMENTS)  # any process changes keys before it sends
    assert done.fell_back
    row = Link.objects.get()
    assert (row.state, row.strength, row.away) == (Link.State.FALLBACK, "POST_QUANTUM", "EMPTY")
    far.command(intact=True)
    far.filled()
    actions.rekey_link(Call(actor()), code="jn-qd")
    assert not link_client.exchange("jn-qd", GET_DOCUMENTS).fell_back
    assert Link.objects.get().state == Link.State.OPEN
    assert kinds() == ["OPENED", "FALLBACK", "RESTORED"]
    assert KeyUse.objects.count() == 2
    types = list(OutboxEvent.objects.filter(type__startswith="quantum.").values_list("type", flat=True))
    assert {"quantum.link.opened", "quantum.link.fallback", "quantum.link.restored"} <= set(types)


def test_the_watch_keeps_error_rates_and_raises_the_alarm_when_somebody_listens(
    neighbour: Process, far: Kmes, make_link: Make, actor: Callable[..., Actor]
) -> None:
    opened(make_link, actor(), neighbour.first["port"])
    assert tasks.watch() == {"up": 1, "down": 0, "lines": 1, "silent": 0}
    assert QkdLap.objects.exists()
    assert not Link.objects.get().alarmed
    far.command(eve=1.0)
    client = far.client()
    far.drain()
    wait(lambda: client.status().extension["rounds"][-1]["outcome"] == "TOO_NOISY")
    tasks.watch()
    row = Link.objects.get()
    assert row.alarmed
    assert QkdLap.objects.order_by("-at", "-number").first().qber > 0.11
    far.drain()
    actions.rekey_link(Call(actor()), code="jn-qd")
    assert (
        link_client.exchange("jn-qd", GET_DOCUMENTS).away == "EMPTY"
    )  # no key from a line that is listened to
    far.command(eve=0)
    wait(lambda: client.status().extension["rounds"][-1]["outcome"] == "KEY")
    tasks.watch()
    assert not Link.objects.get().alarmed
    told = kinds()
    assert told.index("ALARM") < told.index("FALLBACK") < told.index("CALM")


def test_a_link_that_must_be_full_sends_nothing_at_less(
    neighbour: Process, far: Kmes, make_link: Make, actor: Callable[..., Actor]
) -> None:
    make_link(neighbour.first["port"], weakest="FULL")
    actions.open_link(Call(actor()), code="jn-qd")
    far.command(intact=False)
    far.drain()
    with pytest.raises(LinkDown) as down:
        link_client.exchange("jn-qd", GET_DOCUMENTS)
    assert down.value.reason == "TOO_WEAK"
    row = Link.objects.get()
    assert (row.state, row.away) == (Link.State.DOWN, "TOO_WEAK")
    with pytest.raises(Conflict):
        actions.mark_fallback(Call(actor()), code="jn-qd", reason="演练")
    far.command(intact=True)
    far.filled()
    assert link_client.exchange("jn-qd", GET_DOCUMENTS).strength is Strength.FULL
    assert kinds() == ["REFUSED", "OPENED"]


def test_a_killed_peer_is_told_once_and_found_again(
    node: None, make_link: Make, actor: Callable[..., Actor], tmp_path: Path
) -> None:
    from quancheng.core.keys import to_jwk

    more = {"peer": link_client.node_name(), "peer_key": to_jwk(link_client.node_key().public)}
    first = start_peer(tmp_path, None, **more)
    port = first.first["port"]
    opened(make_link, actor(), port, quantum=False)
    first.kill()
    for _ in range(3):
        tasks.watch()
    row = Link.objects.get()
    assert (row.state, row.away, row.strength) == (Link.State.DOWN, "UNREACHABLE", "")
    again = start_peer(tmp_path, None, port=port, **more)
    assert tasks.watch()["up"] == 1
    reasons = list(LinkEvent.objects.filter(kind="REFUSED").order_by("pk").values_list("reason", flat=True))
    assert reasons == ["BROKEN", "UNREACHABLE"]  # each once, not every minute
    assert kinds() == ["FALLBACK", "REFUSED", "REFUSED", "FALLBACK"]
    assert Link.objects.get().state == Link.State.FALLBACK
    again.kill()


def test_an_operator_holds_quantum_keys_with_a_reason_and_allows_them_again(
    neighbour: Process, make_link: Make, actor: Callable[..., Actor]
) -> None:
    opened(make_link, actor(), neighbour.first["port"])
    with pytest.raises(InvalidInput) as wrong:
        actions.mark_fallback(Call(actor()), code="jn-qd", reason="  ")
    assert "reason" in wrong.value.fields
    actions.mark_fallback(Call(actor()), code="jn-qd", reason="线路检修")
    done = link_client.exchange("jn-qd", GET_DOCUMENTS)
    assert (done.strength, done.away) == (Strength.POST_QUANTUM, "HELD")
    actions.allow_quantum(Call(actor()), code="jn-qd")
    assert link_client.exchange("jn-qd", GET_DOCUMENTS).strength is Strength.FULL
    assert kinds() == ["OPENED", "HELD", "FALLBACK", "RELEASED", "RESTORED"]


def test_a_session_made_while_the_link_was_closed_is_not_used(
    neighbour: Process, make_link: Make, actor: Callable[..., Actor]
) -> None:
    opened(make_link, actor(), neighbour.first["port"])
    end = link_client._callers["jn-qd"][1]
    actions.close_link(Call(actor()), code="jn-qd")
    with pytest.raises(Conflict):
        end.rekey()
    assert end.strength is None
    assert Link.objects.get().state == Link.State.CLOSED


def test_a_closed_link_carries_nothing(
    neighbour: Process, make_link: Make, actor: Callable[..., Actor]
) -> None:
    opened(make_link, actor(), neighbour.first["port"])
    session = link_client._callers["jn-qd"][1]._session
    actions.close_link(Call(actor()), code="jn-qd", reason="演练结束")
    with pytest.raises(Conflict):
        link_client.exchange("jn-qd", GET_DOCUMENTS)
    assert session is not None
    with pytest.raises(Exception, match="erased"):
        session.seal(b"x")
    with pytest.raises(Conflict):
        actions.rekey_link(Call(actor()), code="jn-qd")
    with pytest.raises(NotFound):
        link_client.exchange("nowhere", GET_DOCUMENTS)


def test_a_quantum_key_is_used_once_on_a_link(
    neighbour: Process, make_link: Make, actor: Callable[..., Actor]
) -> None:
    from datetime import UTC, datetime

    from quancheng.capabilities.quantum.values import SessionOpened
    from quancheng.core.linkkey import Suite

    opened(make_link, actor(), neighbour.first["port"])
    used = KeyUse.objects.get().key_id
    again = SessionOpened(
        "jn-qd", "00" * 8, Strength.FULL, "", used, Suite.AES_256_GCM, "OPEN", datetime.now(UTC)
    )
    with pytest.raises(Conflict):
        actions.report_session(Call.system("quantum"), opened=again)
    actions.report_session(
        Call.system("quantum"), opened=replace(again, qkd=None, strength=Strength.POST_QUANTUM)
    )


def test_only_operators_operate_and_only_the_platform_reports(
    node: None, make_link: Make, actor: Callable[..., Actor]
) -> None:
    make_link(1)
    reader = actor("reader")
    for deed in (
        lambda: actions.open_link(Call(reader), code="jn-qd"),
        lambda: actions.close_link(Call(reader), code="jn-qd"),
        lambda: actions.register_peer(Call(reader), code="x", name={}, public_key={}),
        lambda: actions.report_failure(Call(actor()), code="jn-qd", reason="x"),
        lambda: actions.rotate_storage(Call(reader)),
    ):
        with pytest.raises(Forbidden):
            deed()
    assert queries.link(reader, "jn-qd")
    with pytest.raises(NotFound):
        queries.link(Actor.anonymous(), "jn-qd")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"address": "nowhere"}, "address"),
        ({"address": "host:99999"}, "address"),
        ({"kme_url": "http://kme", "kme_identity": "a", "kme_peer": "b"}, "kme_url"),
        ({"kme_url": "https://kme", "kme_peer": "b"}, "kme_identity"),
    ],
)
def test_what_cannot_be_an_address_is_refused_at_its_field(
    node: None, actor: Callable[..., Actor], make_link: Make, wrong: dict[str, str], field: str
) -> None:
    make_link(1)
    with pytest.raises(InvalidInput) as refused:
        actions.register_link(Call(actor()), code="two", name={}, peer="qingdao", **wrong)
    assert field in refused.value.fields


def test_a_peer_needs_a_key_that_is_one(node: None, actor: Callable[..., Actor]) -> None:
    from quancheng.core.keys import to_jwk

    private = to_jwk(THEIRS.public) | {"d": "AA"}
    for key in ({}, {"kty": "oct"}, private):
        with pytest.raises(InvalidInput) as wrong:
            actions.register_peer(Call(actor()), code="x", name={}, public_key=key)
        assert "public_key" in wrong.value.fields


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, 1),
        ({"q": "青岛"}, 1),
        ({"q": "qingdao"}, 1),
        ({"q": "jn-"}, 1),
        ({"q": "泰安"}, 0),
        ({"state": "NEW"}, 1),
        ({"state": "OPEN"}, 0),
        ({"state": "nonsense"}, 1),
        ({"alarmed": "1"}, 0),
    ],
)
def test_links_are_found_by_words_state_and_alarm(
    node: None, make_link: Make, actor: Callable[..., Actor], params: dict[str, str], found: int
) -> None:
    make_link(1)
    assert len(queries.links(actor(), params).items) == found


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["CLOSED", "HELD"]),
        ({"kind": "HELD"}, ["HELD"]),
        ({"link": "jn-qd", "days": "1"}, ["CLOSED", "HELD"]),
        ({"link": "other"}, []),
        ({"days": "x"}, ["CLOSED", "HELD"]),
    ],
)
def test_events_are_found_by_link_kind_and_day(
    node: None, make_link: Make, actor: Callable[..., Actor], params: dict[str, str], found: list[str]
) -> None:
    make_link(1, quantum=False)
    actions.open_link(Call(actor()), code="jn-qd")
    actions.mark_fallback(Call(actor()), code="jn-qd", reason="检修")
    actions.close_link(Call(actor()), code="jn-qd")
    assert [one.kind for one in queries.events(actor(), params).items] == found


def test_events_come_a_page_at_a_time(node: None, make_link: Make, actor: Callable[..., Actor]) -> None:
    make_link(1)
    for number in range(25):
        actions.report_failure(Call.system("quantum"), code="jn-qd", reason=f"R{number}")
    first = queries.events(actor(), {"size": "10"})
    second = queries.events(actor(), {"size": "10", "cursor": first.next})
    assert [one.reason for one in (*first.items, *second.items)] == [f"R{n}" for n in range(24, 4, -1)]


def test_old_rounds_make_room(
    node: None, make_link: Make, actor: Callable[..., Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    from quancheng.capabilities.quantum import booking
    from quancheng.capabilities.quantum.values import Lap, LineState

    make_link(1)
    monkeypatch.setattr(booking.rulebook, "find", lambda _: SimpleNamespace(integer=lambda: 5))
    start = datetime(2026, 11, 23, tzinfo=UTC)
    laps = tuple(Lap(n, start + timedelta(minutes=n), 0.01, "KEY", 256) for n in range(12))
    for _ in range(2):  # told twice, kept once
        actions.report_line(Call.system("quantum"), code="jn-qd", line=LineState(1, 2, None, laps, True))
    assert list(QkdLap.objects.order_by("number").values_list("number", flat=True)) == [7, 8, 9, 10, 11]
    assert QkdLap.objects.count() == 5


# -- sealed storage


def test_documents_are_sealed_opened_by_their_office_and_each_opening_is_audited(
    office: SimpleNamespace, actor: Callable[..., Actor]
) -> None:
    reader = actor("reader")
    row = actions.store_document(
        Call(reader), number="d-1", title="值班安排", text="零时割接", department_id=office.data.pk
    )
    assert "零时割接".encode() not in bytes(row.envelope)
    assert actions.open_document(Call(reader), number="d-1") == "零时割接"
    assert AuditEntry.objects.filter(action="quantum.document.open").count() == 1
    other = actor("reader", "civil")
    with pytest.raises(NotFound):
        actions.open_document(Call(other), number="d-1")
    assert queries.documents(other, {}).items == []
    with pytest.raises(Forbidden):
        actions.store_document(Call(other), number="d-2", title="x", text="x", department_id=office.data.pk)
    with pytest.raises(Conflict):
        actions.store_document(Call(reader), number="d-1", title="x", text="x", department_id=office.data.pk)


def test_the_master_key_changes_under_the_documents(
    office: SimpleNamespace, actor: Callable[..., Actor]
) -> None:
    reader = actor("reader")
    for number in ("d-1", "d-2"):
        actions.store_document(
            Call(reader), number=number, title="x", text=number, department_id=office.data.pk
        )
    assert actions.rotate_storage(Call(actor())) == 2
    from quancheng.capabilities.quantum.models import SealedDocument

    assert set(SealedDocument.objects.values_list("master", flat=True)) == {"m2"}
    assert actions.open_document(Call(reader), number="d-2") == "d-2"


def test_an_envelope_changed_or_moved_does_not_open(
    office: SimpleNamespace, actor: Callable[..., Actor]
) -> None:
    from quancheng.capabilities.quantum.models import SealedDocument
    from quancheng.kernel.models import writing

    reader = actor("reader")
    rows = [
        actions.store_document(Call(reader), number=n, title="x", text=n, department_id=office.data.pk)
        for n in ("d-1", "d-2")
    ]
    with writing("tests"):
        SealedDocument.objects.filter(number="d-1").update(envelope=rows[1].envelope)
    with pytest.raises(Unavailable):
        actions.open_document(Call(reader), number="d-1")
    _damage()
    with pytest.raises(Unavailable):
        actions.rotate_storage(Call(actor()))
    assert set(SealedDocument.objects.values_list("master", flat=True)) == {"m1"}  # nothing half done


def _damage() -> None:
    from quancheng.capabilities.quantum.models import SealedDocument
    from quancheng.kernel.models import writing

    with writing("tests"):
        SealedDocument.objects.filter(number="d-1").update(envelope=b"\x80")
