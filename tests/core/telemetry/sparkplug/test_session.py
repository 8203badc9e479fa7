"""Sparkplug B sessions: births, aliases, gaps, deaths and rebirths, told as a host sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.core.telemetry.sparkplug import (
    DataType,
    Effect,
    Kind,
    Metric,
    Node,
    Payload,
    Topic,
    decode,
    guess,
    parse_topic,
    readings,
    rebirth_command,
    receive,
)
from quancheng.core.text import Text

from ..damage import QUICK, only_refuses

NOW = 1_767_225_600_000
AT = NOW * 1000


def bd_seq(number: int) -> Metric:
    return Metric("bdSeq", timestamp=NOW, datatype=DataType.INT64, value=number, carrier=11)


TEMPERATURE = Metric(
    "temperature", 7, NOW, DataType.DOUBLE, 21.5, 13, unit="℃",
)  # fmt: skip
REBIRTH = Metric("Node Control/Rebirth", 1, NOW, DataType.BOOLEAN, False, 14)
BIRTH = Payload(NOW, (bd_seq(3), REBIRTH, TEMPERATURE), 0)
PUMP = Payload(NOW, (Metric("running", 20, NOW, DataType.BOOLEAN, True, 14),), 1)


def born() -> Node:
    node, effect = receive(Node(), Kind.NBIRTH, BIRTH)
    assert effect == Effect((Reading("online", True, "", AT), Reading("temperature", 21.5, "℃", AT)))
    return node


def data(seq: int, *metrics: Metric) -> Payload:
    return Payload(NOW, metrics, seq)


def test_a_birth_gives_names_to_aliases() -> None:
    node, effect = receive(born(), Kind.NDATA, data(1, Metric(alias=7, value=22.5, carrier=13)))
    assert effect == Effect((Reading("temperature", 22.5, "℃", AT),))
    node, effect = receive(node, Kind.NDATA, data(2, Metric("temperature", value=22.6, carrier=13)))
    assert effect.readings[0].value == 22.6


def test_a_device_is_born_speaks_and_dies() -> None:
    node, effect = receive(born(), Kind.DBIRTH, PUMP, "pump")
    assert effect.readings == (
        Reading("pump/online", True, "", AT), Reading("pump/running", True, "", AT)
    )  # fmt: skip
    node, effect = receive(node, Kind.DDATA, data(2, Metric(alias=20, value=False, carrier=14)), "pump")
    assert effect.readings == (Reading("pump/running", False, "", AT),)
    node, effect = receive(node, Kind.DDEATH, data(3), "pump")
    assert effect.readings == (Reading("pump/online", False, "", AT),)
    node, effect = receive(node, Kind.DDATA, data(4), "pump")
    assert effect.rebirth and effect.refused == Text("设备 pump 未上线", "device pump was not born")


def test_data_before_a_birth_ask_for_one() -> None:
    node, effect = receive(Node(), Kind.NDATA, data(5, Metric(alias=7, value=1.0, carrier=13)))
    assert effect.rebirth and not effect.readings
    assert node == Node()


def test_after_a_gap_nothing_is_believed_until_the_next_birth() -> None:
    node, effect = receive(born(), Kind.NDATA, data(2, Metric(alias=7, value=1.0, carrier=13)))
    assert effect == Effect(rebirth=True, refused=Text("序号 0 之后是 2", "seq 2 after 0"))
    _, effect = receive(node, Kind.NDATA, data(3, Metric(alias=7, value=1.0, carrier=13)))
    assert effect.rebirth and not effect.readings
    node, effect = receive(node, Kind.NBIRTH, BIRTH)
    assert effect.readings and not effect.rebirth


def test_the_sequence_goes_on_from_255_to_0() -> None:
    node = born()
    for number in range(1, 600):
        node, effect = receive(node, Kind.NDATA, data(number % 256, Metric(alias=7, value=1.0, carrier=13)))
        assert effect.readings and not effect.rebirth


def test_an_alias_nobody_named_asks_for_a_rebirth() -> None:
    _, effect = receive(born(), Kind.NDATA, data(1, Metric(alias=8, value=1.0, carrier=13)))
    assert effect.rebirth and effect.refused is not None and "8" in effect.refused.zh


def test_data_that_cannot_be_read_make_no_gap() -> None:
    node, effect = receive(born(), Kind.NDATA, data(1, Metric(alias=7, value="warm", carrier=15)))
    assert (effect.reason, effect.rebirth, effect.readings) == (Reason.VALUE, False, ())
    assert effect.refused is not None
    _, effect = receive(node, Kind.NDATA, data(2, Metric(alias=7, value=1.0, carrier=13)))
    assert effect.readings and effect.refused is None


def test_an_alias_of_a_device_is_not_the_node_s() -> None:
    node, _ = receive(born(), Kind.DBIRTH, PUMP, "pump")
    _, effect = receive(node, Kind.NDATA, data(2, Metric(alias=20, value=True, carrier=14)))
    assert effect.rebirth and not effect.readings


def test_a_death_of_an_older_session_is_passed_over() -> None:
    node = born()
    assert receive(node, Kind.NDEATH, Payload(NOW, (bd_seq(2),))) == (node, Effect())
    node, _ = receive(node, Kind.DBIRTH, PUMP, "pump")
    node, effect = receive(node, Kind.NDEATH, Payload(NOW, (bd_seq(3),)))
    assert [(r.element, r.value) for r in effect.readings] == [("online", False), ("pump/online", False)]
    assert not node.born
    _, effect = receive(node, Kind.NDATA, data(1))
    assert effect.rebirth


def test_a_new_birth_forgets_the_old_names() -> None:
    again = Payload(NOW, (bd_seq(4), Metric("level", 7, NOW, DataType.DOUBLE, 3.0, 13)), 0)
    node, _ = receive(born(), Kind.NBIRTH, again)
    _, effect = receive(node, Kind.NDATA, data(1, Metric(alias=7, value=4.0, carrier=13)))
    assert effect.readings[0].element == "level"
    _, effect = receive(node, Kind.NDATA, data(1, Metric("temperature", value=4.0, carrier=13)))
    assert effect.rebirth


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Metric(alias=7, null=True), Reading("temperature", None, "℃", AT, Quality.MISSING)),
        (
            Metric(alias=7, value=float("nan"), carrier=13),
            Reading("temperature", None, "℃", AT, Quality.MISSING),
        ),
        (
            Metric(alias=7, value=1.0, carrier=13, quality=500),
            Reading("temperature", 1.0, "℃", AT, Quality.STALE),
        ),
        (
            Metric(alias=7, value=1.0, carrier=13, quality=0),
            Reading("temperature", 1.0, "℃", AT, Quality.FAULT),
        ),
        (Metric(alias=7, value=1.0, carrier=13, quality=192), Reading("temperature", 1.0, "℃", AT)),
        (
            Metric(alias=7, timestamp=NOW - 5, value=1.0, carrier=13, historical=True),
            Reading("temperature", 1.0, "℃", AT - 5000),
        ),
    ],
)
def test_missing_stale_and_late_values(metric: Metric, expected: Reading) -> None:
    assert receive(born(), Kind.NDATA, data(1, metric))[1].readings == (expected,)


@pytest.mark.parametrize(
    "payload",
    [
        Payload(NOW, (bd_seq(1),), None),
        Payload(NOW, (bd_seq(1),), 256),
        Payload(NOW, (TEMPERATURE,), 0),
        Payload(NOW, (bd_seq(1), TEMPERATURE, TEMPERATURE), 0),
        Payload(NOW, (bd_seq(1), TEMPERATURE, Metric("b", 7, NOW, DataType.DOUBLE, 1.0, 13)), 0),
        Payload(NOW, (bd_seq(1), Metric("untyped", 9, NOW, 0, 1.0, 13)), 0),
        Payload(NOW, (bd_seq(1), Metric(None, 9, NOW, 10, 1.0, 13)), 0),
        Payload(NOW // 1000, (bd_seq(1),), 0),
    ],
)
def test_a_birth_that_makes_no_sense_is_refused(payload: Payload) -> None:
    with pytest.raises(FrameRefused):
        receive(Node(), Kind.NBIRTH, payload)


def test_a_payload_that_explains_itself_needs_no_session() -> None:
    assert readings(Payload(NOW, (TEMPERATURE,))) == (Reading("temperature", 21.5, "℃", AT),)
    with pytest.raises(FrameRefused) as refused:
        readings(Payload(NOW, (Metric(alias=7, value=1.0, carrier=13),)))
    assert refused.value.reason is Reason.SEQUENCE


def test_topics() -> None:
    assert parse_topic("spBv1.0/泉城/DDATA/node/pump") == Topic("泉城", Kind.DDATA, "node", "pump")
    assert parse_topic("spBv1.0/g/NBIRTH/node") == Topic("g", Kind.NBIRTH, "node")
    for topic in ("", "spBv1.0/g/NDATA", "spBv1.0/g/NDATA/n/d", "spAv1.0/g/NDATA/n", "spBv1.0/g/NCMD/n",
                  "spBv1.0//NDATA/n", "spBv1.0/g/DDATA/n"):  # fmt: skip
        with pytest.raises(FrameRefused):
            parse_topic(topic)


def test_the_kind_is_guessed_where_there_is_no_topic() -> None:
    assert guess(BIRTH) is Kind.NBIRTH
    assert guess(Payload(NOW, (bd_seq(3),))) is Kind.NDEATH
    assert guess(data(1)) is Kind.NDATA


def test_the_command_that_asks_for_a_rebirth() -> None:
    topic, raw = rebirth_command("g", "n", NOW)
    assert topic == "spBv1.0/g/NCMD/n"
    (metric,) = decode(raw).metrics
    assert (metric.name, metric.value, metric.datatype) == ("Node Control/Rebirth", True, DataType.BOOLEAN)


metrics = st.builds(
    Metric,
    st.one_of(st.none(), st.sampled_from(["temperature", "bdSeq", "x"])),
    st.one_of(st.none(), st.integers(0, 30)),
    st.one_of(st.none(), st.just(NOW)),
    st.integers(0, 34),
    st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    st.just(10),
)
steps = st.tuples(
    st.sampled_from(Kind),
    st.builds(
        Payload,
        st.just(NOW),
        st.lists(metrics, max_size=3).map(tuple),
        st.one_of(st.none(), st.integers(0, 5)),
    ),
    st.sampled_from(["", "pump"]),
)


@QUICK
@given(st.lists(steps, max_size=8))
def test_any_messages_in_any_order_are_taken_or_refused(messages: list[tuple[Kind, Payload, str]]) -> None:
    node = born()
    for kind, payload, device in messages:

        def take(_: bytes, kind: Kind = kind, payload: Payload = payload, device: str = device) -> None:
            nonlocal node
            node, effect = receive(node, kind, payload, device)
            assert not (effect.refused and effect.readings)

        only_refuses(take, b"")
