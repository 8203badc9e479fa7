"""GB/T 26875.3: golden frames, objects, readings, answers, refusals, streams."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.telemetry.bcd import BEIJING
from quancheng.core.telemetry.framing import BadFrame
from quancheng.core.telemetry.gb26875 import (
    ANALOGUES,
    COMPONENTS,
    LAYOUTS,
    SYSTEMS,
    Body,
    Command,
    Frame,
    FrameBuffer,
    TypeFlag,
    bodies,
    confirm,
    decode,
    deny,
    encode,
    inspect,
    pack,
    pack_time,
    readings,
    set_clock,
    unpack_time,
)
from quancheng.core.telemetry.reading import Quality
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from .frames import GOLDEN, golden


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=BEIJING).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


AT = micros(2026, 7, 18, 9, 30, 5)


def reason_of(raw: bytes) -> Reason:
    with pytest.raises(FrameRefused) as caught:
        decode(raw)
    return caught.value.reason


def sealed(payload: bytes, command: int = Command.DATA) -> bytes:
    unit = bytes(22) + len(payload).to_bytes(2, "little") + bytes([command]) + payload
    return b"@@" + unit + bytes([sum(unit) & 0xFF]) + b"##"


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frames_read_and_write_back_byte_for_byte(name: str) -> None:
    assert encode(decode(golden(name))) == golden(name)


def test_golden_fire_of_a_smoke_detector() -> None:
    frame = decode(golden("smoke-fire-46"))
    assert (frame.serial, frame.source, frame.destination, frame.address) == (1, 889, 88888, "790300000000")
    assert frame.sent_at == micros(2012, 9, 26, 9, 58, 32)
    (body,) = bodies(frame)
    assert (body.system, body.system_address, body.component, body.component_address) == (1, 1, 40, 0x2000A)
    assert body.state == 0b10
    assert body.text == ""
    found = {one.element: one for one in readings(frame)}
    assert found["c1.1.40.0002000A.fire"].value == 1.0
    assert found["c1.1.40.0002000A.fault"].value == 0.0
    assert found["c1.1.40.0002000A.state"].value == 2.0
    fire = found["c1.1.40.0002000A.fire"]
    assert fire.time == micros(2012, 9, 26, 9, 58, 2), "the object's own time, not the frame's"
    assert fire.quality == 0, "a fire is not played down because bit 0 says test"


def test_golden_version_and_operation_of_the_device() -> None:
    (version,) = bodies(decode(golden("device-version")))
    assert (version.type, version.version) == (TypeFlag.DEVICE_VERSION, (1, 0))
    assert readings(decode(golden("device-version"))) == []
    found = {one.element: one.value for one in readings(decode(golden("device-reset-5F")))}
    assert found["device.operation-reset"] == 1.0
    assert found["device.operation-silenced"] == 0.0
    assert readings(decode(golden("empty-data-B5"))) == []


def test_types_of_users_own_are_refused_by_name() -> None:
    frame = decode(golden("user-type-F1"))
    with pytest.raises(FrameRefused) as caught:
        readings(frame)
    assert caught.value.reason is Reason.ITEM
    assert "150" in caught.value.detail


def test_golden_confirmation_is_what_we_would_send() -> None:
    asked, told = decode(golden("device-version")), decode(golden("confirm-EF"))
    assert told.sent_at is not None
    assert encode(confirm(asked, told.sent_at)) == golden("confirm-EF")
    fire = decode(golden("smoke-fire-46"))
    heard = decode(golden("confirm-AB"))
    assert heard.sent_at is not None
    assert encode(confirm(fire, heard.sent_at)) == golden("confirm-AB")
    assert deny(fire, AT).command == Command.DENY


def test_commands_of_the_centre() -> None:
    asked = decode(golden("smoke-fire-46"))
    clock = set_clock(asked, 7, AT + 123)
    assert (clock.command, clock.destination, clock.serial) == (Command.CONTROL, asked.source, 7)
    assert bodies(decode(encode(clock)))[0].at == AT
    duty = inspect(asked, 8, 10, AT)
    assert bodies(decode(encode(duty)))[0].minutes == 10
    assert readings(clock) == []


@pytest.mark.parametrize("name", GOLDEN)
def test_every_flipped_bit_is_refused(name: str) -> None:
    raw = golden(name)
    for bit in range(8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        reason_of(bytes(spoilt))


@pytest.mark.parametrize("name", GOLDEN)
def test_every_truncation_and_extension_is_refused(name: str) -> None:
    raw = golden(name)
    for size in range(len(raw)):
        assert reason_of(raw[:size]) in (Reason.TRUNCATED, Reason.START)
    assert reason_of(raw + b"#") is Reason.LENGTH


# -- objects ------------------------------------------------------------------------------------
def test_every_layout_goes_both_ways() -> None:
    values = {
        "system": 1, "system_address": 2, "component": 42, "component_address": 0x01020304, "state": 3,
        "analogue": 3, "number": -55, "operator": 9, "text": "一层大厅东侧烟感", "version": (2, 7),
        "minutes": 15, "at": AT,
    }  # fmt: skip
    for kind, layout in LAYOUTS.items():
        body = Body(kind, **{field.name: values[field.name] for field in layout})  # type: ignore[arg-type]
        frame = Frame(1, 2, 3, Command.DATA, AT, pack([body, body]))
        assert bodies(decode(encode(frame))) == [body, body]
    for kind in (TypeFlag.SYSTEM_CONFIG, TypeFlag.DEVICE_CONFIG):
        whose = {"system": 1, "system_address": 2} if kind == TypeFlag.SYSTEM_CONFIG else {}
        body = Body(kind, text="济南市历下区消防控制室", **whose)
        assert bodies(Frame(1, 2, 3, 2, payload=pack([body]))) == [body]


times = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 31)).map(
    lambda at: int(at.replace(microsecond=0, tzinfo=BEIJING).timestamp()) * 1_000_000
)
numbers = st.integers(0, 255)
states = st.builds(
    Body, type=st.just(int(TypeFlag.COMPONENT_STATE)), system=numbers, system_address=numbers, component=numbers,
    component_address=st.integers(0, 2**32 - 1), state=st.integers(0, 65535),
    text=st.text("烟感一二三ABC123-", max_size=15).map(str.strip), at=st.none() | times,
)  # fmt: skip
analogues = st.builds(
    Body, type=st.just(int(TypeFlag.COMPONENT_ANALOGUE)), system=numbers, system_address=numbers, component=numbers,
    component_address=st.integers(0, 2**32 - 1), analogue=st.integers(1, 12), number=st.integers(-32768, 32767),
    at=times,
)  # fmt: skip
addresses = st.integers(0, 2**48 - 1)
frames = st.builds(
    Frame, serial=st.integers(0, 65535), source=addresses, destination=addresses,
    command=st.sampled_from(list(map(int, Command))), sent_at=st.none() | times,
    payload=st.binary(max_size=60) | st.lists(states, min_size=1, max_size=5).map(pack)
    | st.lists(analogues, min_size=1, max_size=5).map(pack),
    version=numbers, user_version=numbers,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(frames)
def test_round_trip(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([*map(int, TypeFlag), 6, 26, 9, 200]), st.integers(0, 5))
def test_any_objects_with_a_right_check_read_or_are_refused(rest: bytes, kind: int, count: int) -> None:
    frame = decode(sealed(bytes([kind, count]) + rest))
    try:
        found = bodies(frame)
        readings(frame)
    except FrameRefused:
        return
    assert len(found) == count


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("01", Reason.TRUNCATED),
        ("0100", Reason.LENGTH),
        ("01FF", Reason.LENGTH),
        ("0101", Reason.LENGTH),
        ("0101010102000000000000000000", Reason.LENGTH),
        ("0902", Reason.ITEM),
        ("C801", Reason.ITEM),
        ("010101010200050A0C1F021A", Reason.TIME),
        ("1A0105414243", Reason.LENGTH),
        ("1A01", Reason.LENGTH),
        ("1A0102FFFF", Reason.SYNTAX),
    ],
)
def test_broken_objects(payload: str, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as caught:
        bodies(decode(sealed(bytes.fromhex(payload))))
    assert caught.value.reason is reason


def test_analogues_have_units_scales_and_plausible_ranges() -> None:
    """表6: steps 0.01 m, 0.1 ℃, 0.1 kPa …, as two public implementations list them."""

    def read(kind: int, number: int) -> tuple[str, float | str | bool | None, str, int]:
        body = Body(3, 11, 1, 91, 1, analogue=kind, number=number, at=AT)
        (one,) = readings(Frame(1, 2, 3, Command.DATA, AT, pack([body])))
        assert one.time == AT
        return one.element, one.value, one.unit, one.quality

    assert read(2, 355) == ("c11.1.91.00000001.height", 3.55, "m", 0)
    assert read(3, -125) == ("c11.1.91.00000001.temperature", -12.5, "℃", 0)
    assert read(5, 4120) == ("c11.1.91.00000001.pressure-kPa", 412.0, "kPa", 0)
    assert read(12, 21) == ("c11.1.91.00000001.wind-speed", 21.0, "m/s", Quality.SUSPECT)
    assert read(6, -1)[3] == Quality.SUSPECT
    with pytest.raises(FrameRefused) as caught:
        read(13, 1)
    assert caught.value.reason is Reason.ITEM


def test_system_and_device_states_use_the_frames_time_when_they_have_none() -> None:
    system = Body(TypeFlag.SYSTEM_STATE, 1, 1, state=0b100000001)
    found = {r.element: r.value for r in readings(Frame(1, 2, 3, Command.DATA, AT, pack([system])))}
    assert (found["s1.1.running"], found["s1.1.mains-fault"], found["s1.1.fire"]) == (1.0, 1.0, 0.0)
    device = Body(TypeFlag.DEVICE_STATE, state=0b0100000)
    one = readings(Frame(1, 2, 3, Command.RESPONSE, AT, pack([device])))
    assert {r.time for r in one} == {AT}
    assert next(r for r in one if r.element == "device.channel-fault").value == 1.0
    assert readings(Frame(1, 2, 3, Command.REQUEST, AT, pack([Body(61, 1, 1)]))) == []


def test_times() -> None:
    assert unpack_time(bytes([5, 30, 9, 18, 7, 26])) == AT
    assert pack_time(AT) == bytes([5, 30, 9, 18, 7, 26])
    assert unpack_time(bytes(6)) is None
    for wrong in (bytes([60, 0, 0, 1, 1, 1]), bytes([0, 0, 24, 1, 1, 1]), bytes([1, 0, 0, 0, 1, 1])):
        with pytest.raises(FrameRefused):
            unpack_time(wrong)
    for late in (AT + 1, micros(1999, 1, 1), 2**70):
        with pytest.raises(FrameRefused):
            pack_time(late)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": 65536}, {"source": 2**48}, {"source": -1}, {"command": 7}, {"command": 300}, {"version": 256},
        {"payload": bytes(1025)}, {"sent_at": AT + 1},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(FrameRefused):
        encode(replace(decode(golden("smoke-fire-46")), **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "objects",
    [
        [], [Body(1, 1, 1, state=1), Body(8, 1, 1)], [Body(99)], [Body(1, 300, 1, state=1)], [Body(1, None, 1, state=1)],
        [Body(7, 1, 1, 1, 1, text="长" * 40)], [Body(7, 1, 1, 1, 1, text="尾 ")], [Body(26, text="字" * 200)],
    ],
)  # fmt: skip
def test_objects_that_do_not_fit_are_not_written(objects: list[Body]) -> None:
    with pytest.raises(FrameRefused):
        pack(objects)


def test_a_command_of_no_meaning_is_refused_and_a_users_own_is_not() -> None:
    assert reason_of(sealed(b"", 7)) is Reason.FUNCTION
    assert decode(sealed(b"", 200)).command == 200


def test_tables_are_whole() -> None:
    assert len(SYSTEMS) == 17
    assert COMPONENTS[42].zh == "点型光电感烟火灾探测器"
    assert len(COMPONENTS) == 66
    assert [ANALOGUES[n].unit for n in range(1, 13)] == [
        "件", "m", "℃", "MPa", "kPa", "%LEL", "s", "V", "A", "L/s", "m³/min", "m/s",
    ]  # fmt: skip


# -- streams ------------------------------------------------------------------------------------
ALL = [golden(name) for name in GOLDEN]


def run(stream: bytes, cuts: list[int]) -> list[Frame | BadFrame]:
    buffer, found, start = FrameBuffer(), [], 0
    for cut in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        found += buffer.feed(stream[start:cut])
        start = cut
    return found + buffer.flush()


def good(found: list[Frame | BadFrame]) -> list[Frame]:
    return [one for one in found if isinstance(one, Frame)]


noise = st.binary(max_size=12) | st.sampled_from([b"@", b"@@", b"@@@", b"##", b"@@" + bytes(26)])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(noise, st.sampled_from(ALL)), max_size=5), noise, st.data())
def test_chunks_do_not_matter(pieces: list[tuple[bytes, bytes]], tail: bytes, data: st.DataObject) -> None:
    stream = b"".join(a + b for a, b in pieces) + tail
    cuts = data.draw(st.lists(st.integers(0, 1000), max_size=8))
    assert good(run(stream, cuts)) == good(run(stream, []))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=20), st.sampled_from(ALL)), min_size=1, max_size=4))
def test_no_byte_is_lost(pieces: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(a + b for a, b in pieces)
    found = run(stream, [])
    assert b"".join(i.raw if isinstance(i, BadFrame) else encode(i) for i in found) == stream


def test_frames_between_noise_and_behind_cut_ones_are_found() -> None:
    stream = b"".join(ALL)
    assert run(stream, list(range(len(stream)))) == [decode(raw) for raw in ALL]
    for size in range(2, len(ALL[4]), 3):
        assert good(run(ALL[4][:size] + ALL[0] + ALL[1], [])) == [decode(ALL[0]), decode(ALL[1])]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_noise_raises_only_refusals(noise: bytes, marked: bool) -> None:
    try:
        decode(b"@@" + noise if marked else noise)
    except FrameRefused:
        return
