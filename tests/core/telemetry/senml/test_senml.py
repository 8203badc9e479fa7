"""SenML: the examples of RFC 8428 §5.1 and what §4 says of base fields, names and versions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.reading import Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.core.telemetry.senml import readings

from ..damage import QUICK, only_refuses

NOW = 1_767_225_600_000_000
SECOND = 1_000_000


def read(document: object, **options: str) -> tuple[Reading, ...]:
    return readings(json.dumps(document).encode(), NOW, **options)


def test_single_data_point_of_5_1_1() -> None:
    assert read([{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}]) == (
        Reading("urn:dev:ow:10e2073a01080063", 23.1, "℃"),
    )


def test_multiple_data_points_of_5_1_2() -> None:
    pack = [
        {"bn": "urn:dev:ow:10e2073a01080063:", "n": "voltage", "u": "V", "v": 120.1},
        {"n": "current", "u": "A", "v": 1.2},
    ]
    assert read(pack) == (
        Reading("urn:dev:ow:10e2073a01080063:voltage", 120.1, "V"),
        Reading("urn:dev:ow:10e2073a01080063:current", 1.2, "A"),
    )
    assert [r.element for r in read(pack, strip="urn:dev:ow:10e2073a01080063")] == ["voltage", "current"]


def test_base_time_of_5_1_2() -> None:
    pack = [
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e09, "bu": "A", "bver": 5,
         "n": "voltage", "u": "V", "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "t": -4, "v": 1.3},
        {"n": "current", "v": 1.7},
    ]  # fmt: skip
    found = read(pack)
    assert [r.unit for r in found] == ["V", "A", "A", "A"]
    assert [r.time for r in found] == [1_276_020_076_001_000 + s * SECOND for s in (0, -5, -4, 0)]


def test_times_relative_to_now_of_5_1_2() -> None:
    pack = [{"bn": "x:", "bu": "A", "n": "current", "t": -5, "v": 1.2}, {"n": "current", "v": 1.7}]
    assert [r.time for r in read(pack)] == [NOW - 5 * SECOND, None]


def test_multiple_types_of_5_1_4() -> None:
    pack = [
        {"bn": "urn:dev:ow:10e2073a01080063:", "n": "temp", "u": "Cel", "v": 23.1},
        {"n": "label", "vs": "Machine Room"},
        {"n": "open", "vb": False},
        {"n": "nfc-reader", "vd": "aGkgCg"},
    ]
    assert [r.value for r in read(pack)] == [23.1, "Machine Room", False, "aGkgCg"]


def test_base_values_and_sums() -> None:
    pack = [{"bn": "m:", "bv": 20, "bs": 100, "n": "a", "v": 3, "s": 5}, {"n": "b", "s": 7}]
    assert read(pack) == (Reading("m:a", 23.0), Reading("m:a#sum", 105.0), Reading("m:b#sum", 107.0))


def test_a_record_of_base_fields_only_gives_nothing() -> None:
    assert [r.element for r in read([{"bn": "m:", "bt": 1.7e9}, {"n": "a", "v": 1}])] == ["m:a"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"n": "a", "v": 1}, Reason.FIELD),
        (["a"], Reason.FIELD),
        ([{"n": "a"}], Reason.FIELD),
        ([{"n": "a", "v": 1, "vs": "x"}], Reason.FIELD),
        ([{"n": "a", "v": "1"}], Reason.FIELD),
        ([{"n": "a", "v": True}], Reason.FIELD),
        ([{"n": "a", "vb": 1}], Reason.FIELD),
        ([{"n": "a", "v": 1, "must_": 1}], Reason.FIELD),
        ([{"n": "-a", "v": 1}], Reason.FIELD),
        ([{"n": "温度", "v": 1}], Reason.FIELD),
        ([{"v": 1}], Reason.FIELD),
        ([{"bver": 11, "n": "a", "v": 1}], Reason.FORMAT),
        ([{"bver": 5, "n": "a", "v": 1}, {"bver": 6, "n": "a", "v": 1}], Reason.FORMAT),
        ([{"n": "a", "v": 1, "t": 5e9}], Reason.TIME),
        ([{"n": "a", "v": 1, "t": -1e12}], Reason.TIME),
        ([{"n": "a", "v": 1e308, "bv": 1e308}], Reason.VALUE),
    ],
)
def test_what_the_rfc_forbids_is_refused(document: object, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as refused:
        read(document)
    assert refused.value.reason is reason


@pytest.mark.parametrize("payload", [b"", b"[", b"\xff", b"[NaN]", b'[{"n":"a","v":1e999}]', b"[" * 100_000])
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    only_refuses(lambda raw: readings(raw, NOW), payload)
    with pytest.raises(FrameRefused):
        readings(payload, NOW)


fields = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(
            st.floats(allow_nan=False), st.integers(), st.text(max_size=5), st.booleans(), st.none()
        )
        for name in (
            "bn",
            "bt",
            "bu",
            "bv",
            "bs",
            "bver",
            "n",
            "u",
            "v",
            "vs",
            "vb",
            "vd",
            "s",
            "t",
            "ut",
            "x_",
        )
    },
)


@QUICK
@given(st.lists(fields, max_size=4))
def test_any_fields_are_only_refused(document: list[dict[str, object]]) -> None:
    only_refuses(lambda raw: readings(raw, NOW), json.dumps(document).encode())


@QUICK
@given(st.binary(max_size=60))
def test_noise_is_only_refused(noise: bytes) -> None:
    only_refuses(lambda raw: readings(raw, NOW), noise)
