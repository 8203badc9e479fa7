"""Sparkplug B payloads: Google's protobuf runtime and ``pysparkplug`` as oracles, types, noise."""

from __future__ import annotations

import math

import pysparkplug
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysparkplug import _protobuf as protobuf

from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.core.telemetry.sparkplug import DataType, Metric, Payload, decode, encode
from quancheng.core.telemetry.sparkplug.payload import typed

from ..damage import QUICK, only_refuses

NOW = 1_767_225_600_000
U64 = st.integers(0, 2**64 - 1)
U32 = st.integers(0, 2**32 - 1)
VALUES = {
    "int_value": U32,
    "long_value": U64,
    "float_value": st.floats(width=32),
    "double_value": st.floats(),
    "boolean_value": st.booleans(),
    "string_value": st.text(max_size=20),
    "bytes_value": st.binary(max_size=20),
}
CARRIERS = {name: number for number, name in enumerate(VALUES, 10)}


@st.composite
def messages(draw: st.DrawFn) -> protobuf.Payload:  # type: ignore[valid-type]
    payload = protobuf.Payload()
    for name in ("timestamp", "seq"):
        if draw(st.booleans()):
            setattr(payload, name, draw(U64))
    for _ in range(draw(st.integers(0, 4))):
        fill(draw, payload.metrics.add())
    return payload


def fill(draw: st.DrawFn, metric: protobuf.Metric) -> None:  # type: ignore[valid-type]
    value = draw(st.sampled_from(sorted(VALUES)))
    optional = {
        "name": st.text(max_size=20),
        "alias": U64,
        "timestamp": U64,
        "datatype": st.integers(0, 34),
        "is_historical": st.just(True),
        value: VALUES[value],
    }
    for name, values in optional.items():
        if draw(st.booleans()):
            setattr(metric, name, draw(values))
    if draw(st.booleans()):
        metric.properties.keys.extend(["engUnit", "Quality", "other"])
        metric.properties.values.add(type=12, string_value=draw(st.text(max_size=5)))
        metric.properties.values.add(type=3, int_value=draw(U32))
        metric.properties.values.add(type=10, double_value=1.5)
        metric.metadata.description = "passed over"


def same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float) and math.isnan(ours):
        return math.isnan(theirs)
    return ours == theirs and type(ours) is type(theirs)


@QUICK
@given(messages())
def test_payloads_agree_with_the_protobuf_runtime(message: protobuf.Payload) -> None:  # type: ignore[valid-type]
    found = decode(message.SerializeToString())
    assert found.timestamp == (message.timestamp if message.HasField("timestamp") else None)
    assert found.seq == (message.seq if message.HasField("seq") else None)
    assert len(found.metrics) == len(message.metrics)
    for ours, theirs in zip(found.metrics, message.metrics, strict=True):
        which = theirs.WhichOneof("value")
        assert ours.name == (theirs.name if theirs.HasField("name") else None)
        assert ours.alias == (theirs.alias if theirs.HasField("alias") else None)
        assert ours.timestamp == (theirs.timestamp if theirs.HasField("timestamp") else None)
        assert (ours.datatype, ours.historical) == (theirs.datatype, theirs.is_historical)
        assert ours.carrier == (CARRIERS[which] if which else 0)
        assert same(ours.value, getattr(theirs, which) if which else None)
        properties = dict(zip(theirs.properties.keys, theirs.properties.values, strict=True))
        assert ours.unit == (properties["engUnit"].string_value if "engUnit" in properties else None)
        assert ours.quality == (properties["Quality"].int_value if "Quality" in properties else None)


@QUICK
@given(messages())
def test_what_we_write_the_protobuf_runtime_reads(message: protobuf.Payload) -> None:  # type: ignore[valid-type]
    found = decode(message.SerializeToString())
    again = protobuf.Payload.FromString(encode(found))
    # by text, since a value that is no number is not equal to itself
    assert repr(decode(again.SerializeToString())) == repr(found)
    assert again.seq == message.seq and [m.name for m in again.metrics] == [m.name for m in message.metrics]


SCALARS = [
    (pysparkplug.DataType.INT8, st.integers(-128, 127)),
    (pysparkplug.DataType.INT16, st.integers(-(2**15), 2**15 - 1)),
    (pysparkplug.DataType.INT32, st.integers(-(2**31), 2**31 - 1)),
    (pysparkplug.DataType.INT64, st.integers(-(2**63), 2**63 - 1)),
    (pysparkplug.DataType.UINT8, st.integers(0, 255)),
    (pysparkplug.DataType.UINT16, st.integers(0, 2**16 - 1)),
    (pysparkplug.DataType.UINT32, U32),
    (pysparkplug.DataType.UINT64, U64),
    (pysparkplug.DataType.FLOAT, st.floats(width=32, allow_nan=False, allow_infinity=False)),
    (pysparkplug.DataType.DOUBLE, st.floats(allow_nan=False, allow_infinity=False)),
    (pysparkplug.DataType.BOOLEAN, st.booleans()),
    (pysparkplug.DataType.STRING, st.text(max_size=20)),
    (pysparkplug.DataType.TEXT, st.text(max_size=20)),
]


@QUICK
@given(st.data())
def test_every_scalar_type_agrees_with_pysparkplug(data: st.DataObject) -> None:
    datatype, values = data.draw(st.sampled_from(SCALARS))
    value = data.draw(values)
    metric = pysparkplug.Metric(timestamp=NOW, name="x", datatype=datatype, value=value)
    birth = pysparkplug.NBirth(timestamp=NOW, seq=0, metrics=(metric,))
    (found,) = decode(birth.encode()).metrics
    assert found.datatype == DataType(int(datatype))
    assert typed(found.datatype, found.carrier, found.value) == value
    ours = encode(Payload(NOW, (Metric("x", timestamp=NOW, datatype=int(datatype), value=value),), 0))
    assert pysparkplug.NBirth.decode(ours).metrics[0].value == value


def test_a_negative_number_with_its_sign_to_32_bits() -> None:
    # tahu's Java and C libraries sign-extend INT8 and INT16 into int_value
    assert typed(DataType.INT8, 10, 0xFFFFFFC8) == -56
    assert typed(DataType.INT8, 10, 0xC8) == -56
    assert typed(DataType.INT16, 10, 0xFFFF8000) == -32768


@pytest.mark.parametrize(
    ("datatype", "carrier", "value"),
    [(1, 10, 300), (5, 10, 256), (0, 10, 5), (9, 10, 5), (11, 15, "x"), (12, 14, True), (3, 13, 1.5)],
)
def test_a_value_that_is_not_of_its_type_is_refused(datatype: int, carrier: int, value: int) -> None:
    with pytest.raises(FrameRefused) as refused:
        typed(datatype, carrier, value)
    assert refused.value.reason is Reason.VALUE


def test_not_a_number_and_bytes_hold_no_value() -> None:
    assert typed(DataType.DOUBLE, 13, float("nan")) is None
    assert typed(DataType.FILE, 16, b"x") is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("08", Reason.TRUNCATED),
        ("0880", Reason.TRUNCATED),
        ("08" + "FF" * 10 + "01", Reason.VALUE),
        ("0B", Reason.FIELD),
        ("00", Reason.FIELD),
        ("0D00000000", Reason.FIELD),
        ("120A0800", Reason.TRUNCATED),
        ("12020D00", Reason.TRUNCATED),
        ("12030A01FF", Reason.SYNTAX),
        ("12022064", Reason.ITEM),
        ("12020801", Reason.FIELD),
    ],
)
def test_what_is_no_payload_is_refused(raw: str, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as refused:
        decode(bytes.fromhex(raw))
    assert refused.value.reason is reason


def test_too_many_metrics_are_refused() -> None:
    raw = encode(Payload(NOW, (Metric("x"),) * 11))
    assert len(decode(raw, most=11).metrics) == 11
    with pytest.raises(FrameRefused) as refused:
        decode(raw, most=10)
    assert refused.value.reason is Reason.LIMIT


@QUICK
@given(st.binary(max_size=120))
def test_noise_is_only_refused(noise: bytes) -> None:
    only_refuses(decode, noise)


@QUICK
@given(messages(), st.data())
def test_damaged_payloads_are_read_or_refused(message: protobuf.Payload, data: st.DataObject) -> None:  # type: ignore[valid-type]
    raw = bytearray(message.SerializeToString())
    if raw:
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        only_refuses(decode, bytes(raw[: data.draw(st.integers(0, len(raw)))]))
