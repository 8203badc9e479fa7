"""Modbus: the specification's own examples, damage, and maps of real layouts."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.modbus import (
    Adu,
    Answer,
    Failure,
    Function,
    Order,
    Register,
    RegisterMap,
    Request,
    Table,
    Type,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    split_rtu,
    unwrap_rtu,
    unwrap_tcp,
    wrap_rtu,
    wrap_tcp,
)
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from ..damage import QUICK, only_refuses, refuses_damage

# MODBUS Application Protocol Specification V1.1b3, the example of each function (§6.1–§6.12)
EXAMPLES = [
    ("0100130013", "0103CD6B05", Request.read(Function.READ_COILS, 19, 19)),
    ("0200C40016", "0203ACDB35", Request.read(Function.READ_DISCRETE_INPUTS, 196, 22)),
    ("03006B0003", "0306022B00000064", Request.read(Function.READ_HOLDING_REGISTERS, 107, 3)),
    ("0400080001", "0402000A", Request.read(Function.READ_INPUT_REGISTERS, 8, 1)),
    ("0500ACFF00", "0500ACFF00", Request.write(Function.WRITE_COIL, 172, (1,))),
    ("0600010003", "0600010003", Request.write(Function.WRITE_REGISTER, 1, (3,))),
    (
        "0F0013000A02CD01",
        "0F0013000A",
        Request.write(Function.WRITE_COILS, 19, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)),
    ),
    ("100001000204000A0102", "1000010002", Request.write(Function.WRITE_REGISTERS, 1, (10, 258))),
]
# "MODBUS over serial line", CRC: the frame every tutorial prints (simplymodbus.ca/FC03.htm)
ASKED = bytes.fromhex("1103006B00037687")
ANSWERED = bytes.fromhex("110306AE415652434049AD")


@pytest.mark.parametrize(("asked", "answered", "request_"), EXAMPLES)
def test_examples_of_the_specification(asked: str, answered: str, request_: Request) -> None:
    assert decode_request(bytes.fromhex(asked)) == request_
    assert encode_request(request_) == bytes.fromhex(asked)
    answer = decode_answer(bytes.fromhex(answered), request_)
    assert encode_answer(answer) == bytes.fromhex(answered)


def test_coils_come_lowest_first_without_their_padding() -> None:
    answer = decode_answer(bytes.fromhex("0103CD6B05"), EXAMPLES[0][2])
    assert isinstance(answer, Answer)
    assert answer.values == (1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1)
    assert answer.address == 19


def test_an_exception_says_why() -> None:
    failure = decode_answer(bytes.fromhex("8302"), Request.read(Function.READ_HOLDING_REGISTERS, 0, 1))
    assert failure == Failure(Function.READ_HOLDING_REGISTERS, 2)
    assert failure.text.zh == "非法数据地址"
    assert encode_answer(failure) == bytes.fromhex("8302")


def test_rtu_frames_of_the_tutorial() -> None:
    assert unwrap_rtu(ASKED) == Adu(17, bytes.fromhex("03006B0003"))
    assert wrap_rtu(Adu(17, bytes.fromhex("03006B0003"))) == ASKED
    answer = decode_answer(unwrap_rtu(ANSWERED).pdu, decode_request(unwrap_rtu(ASKED).pdu))
    assert isinstance(answer, Answer)
    assert answer.values == (0xAE41, 0x5652, 0x4340)


@pytest.mark.parametrize("frame", [ASKED, ANSWERED])
def test_no_damaged_rtu_frame_is_read(frame: bytes) -> None:
    refuses_damage(unwrap_rtu, frame)


def test_several_answers_in_one_message() -> None:
    failure = wrap_rtu(Adu(2, bytes.fromhex("8302")))
    found = split_rtu(ANSWERED + failure + ANSWERED)
    assert [adu.unit for adu in found] == [17, 2, 17]
    with pytest.raises(FrameRefused) as refused:
        split_rtu(ANSWERED + failure[:-1])
    assert refused.value.reason is Reason.TRUNCATED


def test_tcp_frame() -> None:
    raw = bytes.fromhex("15010000000611 03006B0003".replace(" ", ""))
    assert unwrap_tcp(raw) == Adu(17, bytes.fromhex("03006B0003"), 0x1501)
    assert wrap_tcp(unwrap_tcp(raw)) == raw
    for size in range(len(raw)):
        with pytest.raises(FrameRefused):
            unwrap_tcp(raw[:size])


def test_an_answer_that_does_not_fit_its_request_is_refused() -> None:
    request = Request.read(Function.READ_HOLDING_REGISTERS, 107, 2)
    for pdu in ("0306022B00000064", "0404022B0000", "03050000000000", "03040000"):
        with pytest.raises(FrameRefused):
            decode_answer(bytes.fromhex(pdu), request)
    with pytest.raises(FrameRefused):
        decode_answer(bytes.fromhex("0600010004"), Request.write(Function.WRITE_REGISTER, 1, (3,)))


@pytest.mark.parametrize(
    "request_",
    [
        Request.read(Function.READ_COILS, 0, 0),
        Request.read(Function.READ_COILS, 0, 2001),
        Request.read(Function.READ_HOLDING_REGISTERS, 0, 126),
        Request.read(Function.READ_HOLDING_REGISTERS, 65535, 2),
        Request.write(Function.WRITE_COILS, 0, (2,)),
        Request.write(Function.WRITE_REGISTERS, 0, (65536,)),
        Request(Function.WRITE_REGISTERS, 0, 2, (1,)),
    ],
)
def test_a_request_beyond_the_specification_is_not_written(request_: Request) -> None:
    with pytest.raises(FrameRefused):
        encode_request(request_)


def test_an_answer_beyond_the_specification_is_not_written() -> None:
    for answer in (
        Failure(Function.READ_COILS, 7),
        Answer(Function.READ_HOLDING_REGISTERS),
        Answer(Function.READ_HOLDING_REGISTERS, (0,) * 126),
        Answer(Function.WRITE_REGISTER, (1,)),
        Answer(Function.WRITE_REGISTERS, (), 0, 200),
    ):
        with pytest.raises(FrameRefused):
            encode_answer(answer)


@pytest.mark.parametrize(
    "pdu", ["0500ACFF01", "0F0013000A02CDFF", "0F0013000A03CD01", "0100130013FF", "83FF", "0302"]
)
def test_a_pdu_that_is_not_of_the_specification_is_refused(pdu: str) -> None:
    raw = bytes.fromhex(pdu)
    with pytest.raises(FrameRefused):
        decode_request(raw)
    with pytest.raises(FrameRefused):
        decode_answer(raw)


def test_frames_of_impossible_units_and_sizes_are_not_written() -> None:
    for adu in (Adu(248, b"x"), Adu(1, b""), Adu(1, bytes(254))):
        with pytest.raises(FrameRefused):
            wrap_rtu(adu)
    for adu in (Adu(256, b"x"), Adu(1, b"", 1), Adu(1, b"x", 65536)):
        with pytest.raises(FrameRefused):
            wrap_tcp(adu)


METER = RegisterMap.of(
    [
        {"element": "voltage", "address": 0, "type": "uint16", "scale": 0.1, "unit": "V"},
        {"element": "current", "address": 1, "type": "int16", "scale": 0.01, "unit": "A"},
        {"element": "energy", "address": 2, "type": "float32", "order": "CDAB", "unit": "kWh"},
        {"element": "flow", "address": 4, "type": "bcd32", "scale": 0.001, "unit": "m³/h"},
        {"element": "alarm", "address": 6, "type": "bit", "bit": 3},
        {"element": "level", "address": 7, "type": "int16", "missing": [32767], "unit": "m"},
    ]
)


def test_a_register_map_gives_readings_with_units() -> None:
    words = struct.pack(">Hh", 2305, -150) + struct.pack(">f", 1234.5)[2:] + struct.pack(">f", 1234.5)[:2]
    words += bytes.fromhex("00012345") + b"\x00\x08" + b"\x7f\xff"
    request = METER.requests()[0]
    assert request == Request.read(Function.READ_HOLDING_REGISTERS, 0, 8)
    answer = decode_answer(bytes((3, len(words))) + words, request)
    assert isinstance(answer, Answer)
    assert METER.readings(answer, time=5) == (
        Reading("voltage", 230.5, "V", 5),
        Reading("current", -1.5, "A", 5),
        Reading("energy", 1234.5, "kWh", 5),
        Reading("flow", 12.345, "m³/h", 5),
        Reading("alarm", True, "", 5),
        Reading("level", None, "m", 5, Quality.MISSING),
    )


def test_part_of_a_map_gives_only_the_rows_wholly_inside() -> None:
    answer = Answer(Function.READ_HOLDING_REGISTERS, (0, 0))
    assert [r.element for r in METER.readings(answer, address=2)] == ["energy"]
    assert [r.element for r in METER.readings(answer, address=3)] == []
    with pytest.raises(FrameRefused):
        METER.readings(answer)


@pytest.mark.parametrize(
    ("order", "raw"), [("ABCD", "449A5000"), ("CDAB", "5000449A"), ("BADC", "9A440050"), ("DCBA", "00509A44")]
)
def test_the_four_orders_of_bytes(order: str, raw: str) -> None:
    row = Register("x", 0, Type.FLOAT32, order=Order(order))
    words = tuple(int(raw[at : at + 4], 16) for at in (0, 4))
    assert row.reading(words, 0, None).value == 1234.5


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_a_number_is_missing(value: float) -> None:
    words = struct.unpack(">HH", struct.pack(">f", value))
    reading = Register("x", 0, Type.FLOAT32).reading(words, 0, None)
    assert (reading.value, reading.quality) == (None, Quality.MISSING)


@pytest.mark.parametrize(
    "row",
    [
        {"element": "x", "address": 65535, "type": "float32"},
        {"element": "x", "address": 0, "type": "float16"},
        {"element": "x", "address": 0, "scale": 0},
        {"element": "x", "address": 0, "scale": float("nan")},
        {"element": "x", "address": 0, "table": "coil"},
        {"element": "x", "address": 0, "colour": "red"},
        {"element": "", "address": 0},
        {"address": 0},
    ],
)
def test_a_map_that_cannot_be_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(FrameRefused) as refused:
        RegisterMap.of([row])
    assert refused.value.reason is Reason.MAP


def test_reads_are_joined_up_to_the_limit() -> None:
    rows = [{"element": f"r{at}", "address": at} for at in range(130)]
    rows.append({"element": "far", "address": 500, "type": "float64"})
    rows.append({"element": "door", "address": 9, "type": "bit", "table": "coil"})
    assert RegisterMap.of(rows).requests() == (
        Request.read(Function.READ_COILS, 9, 1),
        Request.read(Function.READ_HOLDING_REGISTERS, 0, 125),
        Request.read(Function.READ_HOLDING_REGISTERS, 125, 5),
        Request.read(Function.READ_HOLDING_REGISTERS, 500, 4),
    )


@pytest.mark.parametrize(
    ("element", "register"),
    [
        ("holding:100", Register("holding:100", 100)),
        (
            "input:7:float32:CDAB",
            Register("input:7:float32:CDAB", 7, Type.FLOAT32, order=Order.CDAB, table=Table.INPUT),
        ),
        ("holding:6.3", Register("holding:6.3", 6, Type.BIT, bit=3)),
        ("coil:9", Register("coil:9", 9, Type.BIT, table=Table.COIL)),
        ("temperature", None),
        ("holding", None),
    ],
)
def test_an_element_may_say_itself_where_it_stands(element: str, register: Register | None) -> None:
    assert Register.parse(element) == register


@pytest.mark.parametrize(
    "element",
    ["holding:x", "holding:70000", "holding:1:float16", "holding:1:int32:AB", "holding:6.16", "holding:6.3:bit",
     "coil:1:int16", "holding:1:int32:ABCD:more"],
)  # fmt: skip
def test_an_element_that_names_no_register_is_refused(element: str) -> None:
    with pytest.raises(FrameRefused) as refused:
        Register.parse(element)
    assert refused.value.reason is Reason.MAP


def test_answers_find_their_requests_by_size() -> None:
    book = RegisterMap.parse(["holding:0", "holding:100:float32", "coil:3", "name"])
    answers = [
        Answer(Function.READ_HOLDING_REGISTERS, (1, 2)),
        Answer(Function.READ_HOLDING_REGISTERS, (3,)),
        Answer(Function.READ_COILS, (1,) + (0,) * 7),
    ]
    assert [request.address for _, request in book.attribute(answers)] == [100, 0, 3]


def test_an_answer_that_could_be_of_two_requests_is_not_guessed() -> None:
    book = RegisterMap.parse(["holding:0", "holding:100"])
    one, two = (Answer(Function.READ_HOLDING_REGISTERS, (value,)) for value in (1, 2))
    assert [request.address for _, request in book.attribute([one, two])] == [0, 100]
    for answers in ([one], [one, two, one], [Answer(Function.READ_INPUT_REGISTERS, (1,))]):
        with pytest.raises(FrameRefused) as refused:
            book.attribute(answers)
        assert refused.value.reason is Reason.MAP


@st.composite
def requests(draw: st.DrawFn) -> Request:
    function = draw(st.sampled_from(Function))
    address = draw(st.integers(0, 0xFFFF - 100))
    if function.reads:
        return Request.read(function, address, draw(st.integers(1, 100)))
    single = function in (Function.WRITE_COIL, Function.WRITE_REGISTER)
    value = st.integers(0, 1) if function.bits else st.integers(0, 0xFFFF)
    values = draw(st.lists(value, min_size=1, max_size=1 if single else 100))
    return Request.write(function, address, tuple(values))


@QUICK
@given(requests())
def test_requests_round_trip(request: Request) -> None:
    assert decode_request(encode_request(request)) == request


@QUICK
@given(requests(), st.data())
def test_answers_round_trip(request: Request, data: st.DataObject) -> None:
    values = request.values
    if request.function.reads:
        value = st.integers(0, 1) if request.function.bits else st.integers(0, 0xFFFF)
        values = tuple(data.draw(st.lists(value, min_size=request.count, max_size=request.count)))
    elif request.function in (Function.WRITE_COILS, Function.WRITE_REGISTERS):
        values = ()
    answer = Answer(request.function, values, request.address, request.count)
    assert decode_answer(encode_answer(answer), request) == answer


@QUICK
@given(st.binary(max_size=300))
def test_noise_is_only_refused(raw: bytes) -> None:
    for decode in (decode_request, decode_answer, unwrap_rtu, unwrap_tcp, split_rtu):
        only_refuses(decode, raw)
