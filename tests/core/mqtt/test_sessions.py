"""Sessions, connections and distribution: delivery rules without a socket."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from quancheng.core.mqtt import (
    Ack,
    Connack,
    Connect,
    Connection,
    Hub,
    Message,
    Packet,
    Pingreq,
    Publish,
    Reason,
    Session,
    Subscription,
    Type,
    Version,
    encode,
)


def _after_connect(version: Version = Version.V5, **settings_: int) -> Connection:
    connection = Connection(1 << 16, settings_.pop("receive_maximum", 10), **settings_)
    connection.receive(encode(Connect("c", version), version))
    assert connection.connect is not None
    return connection


def test_something_before_connect_is_an_error() -> None:
    connection = Connection(1000, 10)
    assert connection.receive(encode(Pingreq(), Version.V311)) == []
    assert connection.fault is not None and connection.fault.reason is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "packet", [Connect("again"), Connack(0), Publish("t", b"", properties={"subscription_identifier": [1]})]
)
def test_what_a_client_must_not_send(packet: Packet) -> None:
    connection = _after_connect()
    version = Version.V311 if isinstance(packet, Connect) else Version.V5
    assert connection.receive(encode(packet, version)) == []
    assert connection.fault is not None and connection.fault.reason is Reason.PROTOCOL_ERROR


def test_an_empty_client_id_needs_a_clean_session_in_3_1_1() -> None:
    connection = Connection(1000, 10)
    connection.receive(encode(Connect("", clean=False), Version.V311))
    assert connection.fault is not None and connection.fault.reason is Reason.CLIENT_ID_NOT_VALID


def test_aliases_are_resolved_and_bounded() -> None:
    connection = _after_connect(alias_maximum=2)
    raw = encode(Publish("a/b", b"1", properties={"topic_alias": 2}), Version.V5)
    again = encode(Publish("", b"2", properties={"topic_alias": 2}), Version.V5)
    assert [one.topic for one in connection.receive(raw + again)] == ["a/b", "a/b"]  # type: ignore[union-attr]
    connection.receive(encode(Publish("a", b"", properties={"topic_alias": 3}), Version.V5))
    assert connection.fault is not None and connection.fault.reason is Reason.TOPIC_ALIAS_INVALID


def test_receive_maximum_counts_what_is_not_answered() -> None:
    connection = _after_connect(receive_maximum=2)
    for number in (1, 2):
        connection.receive(encode(Publish("t", b"", 1, number), Version.V5))
    connection.answered(1)
    connection.receive(encode(Publish("t", b"", 1, 3), Version.V5))
    assert connection.fault is None
    connection.receive(encode(Publish("t", b"", 1, 4), Version.V5))
    assert connection.fault is not None and connection.fault.reason is Reason.RECEIVE_MAXIMUM_EXCEEDED


def test_qos_1_waits_for_its_window_and_comes_again_after_a_break() -> None:
    session = Session("c")
    for number in range(4):
        session.offer(Message("t", bytes((number,)), 1))
    first = [packet for packet, _ in session.due(2)]
    assert [one.packet_id for one in first] == [1, 2]
    assert session.due(2) == []
    done, answer = session.acknowledged(Ack(Type.PUBACK, 1))
    assert done is not None and done.payload == b"\x00" and answer is None
    assert [packet.packet_id for packet, _ in session.due(2)] == [3]
    again = session.resumed()
    assert [(one.packet_id, one.dup) for one in again] == [(2, True), (3, True)]  # type: ignore[union-attr]


def test_qos_2_is_released_once() -> None:
    """MQTT 5.0 figure 4.3."""
    session = Session("c")
    session.offer(Message("t", b"x", 2))
    [(packet, _)] = session.due(10)
    assert session.acknowledged(Ack(Type.PUBREC, packet.packet_id)) == (None, Ack(Type.PUBREL, 1))
    assert session.resumed() == [Ack(Type.PUBREL, 1)]
    done, _ = session.acknowledged(Ack(Type.PUBCOMP, 1))
    assert done is not None and not session.flying
    unknown = session.acknowledged(Ack(Type.PUBREC, 9))
    assert unknown == (None, Ack(Type.PUBREL, 9, Reason.PACKET_ID_NOT_FOUND))
    assert not session.is_copy(Publish("t", b"", 2, 5))
    assert session.is_copy(Publish("t", b"", 2, 5, dup=True))
    assert session.released(Ack(Type.PUBREL, 5)).reason == 0
    assert session.released(Ack(Type.PUBREL, 5)).reason == Reason.PACKET_ID_NOT_FOUND


def test_too_many_waiting_loses_the_oldest_and_says_so() -> None:
    session = Session("c", most_waiting=2)
    assert [session.offer(Message("t", bytes((n,)), 1)) for n in range(2)] == [None, None]
    lost = session.offer(Message("t", b"\x02", 1))
    assert lost is not None and lost.payload == b"\x00"
    assert session.dropped == 1


def _hub(**wanted: list[Subscription]) -> tuple[Hub, dict[str, Session]]:
    hub = Hub()
    sessions = {}
    for name, rows in wanted.items():
        sessions[name] = hub.sessions[name] = Session(name)
        for one in rows:
            hub.subscribe(sessions[name], one)
    return hub, sessions


def _targets(
    hub: Hub, message: Message, origin: str = "", online: tuple[str, ...] = ()
) -> list[tuple[str, int, bool]]:
    found = hub.route(message, origin, online.__contains__)
    return sorted((session.client_id, one.qos, one.retain) for session, one in found)


def test_overlapping_subscriptions_deliver_once_with_the_best_qos() -> None:
    hub, _ = _hub(
        a=[Subscription("t/#", 0), Subscription("t/+", 2)], b=[Subscription("t/x", 1, no_local=True)]
    )
    assert _targets(hub, Message("t/x", b"", 1)) == [("a", 1, False), ("b", 1, False)]
    assert _targets(hub, Message("t/x", b"", 1), origin="b") == [("a", 1, False)]


def test_a_share_gets_each_message_once_and_prefers_who_is_there() -> None:
    rows = [Subscription("$share/g/t", 1)]
    hub, sessions = _hub(a=rows, b=rows, c=rows)
    got = [_targets(hub, Message("t", b"", 1), online=("a", "c"))[0][0] for _ in range(10)]
    assert set(got) == {"a", "c"}
    assert hub.unsubscribe(sessions["a"], "$share/g/t")
    assert not hub.unsubscribe(sessions["a"], "$share/g/t")
    hub.end("c")
    assert _targets(hub, Message("t", b"", 1))[0][0] == "b"
    hub.end("b")
    assert _targets(hub, Message("t", b"", 1)) == []
    assert len(hub) == 0


def test_retained_messages_by_retain_handling() -> None:
    """MQTT 5.0 §3.8.3.1, §3.3.1.3."""
    hub = Hub(most_retained=2)
    for topic in ("t/1", "t/2", "t/3"):
        hub.retain(Message(topic, b"kept", 1, True))
    assert sorted(hub.retained) == ["t/1", "t/2"]
    session = hub.sessions["a"] = Session("a")
    assert len(hub.subscribe(session, Subscription("t/#", 0))) == 2
    assert len(hub.subscribe(session, Subscription("t/#", 0, retain_handling=1))) == 0
    assert len(hub.subscribe(session, Subscription("t/+", 0, retain_handling=1))) == 2
    assert hub.subscribe(session, Subscription("t/+", 0, retain_handling=2)) == []
    hub.retain(Message("t/1", b"", 1, True))
    [kept] = hub.subscribe(session, Subscription("t/#", 1), identifier=7)
    assert (kept.topic, kept.retain, kept.qos) == ("t/2", True, 1)
    assert kept.properties["subscription_identifier"] == [7]


class Delivery(RuleBasedStateMachine):
    """A client that loses its line at any time still gets every QoS 1 message, in order, at least once."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session("c", most_waiting=10_000)
        self.offered = 0
        self.line: list[Publish] = []
        self.got: list[int] = []

    @rule()
    def offer(self) -> None:
        self.session.offer(Message("t", str(self.offered).encode(), 1))
        self.offered += 1

    @rule(window=st.integers(1, 4))
    def send(self, window: int) -> None:
        self.line += [packet for packet, _ in self.session.due(window)]

    @rule()
    def take(self) -> None:
        if self.line:
            packet = self.line.pop(0)
            self.got.append(int(packet.payload))
            self.session.acknowledged(Ack(Type.PUBACK, packet.packet_id))

    @rule()
    def lose_the_line(self) -> None:
        self.line = [one for one in self.session.resumed() if isinstance(one, Publish)]

    @invariant()
    def nothing_is_lost(self) -> None:
        kept = [int(one.payload) for one in self.session.undelivered()]
        assert sorted(set(self.got) | set(kept)) == list(range(self.offered))
        first = list(dict.fromkeys(self.got))
        assert first == sorted(first)


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
