"""DL/T 645: published exchanges, the package ``dlt645`` as oracle, damage and every shape."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from dlt645.config.variable_types import VARIABLE_TYPES
from dlt645.model.data.define import DIMap
from dlt645.protocol.protocol import DLT645Protocol
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.dlt645 import (
    Edition,
    Frame,
    Function,
    Shape,
    decode,
    encode,
    item,
    item_1997,
    join,
    read_request,
    readings,
    split,
)
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from ..damage import QUICK, only_refuses, refuses_damage

METER = "000000000161"
# "DLT645-2007 规约 常见报文解析", exchanges with meter 000000000161 (hwhale.com/article/138066)
PUBLISHED = [
    ("68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16", "energy_active_import", 0.26, "kWh"),
    ("68 61 01 00 00 00 00 68 91 08 33 33 35 33 59 34 33 33 8C 16", "energy_active_export", 1.26, "kWh"),
    ("68 61 01 00 00 00 00 68 91 08 33 33 36 33 59 33 34 33 8D 16", "energy_reactive_1", 100.26, "kvarh"),
    ("68 61 01 00 00 00 00 68 91 08 33 33 37 33 56 33 34 33 8B 16", "energy_reactive_2", 100.23, "kvarh"),
    ("68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16", "voltage_a", 100.1, "V"),
    # DL/T 645-1997: voltage of a manual (manualshive.com, HEYUAN ASDU-LS, p. 18) and energy of a forum
    ("68 03 00 00 00 00 00 68 81 04 44 E9 33 34 EC 16", "voltage_a", 100.0, "V"),
    ("68 54 07 13 00 80 13 68 81 06 43 C3 34 33 33 33 2B 16", "energy_active_import", 0.01, "kWh"),
]
ASKED = [
    ("68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16", METER, 0x00010000, Edition.Y2007),
    ("68 61 01 00 00 00 00 68 11 04 33 34 34 35 17 16", METER, 0x02010100, Edition.Y2007),
    ("68 03 00 00 00 00 00 68 01 02 44 E9 03 16", "000000000003", 0xB611, Edition.Y1997),
    ("68 63 01 43 03 00 00 68 01 02 43 C3 83 16", "000003430163", 0x9010, Edition.Y1997),
]
BEIJING = timezone(timedelta(hours=8))


def answer(identifier: int, data: str, *, function: Function = Function.READ) -> Frame:
    size = 4 if function is Function.READ else 2
    return Frame(METER, function, identifier.to_bytes(size, "little") + bytes.fromhex(data)[::-1])


@pytest.mark.parametrize(("text", "element", "value", "unit"), PUBLISHED)
def test_published_answers(text: str, element: str, value: float, unit: str) -> None:
    raw = bytes.fromhex(text)
    assert readings(decode(raw)) == (Reading(element, value, unit),)
    assert encode(decode(raw)) == raw
    refuses_damage(decode, raw)


@pytest.mark.parametrize(("text", "address", "identifier", "edition"), ASKED)
def test_published_requests(text: str, address: str, identifier: int, edition: Edition) -> None:
    frame = read_request(address, identifier, edition)
    assert encode(frame) == bytes.fromhex(text)
    assert decode(b"\xfe" * 4 + bytes.fromhex(text)) == frame


def test_the_address_of_a_meter_that_is_asked_for_it() -> None:
    frame = Frame(METER, Function.READ_ADDRESS, bytes.fromhex(METER)[::-1])
    assert readings(decode(encode(frame))) == (Reading("address", METER),)
    assert decode(encode(Frame("AAAAAAAAAAAA", Function.READ_ADDRESS, answer=False))).address == "A" * 12


@pytest.mark.parametrize(
    ("identifier", "data", "expected"),
    [
        (0x02020100, "801500", Reading("current_a", -1.5, "A")),
        (0x02030000, "912345", Reading("power_active", -11.2345, "kW")),
        (0x02060000, "1000", Reading("power_factor", 1.0, "")),
        (0x02800002, "4999", Reading("frequency", 49.99, "Hz")),
        (0x02800007, "8055", Reading("temperature", -5.5, "℃")),
        (0x00000000, "80000100", Reading("energy_active_net", -1.0, "kWh")),
        (0x00010200, "00012345", Reading("energy_active_import_t2", 123.45, "kWh")),
        (0x00010001, "00000100", Reading("energy_active_import_d1", 1.0, "kWh")),
        (0x00150000, "00000100", Reading("energy_active_import_a", 1.0, "kWh")),
        (0x00290000, "00000100", Reading("energy_active_import_b", 1.0, "kWh")),
        (0x003D0000, "00000100", Reading("energy_active_import_c", 1.0, "kWh")),
        (0x04000101, "26112200", Reading("date", "2026-11-22")),
        (0x04000102, "154500", Reading("clock", "15:45:00")),
        (0x04000401, METER, Reading("address", METER)),
        (0x04000501, "8001", Reading("status_1", 32769.0)),
        (0x02010100, "FFFF", Reading("voltage_a", None, "V", None, Quality.MISSING)),
    ],
)
def test_every_shape(identifier: int, data: str, expected: Reading) -> None:
    assert readings(answer(identifier, data)) == (expected,)


def test_a_demand_has_the_time_it_was_reached() -> None:
    reached = int(datetime(2026, 11, 2, 18, 15, tzinfo=BEIJING).timestamp()) * 1_000_000
    frame = answer(0x01010000, "2611021815" + "012345")
    assert readings(frame) == (Reading("demand_max_active_import", 1.2345, "kW", reached),)
    none = readings(answer(0x01010000, "0000000000" + "000000"))
    assert none == (Reading("demand_max_active_import", 0.0, "kW", None, Quality.CLOCK),)


def test_a_block_gives_what_came_of_it() -> None:
    voltages = readings(answer(0x0201FF00, "2203" + "2202" + "2201"))
    assert [(r.element, r.value) for r in voltages] == [
        ("voltage_a", 220.1), ("voltage_b", 220.2), ("voltage_c", 220.3)
    ]  # fmt: skip
    powers = readings(answer(0x0203FF00, "000003" + "000002" + "000001" + "000006"))
    assert [r.element for r in powers] == [
        "power_active", "power_active_a", "power_active_b", "power_active_c"
    ]  # fmt: skip
    energies = readings(answer(0x0001FF00, "00000003" + "00000002" + "00000005"))
    assert [(r.element, r.value) for r in energies] == [
        ("energy_active_import", 0.05), ("energy_active_import_t1", 0.02), ("energy_active_import_t2", 0.03)
    ]  # fmt: skip
    with pytest.raises(FrameRefused):
        readings(answer(0x0201FF00, "2201" * 4))


def test_an_answer_in_several_frames_is_put_together() -> None:
    head = (0x0001FF00).to_bytes(4, "little")
    first = Frame(METER, Function.READ, head + bytes.fromhex("01000000"), more=True)
    second = Frame(METER, Function.READ_MORE, head + bytes.fromhex("02000000" + "01"))
    (whole,) = join(split(encode(first) + encode(second)))
    assert [r.value for r in readings(whole)] == [0.01, 0.02]
    for frames in (
        [first],
        [first, first],
        [first, Frame(METER, Function.READ_MORE, second.data[:-1] + b"\2")],
    ):
        with pytest.raises(FrameRefused) as refused:
            join(frames)
        assert refused.value.reason is Reason.SEQUENCE
    with pytest.raises(FrameRefused):
        readings(first)


def test_an_error_answer_says_what_is_wrong() -> None:
    frame = decode(encode(Frame(METER, Function.READ, b"\x06", failed=True)))
    with pytest.raises(FrameRefused) as refused:
        readings(frame)
    assert refused.value.reason is Reason.DEVICE
    assert "无请求数据、密码错或未授权" in refused.value.message.zh
    assert "no such data, wrong password or not authorized" in refused.value.message.en


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (answer(0x09010100, "0000"), Reason.ITEM),
        (answer(0x02010100, "000000"), Reason.LENGTH),
        (answer(0x02010100, "AB00"), Reason.BCD),
        (answer(0x04000101, "26130100"), Reason.TIME),
        (answer(0x04000102, "250000"), Reason.TIME),
        (Frame(METER, Function.READ, b"\0\0"), Reason.TRUNCATED),
        (Frame(METER, Function.FREEZE), Reason.FUNCTION),
        (read_request(METER, 0x00010000), Reason.FUNCTION),
    ],
)
def test_what_cannot_be_read_is_refused(frame: Frame, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as refused:
        readings(frame)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "frame",
    [
        Frame("00000000016", Function.READ),
        Frame("00000000016Z", Function.READ),
        Frame("00000000016B", Function.READ),
        Frame(METER, Function.READ, bytes(256)),
        Frame(METER, Function.READ, answer=False, more=True),
        Frame(METER, Function.READ, failed=True, more=True),
    ],
)
def test_a_frame_that_could_not_be_read_back_is_not_written(frame: Frame) -> None:
    with pytest.raises(FrameRefused):
        encode(frame)


@pytest.mark.parametrize(
    ("control", "reason"), [("F1", Reason.FUNCTION), ("31", Reason.FUNCTION), ("87", Reason.FUNCTION)]
)
def test_a_control_code_of_no_edition_is_refused(control: str, reason: Reason) -> None:
    body = bytes.fromhex(f"6861010000000068{control}00")
    with pytest.raises(FrameRefused) as refused:
        decode(body + bytes((sum(body) & 0xFF, 0x16)))
    assert refused.value.reason is reason


def test_status_words_come_as_a_block() -> None:
    found = readings(answer(0x040005FF, "0002" + "0001"))
    assert [(r.element, r.value) for r in found] == [("status_1", 1.0), ("status_2", 2.0)]


def test_the_tables_agree_with_the_oracle() -> None:
    """Decimals and units of every variable, energy and demand the package ``dlt645`` knows."""
    known = 0
    # the oracle's unit of these is empty or wrong (功率因数 in kW, distortion in V and A)
    unitless = ("power_factor", "phase_angle", "distortion", "demand_active", "battery_minutes")
    for row in VARIABLE_TYPES:
        ours = item(int(row["Di"], 16))
        if ours is None:
            assert row["Di"].startswith(("020A", "020B")), row  # harmonics: no row here
            continue
        shown = row["DataFormat"]
        assert ours.size * 2 == len(shown.replace(".", "")), row
        assert ours.decimals == (len(shown.split(".")[1]) if "." in shown else 0), row
        assert ours.unit == row["Unit"].strip() or any(name in ours.element for name in unitless), row
        known += 1
    for identifier in DIMap:
        kind = identifier >> 24
        if kind not in (0, 1):
            continue
        ours = item(identifier)
        if ours is not None:
            assert ours.shape is Shape.DEMAND if kind else ours.decimals == 2
            known += 1
    assert known > 1000


addresses = st.integers(0, 10**12 - 1).map(lambda n: f"{n:012d}")


@QUICK
@given(addresses, st.sampled_from(Function), st.binary(max_size=255), st.integers(0, 4))
def test_frames_agree_with_the_oracle(address: str, function: Function, data: bytes, preamble: int) -> None:
    frame = Frame(address, function, data)
    raw = encode(frame, preamble)
    theirs = DLT645Protocol.build_frame(bytes.fromhex(address)[::-1], 0x80 | function, data, preamble)
    assert raw == bytes(theirs)
    read = DLT645Protocol.deserialize(raw)
    assert read is not None
    assert bytes(read.data) == decode(raw).data == data
    assert decode(raw) == frame


@QUICK
@given(st.integers(-799_999, 799_999))
def test_signed_numbers(number: int) -> None:
    digits = bytearray.fromhex(f"{abs(number):06d}")[::-1]
    digits[-1] |= 0x80 if number < 0 else 0
    frame = Frame(METER, Function.READ, (0x02020100).to_bytes(4, "little") + bytes(digits))
    assert readings(frame)[0].value == number / 1000


@pytest.mark.parametrize("code", [0x9010, 0x9011, 0x9410, 0x9810, 0x9110, 0xB621, 0xB630, 0xB650, 0xC032])
def test_identifiers_of_1997_have_rows(code: int) -> None:
    assert item_1997(code) is not None


@QUICK
@given(st.binary(max_size=300))
def test_noise_is_only_refused(noise: bytes) -> None:
    for function in (Function.READ, Function.READ_1997, Function.READ_ADDRESS):
        only_refuses(lambda data, f=function: readings(Frame(METER, f, data)), noise[:255])  # type: ignore[misc]
    only_refuses(lambda raw: join(split(raw)), noise)


@QUICK
@given(st.sampled_from(sorted(DIMap)), st.binary(max_size=40))
def test_any_data_of_any_identifier_gives_readings_or_a_refusal(identifier: int, data: bytes) -> None:
    frame = Frame(METER, Function.READ, identifier.to_bytes(4, "little") + data)
    only_refuses(lambda _: readings(frame), data)
