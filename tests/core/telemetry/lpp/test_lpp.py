"""Cayenne LPP: the documentation's examples, the package ``pycayennelpp`` as oracle, noise."""

from __future__ import annotations

import pytest
from cayennelpp import LppFrame
from cayennelpp.lpp_type import LppType
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.lpp import TYPES, Sample, decode, encode, readings
from quancheng.core.telemetry.reading import Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from ..damage import QUICK, only_refuses

# myDevices, Cayenne Docs, "LoRa — Cayenne Low Power Payload", the three examples of "Payload structure"
EXAMPLES = [
    ("03670110056700FF", [Reading("temperature_3", 27.2, "℃"), Reading("temperature_5", 25.5, "℃")]),
    (
        "0167FFD7067104D2FB2E0000",
        [
            Reading("temperature_1", -4.1, "℃"),
            Reading("acceleration_6_x", 1.234, "g"),
            Reading("acceleration_6_y", -1.234, "g"),
            Reading("acceleration_6_z", 0.0, "g"),
        ],
    ),
    (
        "018806765FF2960A0003E8",
        [
            Reading("location_1_latitude", 42.3519, "°"),
            Reading("location_1_longitude", -87.9094, "°"),
            Reading("location_1_altitude", 10.0, "m"),
        ],
    ),
]


@pytest.mark.parametrize(("payload", "expected"), EXAMPLES)
def test_examples_of_the_documentation(payload: str, expected: list[Reading]) -> None:
    assert list(readings(bytes.fromhex(payload))) == expected
    assert encode(decode(bytes.fromhex(payload))).hex().upper() == payload


def test_the_table_agrees_with_the_oracle() -> None:
    for code in range(256):
        theirs, ours = LppType.get_lpp_type(code), TYPES.get(code)
        assert (theirs is None) == (ours is None), code
        if theirs is None or ours is None:
            continue
        assert [f.size for f in ours.fields] == theirs.sizes, ours.name
        assert [f.signed for f in ours.fields] == theirs.signs, ours.name
        assert [f.divisor for f in ours.fields] == theirs.scales, ours.name


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    kind = TYPES[draw(st.sampled_from(sorted(TYPES)))]
    values = []
    for field in kind.fields:
        half = 1 << 8 * field.size - 1
        raw = draw(st.integers(-half, half - 1) if field.signed else st.integers(0, 2 * half - 1))
        values.append(raw / field.divisor)
    return Sample(draw(st.integers(0, 255)), kind, tuple(values))


@QUICK
@given(st.lists(samples(), max_size=8))
def test_payloads_agree_with_the_oracle(wanted: list[Sample]) -> None:
    raw = encode(wanted)
    theirs = LppFrame().from_bytes(bytearray(raw)) if raw else LppFrame()
    assert list(decode(raw)) == wanted
    assert [(d.channel, d.type.type, d.value) for d in theirs] == [
        (s.channel, s.kind.code, s.values) for s in wanted
    ]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("03", Reason.TRUNCATED),
        ("036701", Reason.TRUNCATED),
        ("03FF0110", Reason.ITEM),
        ("0188067660", Reason.TRUNCATED),
        ("01F0", Reason.ITEM),
        ("01F005AA", Reason.TRUNCATED),
    ],
)
def test_what_cannot_be_read_is_refused(payload: str, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as refused:
        readings(bytes.fromhex(payload))
    assert refused.value.reason is reason


def test_a_polyline_is_passed_over() -> None:
    assert readings(bytes.fromhex("01F003AABB" + "03670110")) == (Reading("temperature_3", 27.2, "℃"),)


def test_a_value_that_does_not_fit_is_refused() -> None:
    for value in (27.25, 4000.0, float("nan")):
        with pytest.raises(FrameRefused):
            encode([Sample(1, TYPES[103], (value,))])


@QUICK
@given(st.binary(max_size=80))
def test_noise_is_only_refused(noise: bytes) -> None:
    only_refuses(readings, noise)
