"""CJ/T 188: the published worked examples, damage, units, clocks and status words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.cjt188 import (
    METERS,
    UNITS,
    Control,
    Frame,
    decode,
    encode,
    read_request,
    readings,
    split,
)
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from ..damage import QUICK, only_refuses, refuses_damage

# "CJ/T-188 水表协议解析1" (cnblogs.com/yangykaifa/p/7010777.html, hftangyu.com/563.html): a request and
# its answer, explained byte by byte: 556677.00 m³ now, the same settled, clock 2015-05-11 22:01:31. The
# sum 08 printed there is wrong (a digit of the address was changed); fox-edge's tests have the right 13.
ASKED = "FE FE FE FE 68 10 44 33 22 11 00 33 78 01 03 1F 90 00 80 16"
WATER = (
    "FE FE FE FE 68 10 44 33 22 11 00 33 78 81 16 1F 90 00 00 77 66 55 2C 00 77 66 55 2C "
    "31 01 22 11 05 15 20 21 84 13 16"
)
PRINTED = WATER.replace("84 13 16", "84 08 16")
# "CJ/T-188 冷热量表协议解析" (biecuoliao.com/pa/MPREpm3.html): 123456.78 kWh, kW, m³/h, 1234.56 ℃ …; its
# values are invented and its sum 91 with them: 06 is right
HEAT = (
    "FE FE FE FE 68 20 44 33 22 11 00 33 78 81 2E 1F 90 01 78 56 34 12 05 78 56 34 12 05 78 56 34 12 17 "
    "78 56 34 12 35 78 56 34 12 2C 56 34 12 56 34 12 56 34 12 20 14 03 18 12 56 59 00 00 06 16"
)
# "CJ/T-188 冷热量表协议解析2" (shuzhiduo.com/A/RnJWxa2v5q), a real heat meter: the maker sends the
# identifier high byte first and the unit before its number
MAKERS = (
    "FE FE FE FE 68 20 32 41 31 40 00 00 00 81 2E 90 1F 01 08 02 00 00 00 08 02 00 00 00 17 00 00 00 00 "
    "35 00 00 00 00 2C 34 10 00 00 35 25 00 66 25 00 00 00 00 53 00 12 10 07 15 20 00 00 31 16"
)
OTHER_ORDER = "FE FE FE FE 68 20 32 41 31 40 00 00 00 01 03 90 1F 01 20 16"
# answers of real water meters that stand in tests and comments of public repositories
# (ronje/rhilex and others): total, settled, clock, valve
REAL = [
    (
        "FE FE 68 10 45 41 10 05 15 33 78 81 16 90 1F AA 00 59 59 00 2C FF FF FF FF 2C "
        "FF FF FF FF FF FF FF 00 00 C2 16",
        (5959.0, None, None, "open"),
    ),
    (
        "68 10 88 05 27 10 15 20 00 81 16 90 1F 01 00 00 00 00 2C 00 00 00 00 2C 06 20 17 09 01 17 20 00 00 8E 16",
        (0.0, 0.0, (2017, 1, 9, 17, 20, 6), "open"),
    ),
    (
        "68 10 69 00 01 07 17 20 00 81 16 1F 90 02 00 00 00 00 2C 00 00 00 00 2C 59 54 16 19 08 17 20 13 01 EF 16",
        (0.0, 0.0, (2017, 8, 19, 16, 54, 59), "fault"),
    ),
    (
        "FE FE FE 68 10 18 02 12 20 20 00 00 81 16 90 1F 00 00 02 00 00 2C 00 02 00 00 2C "
        "00 00 00 00 00 00 00 00 FF 85 16",
        (2.0, 2.0, None, "open"),
    ),
    (
        "FE FE FE FE 68 10 43 76 32 51 00 00 00 81 16 90 1F 00 47 70 01 00 29 51 48 01 00 29 "
        "20 20 05 28 20 58 24 00 00 A7 16",
        (170.47, 148.51, None, "open"),
    ),
    (
        "68 10 01 02 03 04 05 06 07 81 16 90 1F 96 00 55 55 05 2C 00 55 55 05 2C 00 00 00 00 00 00 00 00 00 26 16",
        (55555.0, 55555.0, None, "open"),
    ),
]
BEIJING = timezone(timedelta(hours=8))


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=BEIJING).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def test_the_published_request() -> None:
    frame = decode(raw(ASKED))
    assert frame == read_request(0x10, "78330011223344")
    assert encode(frame, preamble=4) == raw(ASKED)
    assert METERS[frame.meter].zh == "冷水水表"


def test_the_published_water_meter() -> None:
    at = micros(2015, 5, 11, 22, 1, 31)
    assert readings(decode(raw(WATER))) == (
        Reading("volume_total", 556677.0, "m³", at),
        Reading("volume_settled", 556677.0, "m³", at),
        Reading("valve", "closed", "", at),
        Reading("battery_low", False, "", at),
    )


def test_the_sum_as_printed_is_refused() -> None:
    with pytest.raises(FrameRefused) as refused:
        decode(raw(PRINTED))
    assert refused.value.reason is Reason.CHECKSUM


Expected = tuple[float, float | None, tuple[int, ...] | None, str]


@pytest.mark.parametrize(("text", "expected"), REAL)
def test_answers_of_real_water_meters(text: str, expected: Expected) -> None:
    total, settled, clock, valve = expected
    found = readings(decode(raw(text)))
    assert [r.value for r in found] == [total, settled, valve, False]
    assert {r.time for r in found} == {micros(*clock) if clock else None}
    assert all(bool(r.quality & Quality.CLOCK) is (clock is None) for r in found)
    refuses_damage(decode, raw(text).lstrip(b"\xfe"))


def test_a_real_heat_meter_of_a_maker_that_differs() -> None:
    found = {r.element: (r.value, r.unit) for r in readings(decode(raw(MAKERS)), unit_first=True)}
    assert found["heat_total"] == (0.02, "MWh")
    assert found["volume_total"] == (10.34, "m³")
    assert (found["supply_temperature"], found["return_temperature"]) == ((25.35, "℃"), (25.66, "℃"))
    with pytest.raises(FrameRefused):
        readings(decode(raw(MAKERS)))


def test_the_published_heat_meter() -> None:
    # the article's clock is no date: the values are kept, the clock is marked
    found = {r.element: r for r in readings(decode(raw(HEAT)), decimals={"flow_rate": 2})}
    values = {name: (r.value, r.unit) for name, r in found.items()}
    assert values == {
        "heat_settled": (123456.78, "kWh"),
        "heat_total": (123456.78, "kWh"),
        "heat_power": (123456.78, "kW"),
        "flow_rate": (123456.78, "m³/h"),
        "volume_total": (123456.78, "m³"),
        "supply_temperature": (1234.56, "℃"),
        "return_temperature": (1234.56, "℃"),
        "hours": (123456.0, "h"),
        "valve": ("open", ""),
        "battery_low": (False, ""),
    }
    assert {r.time for r in found.values()} == {None}
    assert {r.quality for r in found.values()} == {Quality.CLOCK}


def test_the_flow_has_four_decimals_unless_the_maker_differs() -> None:
    found = {r.element: r.value for r in readings(decode(raw(HEAT)))}
    assert found["flow_rate"] == 1234.5678


def test_a_maker_that_sends_the_identifier_high_byte_first() -> None:
    frame = decode(raw(OTHER_ORDER))
    assert frame.data == raw("901F01")
    answer = Frame(0x10, frame.address, Control.READ, raw("901F01") + decode(raw(WATER)).data[3:])
    assert readings(answer)[0].value == 556677.0


@pytest.mark.parametrize("text", [ASKED, WATER, HEAT, MAKERS])
def test_no_damaged_frame_is_read(text: str) -> None:
    # a flipped bit of a preamble byte leaves no preamble and no frame; behind it every bit is summed
    refuses_damage(decode, raw(text).lstrip(b"\xfe"))


def test_frames_behind_each_other() -> None:
    assert [f.meter for f in split(raw(WATER) + raw(HEAT) + raw(WATER).lstrip(b"\xfe"))] == [0x10, 0x20, 0x10]


@pytest.mark.parametrize(
    ("state", "valve", "low", "flag"),
    [
        (0x00, "open", False, 0),
        (0x01, "closed", False, 0),
        (0x03, "fault", False, Quality.FAULT),
        (0x04, "open", True, 0),
        (0xF5, "closed", True, 0),
        (0x02, None, False, Quality.MISSING),
    ],
)
def test_status_bits(state: int, valve: str | None, low: bool, flag: int) -> None:
    frame = decode(raw(WATER))
    data = frame.data[:-2] + bytes((state, 0))
    found = readings(Frame(frame.meter, frame.address, Control.READ, data))
    assert (found[-2].value, found[-2].quality, found[-1].value) == (valve, flag, low)


def test_a_settled_month() -> None:
    frame = Frame(0x10, "78330011223344", Control.READ, raw("22D100 7856341200".replace(" ", "")[:-2] + "2C"))
    assert readings(frame) == (Reading("volume_month_3", 123456.78, "m³"),)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x10, "7833001122334", Control.READ, b""),
        Frame(0x10, "水表0011223344", Control.READ, b""),
        Frame(0x10, "78330011223344", Control.READ, bytes(256)),
        Frame(0x100, "78330011223344", Control.READ, b""),
        Frame(0x10, "78330011223344", Control.READ, b"", answer=False, failed=True),
    ],
)
def test_a_frame_that_could_not_be_read_back_is_not_written(frame: Frame) -> None:
    with pytest.raises(FrameRefused):
        encode(frame)


def test_requests_and_unknown_meters_give_no_readings() -> None:
    with pytest.raises(FrameRefused) as refused:
        readings(decode(raw(ASKED)))
    assert refused.value.reason is Reason.FUNCTION
    with pytest.raises(FrameRefused) as refused:
        readings(Frame(0x5A, "78330011223344", Control.READ, raw("1F9000")))
    assert refused.value.reason is Reason.ITEM
    with pytest.raises(FrameRefused) as refused:
        decode(raw(WATER) + b"\0")
    assert refused.value.reason is Reason.LENGTH


def test_a_failed_answer_says_so() -> None:
    frame = decode(encode(Frame(0x10, "78330011223344", Control.READ, b"\0\x02\x21", failed=True)))
    with pytest.raises(FrameRefused) as refused:
        readings(frame)
    assert refused.value.reason is Reason.DEVICE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("1F9000", Reason.LENGTH),
        ("1F90", Reason.TRUNCATED),
        ("555500", Reason.ITEM),
        ("20D10078563412FF", Reason.VALUE),
        ("20D1007A5634122C", Reason.BCD),
    ],
)
def test_what_cannot_be_read_is_refused(data: str, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as refused:
        readings(Frame(0x10, "78330011223344", Control.READ, raw(data)))
    assert refused.value.reason is reason


def test_missing_digits_are_missing() -> None:
    found = readings(Frame(0x30, "78330011223344", Control.READ, raw("20D100FFFFFFFF2C")))
    assert found == (Reading("volume_month_1", None, "m³", None, Quality.MISSING),)


@QUICK
@given(st.integers(0, 99_999_999), st.sampled_from(sorted(UNITS)))
def test_any_volume_in_any_unit(number: int, code: int) -> None:
    digits = bytes.fromhex(f"{number:08d}")[::-1]
    frame = Frame(0x10, "78330011223344", Control.READ, raw("20D100") + digits + bytes((code,)))
    unit, factor = UNITS[code]
    assert readings(decode(encode(frame))) == (Reading("volume_month_1", number / 100 * factor, unit),)


@QUICK
@given(
    st.integers(0, 255),
    st.binary(min_size=7, max_size=7),
    st.sampled_from(Control),
    st.binary(max_size=255),
    st.sampled_from([(False, False), (True, False), (True, True)]),
    st.integers(0, 8),
)
def test_round_trip(
    meter: int, address: bytes, control: Control, data: bytes, kind: tuple[bool, bool], preamble: int
) -> None:
    frame = Frame(meter, address.hex().upper(), control, data, *kind)
    assert decode(encode(frame, preamble)) == frame


@QUICK
@given(st.binary(max_size=300))
def test_noise_is_only_refused(noise: bytes) -> None:
    only_refuses(decode, noise)
    only_refuses(split, noise)
    only_refuses(lambda data: readings(Frame(0x20, "0" * 14, Control.READ, data)), noise[:255])


@QUICK
@given(st.binary(min_size=43, max_size=43))
def test_any_body_of_a_heat_meter_gives_readings_or_a_refusal(body: bytes) -> None:
    only_refuses(lambda data: readings(Frame(0x20, "0" * 14, Control.READ, raw("1F9000") + data)), body)
