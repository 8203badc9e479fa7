"""SL 651-2014: golden frames, round trips, and what must be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.telemetry import crc16_modbus
from quancheng.core.telemetry.sl651 import (
    BEIJING,
    ELEMENTS,
    FUNCTIONS,
    Direction,
    End,
    Fault,
    Frame,
    FrameError,
    Packet,
    Quality,
    Report,
    Start,
    acknowledge,
    decode,
    element,
    encode,
    function_name,
    reading,
)

from .builders import AT, SLOT, frames, hour_frame, packet_frame, rain_frame, uniform_frame
from .frames import CORRUPT, GOLDEN, VENDOR_F5, golden


def sealed(raw: bytes) -> bytes:
    """Give bytes without their checksum the right one."""
    return raw + crc16_modbus(raw).to_bytes(2)


def refused(raw: bytes) -> Fault:
    with pytest.raises(FrameError) as caught:
        decode(raw)
    assert caught.value.advice.zh
    assert caught.value.advice.en
    return caught.value.reason


def with_body(body: str, function: str = "33", flags: str = "0", start: str = "02") -> bytes:
    raw = bytes.fromhex(body)
    head = f"7E7E0137010000010000{function}{flags}{len(raw):03X}{start}"
    return sealed(bytes.fromhex(head) + raw + b"\x03")


LEAD = "0007070718182500F1F1370100000150F0F00707181825"


def test_crc_check_value() -> None:
    assert crc16_modbus(b"123456789") == 0x4B37
    assert crc16_modbus(b"") == 0xFFFF


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frames_read_and_write_back_byte_for_byte(name: str) -> None:
    raw = golden(name)
    assert encode(decode(raw)) == raw
    assert raw[-2:].hex().upper() == name[-4:]


def test_golden_values() -> None:
    frame = decode(golden("test-20FA"))
    assert (frame.centre, frame.station, frame.password, frame.serial) == (1, "0012345678", 4660, 3)
    assert frame.report is not None
    assert frame.report.station_class == 0x48
    values = {r.element.code: r.value for r in frame.readings}
    assert values == {
        0x20: Decimal("0.5"), 0x26: Decimal("0.5"), 0x39: Decimal("0.127"), 0x38: Decimal("11.15"),
    }  # fmt: skip
    assert frame.readings[0].observed_at == datetime(2059, 10, 11, 15, 49, tzinfo=BEIJING)
    assert decode(golden("timed-A421")).readings[2].value == Decimal("10.490")
    assert decode(golden("timed-5AC6")).station == "00418D2337"


def test_golden_uniform_report_has_all_twelve_groups() -> None:
    frame = decode(golden("uniform-5B94"))
    assert frame.report is not None
    assert frame.report.step == SLOT
    assert [r.value for r in frame.readings] == [Decimal("28.960")] * 12
    assert frame.readings[-1].observed_at == datetime(2022, 12, 5, 11, 0, tzinfo=BEIJING)


def test_golden_answers_are_what_we_would_send() -> None:
    for question, answer in (
        ("test-20FA", "test-answer-75D4"),
        ("timed-A421", "timed-answer-E5D4"),
    ):
        frame, expected = decode(golden(question)), golden(answer)
        assert frame.wants_answer
        assert frame.sent_at is not None
        assert encode(acknowledge(frame, decode(expected).sent_at or AT)) == expected
    assert not decode(golden("keepalive-6BCA")).wants_answer


def test_the_corrupt_public_frame_is_refused() -> None:
    assert refused(bytes.fromhex(CORRUPT[1])) is Fault.CRC


def test_a_vendor_length_that_breaks_annex_c_is_refused_not_guessed() -> None:
    assert refused(bytes.fromhex(VENDOR_F5[1])) is Fault.ELEMENT_LENGTH


@settings(max_examples=150, deadline=None)
@given(frames())
def test_round_trip(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


FLIPPED = ["keepalive-6BCA", "test-20FA", "timed-5AC6", "uniform-5B94", "test-answer-75D4"]


@pytest.mark.parametrize("name", FLIPPED)
def test_every_single_flipped_bit_is_refused(name: str) -> None:
    raw = golden(name)
    for bit in range(8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        refused(bytes(spoilt))


def test_every_pair_of_flipped_bits_is_refused_in_a_keepalive() -> None:
    raw = golden("keepalive-6BCA")
    bits = 8 * len(raw)
    number = int.from_bytes(raw)
    for one in range(bits):
        for other in range(one):
            refused((number ^ 1 << one ^ 1 << other).to_bytes(len(raw)))


@pytest.mark.parametrize("name", FLIPPED)
def test_every_truncation_and_extension_is_refused(name: str) -> None:
    raw = golden(name)
    for size in range(len(raw)):
        assert refused(raw[:size]) in (Fault.TRUNCATED, Fault.START)
    assert refused(raw + b"\x00") is Fault.LENGTH


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_noise_raises_only_frame_errors(noise: bytes, marked: bool) -> None:
    refused(b"\x7e\x7e" + noise if marked else noise)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["2F", "30", "31", "32", "34", "36", "E0"]))
def test_any_body_with_a_right_checksum_reads_back_or_is_refused(body: bytes, code: str) -> None:
    raw = with_body(LEAD + body.hex(), code)
    try:
        frame = decode(raw)
    except FrameError:
        return
    assert decode(encode(frame)) == frame


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((11, 0x10), Fault.DIRECTION),
        ((13, 0x03), Fault.BODY_START),
        ((10, 0x00), Fault.FUNCTION),
        ((10, 0x60), Fault.FUNCTION),
        ((3, 0x1A), Fault.STATION),
        ((-3, 0x05), Fault.BODY_END),
        ((16, 0x1A), Fault.BCD),
        ((17, 0x13), Fault.TIME),
        ((22, 0xF2), Fault.LEAD),
        ((29, 0x00), Fault.STATION_CLASS),
        ((30, 0xF1), Fault.LEAD),
        ((24, 0x1A), Fault.STATION),
    ],
)
def test_wrong_fields_with_a_right_checksum(change: tuple[int, int], reason: Fault) -> None:
    raw = bytearray(encode(rain_frame())[:-2])
    at, byte = change
    raw[at + 2 if at < 0 else at] = byte
    assert refused(sealed(bytes(raw))) is reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("00", Fault.ELEMENT),
        ("FD19000000", Fault.ELEMENT),
        ("FF", Fault.ELEMENT),
        ("20", Fault.ELEMENT_LENGTH),
        ("2001", Fault.ELEMENT_LENGTH),
        ("20190000", Fault.ELEMENT_LENGTH),
        ("2019FFAA00", Fault.BCD),
        ("201900000A", Fault.BCD),
        ("F458" + "00" * 11, Fault.ELEMENT_LENGTH),
        ("0418000005", Fault.ELEMENT),
        ("F0F007071818", Fault.LENGTH),
        ("F0F00707181860", Fault.TIME),
        ("F0F0070718186A", Fault.BCD),
    ],
)
def test_wrong_elements(body: str, reason: Fault) -> None:
    assert refused(with_body(LEAD + body)) is reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", Fault.LEAD),
        ("0418000005", Fault.ELEMENT_LENGTH),
        ("0418000000392300000000", Fault.TIME),
        ("0418002400392300000000", Fault.TIME),
        ("041800000A392300000000", Fault.BCD),
        ("041800000539230000000000", Fault.ELEMENT_LENGTH),
        ("0418000005" + "F460" + "00" * 12, Fault.ELEMENT),
    ],
)
def test_wrong_uniform_reports(body: str, reason: Fault) -> None:
    assert refused(with_body(LEAD + body, "31")) is reason


def test_other_wrong_bodies() -> None:
    assert refused(with_body("0007", "2F")) is Fault.LENGTH
    assert refused(with_body("000707071818250000", "2F")) is Fault.LENGTH
    assert refused(with_body("000707071818250000", "33", "8")) is Fault.LENGTH
    assert refused(with_body("002003", "36", start="16")) is Fault.PACKET
    assert refused(with_body("0020", "36", start="16")) is Fault.PACKET


def test_missing_and_negative_values() -> None:
    frame = decode(with_body(LEAD + "2019FFFFFF" + "2019AAAAAA" + "0211FF05" + "FF331100FF"[:0]))
    assert [r.value for r in frame.readings] == [None, None, Decimal("-0.5")]
    assert [r.quality for r in frame.readings[:2]] == [Quality.MISSING] * 2
    assert decode(encode(frame)) == frame


def test_hourly_rain_and_level() -> None:
    slots: list[Decimal | None] = [Decimal(k) / 10 for k in range(11)]
    for frame in (hour_frame([*slots, None]), hour_frame([*slots, Decimal("25.4")])):
        assert decode(encode(frame)) == frame
    levels = [None, *(Decimal(k) / 100 for k in range(11))]
    assert decode(encode(hour_frame(levels, 0xF5))) == hour_frame(levels, 0xF5)
    both = hour_frame([*slots, None])
    assert both.report is not None
    moved = replace(both.report, readings=both.readings[:12] + both.readings[:12])
    assert decode(encode(replace(both, report=moved))).readings == moved.readings


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([Decimal("25.5")] * 12, Fault.VALUE),
        ([Decimal("0.05")] * 12, Fault.VALUE),
        ([Decimal("-0.1")] * 12, Fault.VALUE),
        ([Decimal(0)] * 11, Fault.ELEMENT_LENGTH),
    ],
)
def test_hourly_rain_that_does_not_fit(values: list[Decimal | None], reason: Fault) -> None:
    with pytest.raises(FrameError) as caught:
        encode(hour_frame(values))
    assert caught.value.reason is reason


def test_uniform_steps() -> None:
    for step in (SLOT, timedelta(hours=1), timedelta(days=1, hours=2, minutes=3)):
        frame = uniform_frame([Decimal("23.580"), None, Decimal("-1.000")], step)
        assert decode(encode(frame)) == frame


def test_several_packets() -> None:
    for frame in (packet_frame(3, 1), packet_frame(3, 2), packet_frame(3, 3, End.ETX)):
        assert decode(encode(frame)) == frame
        assert frame.readings == ()
    assert not packet_frame(3, 1).wants_answer


def test_status_bits() -> None:
    frame = rain_frame()
    assert frame.report is not None
    report = replace(frame.report, readings=(reading(0x45, Decimal(0x81), AT),))
    assert decode(encode(replace(frame, report=report))).readings[0].value == 129


def _report(**changes: object) -> Callable[[Frame], Frame]:
    def change(frame: Frame) -> Frame:
        assert frame.report is not None
        return replace(frame, report=replace(frame.report, **changes))  # type: ignore[arg-type]

    return change


BAD_ENCODES: list[tuple[Callable[[Frame], Frame], Fault]] = [
    (lambda f: replace(f, centre=256), Fault.VALUE),
    (lambda f: replace(f, password=-1), Fault.VALUE),
    (lambda f: replace(f, serial=65536), Fault.VALUE),
    (lambda f: replace(f, function=0x60), Fault.FUNCTION),
    (lambda f: replace(f, function=0x2F), Fault.FUNCTION),
    (lambda f: replace(f, report=None), Fault.FUNCTION),
    (lambda f: replace(f, end=End.ACK), Fault.BODY_END),
    (lambda f: replace(f, station="37"), Fault.STATION),
    (lambda f: replace(f, station="370100000Z"), Fault.STATION),
    (lambda f: replace(f, station="A701000001"), Fault.STATION),
    (lambda f: replace(f, start=Start.SYN), Fault.PACKET),
    (lambda f: replace(f, serial=None), Fault.PACKET),
    (lambda f: replace(f, start=Start.SYN, packet=Packet(1, 2)), Fault.PACKET),
    (lambda f: replace(f, payload=b"x"), Fault.LENGTH),
    (lambda f: replace(f, sent_at=datetime(2007, 7, 18)), Fault.TIME),
    (lambda f: replace(f, sent_at=datetime(1999, 7, 18, tzinfo=UTC)), Fault.TIME),
    (lambda f: replace(f, sent_at=AT + timedelta(microseconds=1)), Fault.TIME),
    (_report(station_class=0), Fault.STATION_CLASS),
    (_report(observed_at=AT + timedelta(seconds=1)), Fault.TIME),
    (_report(step=SLOT), Fault.TIME),
    (_report(readings=(reading(0x20, Decimal("0.05"), AT),)), Fault.VALUE),
    (_report(readings=(reading(0x20, Decimal("NaN"), AT),)), Fault.VALUE),
    (_report(readings=(reading(0x20, Decimal(10**6), AT),)), Fault.VALUE),
    (_report(readings=(reading(0x45, None, AT),)), Fault.VALUE),
    (_report(readings=(reading(0x04, Decimal(5), AT),)), Fault.ELEMENT),
    (_report(readings=(reading(0x7A, Decimal(5), AT),)), Fault.ELEMENT_LENGTH),
    (_report(readings=(reading(0xFF33, Decimal(5), AT, 0xF8),) * 200), Fault.LENGTH),
]


@pytest.mark.parametrize(("change", "reason"), BAD_ENCODES)
def test_wrong_values_are_not_sent(change: Callable[[Frame], Frame], reason: Fault) -> None:
    with pytest.raises(FrameError) as caught:
        encode(change(rain_frame()))
    assert caught.value.reason is reason


def test_wrong_uniform_reports_are_not_sent() -> None:
    good = uniform_frame([Decimal(1), Decimal(2)])
    assert good.report is not None
    rows = good.readings
    for change in (
        {"step": timedelta(seconds=30)},
        {"step": timedelta(0)},
        {"step": timedelta(days=100)},
        {"readings": ()},
        {"readings": rows[::-1]},
        {"readings": (rows[0], replace(rows[1], element=ELEMENTS[0x3A]))},
    ):
        with pytest.raises(FrameError):
            encode(replace(good, report=replace(good.report, **change)))  # type: ignore[arg-type]
    late = hour_frame([Decimal(0)] * 12)
    assert late.report is not None
    apart = (replace(late.readings[0], observed_at=AT), *late.readings[1:])
    with pytest.raises(FrameError):
        encode(replace(late, report=Report("3701000001", 0x50, AT, apart)))


def test_tables() -> None:
    assert len(ELEMENTS) == 0x75 + 1 + 8
    assert (ELEMENTS[0x22].definition, ELEMENTS[0x39].definition) == (0x19, 0x23)
    assert ELEMENTS[0xF4].definition == 0x60
    assert ELEMENTS[0xF5].definition == 0xC0
    assert element(0x7A) is not None
    assert element(0x1FF) is None
    assert function_name(0xE5) is not None
    assert len(FUNCTIONS) == 30
    with pytest.raises(FrameError):
        reading(0xF3, None, AT)
    assert Direction.DOWN == 8
    assert str(FrameError(Fault.CRC)) == "crc"
