"""JT/T 808: golden frames, escapes, positions, packets, answers, refusals, streams."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.telemetry.bcd import BEIJING
from quancheng.core.telemetry.framing import BadFrame
from quancheng.core.telemetry.jt808 import (
    ALARM_BITS,
    EXTRAS,
    STATUS_BITS,
    Assembler,
    Authentication,
    Frame,
    FrameBuffer,
    Location,
    Message,
    Packet,
    RegisterResult,
    Registration,
    Result,
    answer,
    authentication,
    decode,
    encode,
    locations,
    pack_bulk,
    pack_location,
    pack_time,
    readings,
    register_answer,
    registration,
    resend,
    split,
    time_answer,
    unpack_time,
)
from quancheng.core.telemetry.reading import Quality
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from .frames import GOLDEN, WRONG_CHECK, golden


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=BEIJING).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


AT = micros(2026, 7, 18, 9, 30, 5)
PHONE = "013912344329"


def reason_of(raw: bytes) -> Reason:
    with pytest.raises(FrameRefused) as caught:
        decode(raw)
    return caught.value.reason


def wrapped(plain: bytes) -> bytes:
    """Check, escapes and flags around header and body."""
    check = 0
    for byte in plain:
        check ^= byte
    inner = (plain + bytes([check])).replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")
    return b"\x7e" + inner + b"\x7e"


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frames_read_and_write_back_byte_for_byte(name: str) -> None:
    assert encode(decode(golden(name))) == golden(name)


def test_golden_headers() -> None:
    frame = decode(golden("bulk-2019"))
    assert (frame.message, frame.phone, frame.version) == (0x0704, "00000000013912344329", 1)
    assert frame.terminal == "13912344329"
    old = decode(golden("location-escaped-2013"))
    assert (old.phone, old.version, old.serial) == ("123456789012", None, 0x7E)
    assert b"\x7d\x02" in golden("location-escaped-2013")


def test_golden_positions() -> None:
    (one, late), (two, _) = locations(decode(golden("bulk-2019")))
    assert (one.latitude, one.longitude, one.altitude, one.speed, one.direction) == (
        31.000562,
        121.451372,
        666,
        3.3,
        89,
    )
    assert one.at == micros(2024, 10, 29, 21, 39, 3)
    assert not late
    assert two.latitude == 31.000563
    ((south, _),) = locations(decode(golden("location-2019")))
    assert (south.latitude, south.longitude, south.alarm, south.status) == (-31.234567, 121.987654, 111, 22)
    ((west, _),) = locations(decode(golden("location-2013")))
    assert west.longitude == -1.255923
    ((many, _),) = locations(decode(golden("location-many-items-2019")))
    assert [code for code, _ in many.extras] == [0x01, 0x02, 0x03, 0x04, 0x25, 0x30, 0x12, 0x13, 0x31, 0x64]
    assert locations(decode(golden("heartbeat-2013"))) == []


def test_golden_readings() -> None:
    found = {one.element: one for one in readings(decode(golden("location-many-items-2019")))}
    assert found["mileage"].value == 11.1
    assert found["mileage"].unit == "km"
    assert found["fuel"].value == 22.2
    assert found["recorder-speed"].value == 66.6
    assert found["satellites"].value == 0x37
    assert found["signal"].value == 0x21
    assert found["speed"].value == 7.8
    assert found["latitude"].quality == 0, "status DE has the fix bit"
    makers = readings(decode(golden("location-makers-items-2013")), {"latitude", "signal", "satellites"})
    assert [(r.element, r.value, r.quality) for r in makers] == [
        ("latitude", 51.917884, 0), ("signal", 31.0, 0), ("satellites", 5.0, 0),
    ]  # fmt: skip
    assert readings(decode(golden("authenticate-2013"))) == []


def test_golden_registrations_of_three_editions() -> None:
    assert registration(decode(golden("register-2011"))) == Registration(
        44, 303, "70111", "KT-20", "cBD\x02Wfe", 1, "粤B88888"
    )
    assert registration(decode(golden("register-2013"))) == Registration(
        0, 0, "", "HB-R03GBD", "1906751", 2, "ABC00000"
    )
    assert registration(decode(golden("register-no-plate-2013"))).plate == ""
    body = (
        bytes([0, 37, 0, 1])
        + b"QUANCHENG".ljust(11, b"\0")
        + b"T1".ljust(30, b"\0")
        + b"0001".rjust(30, b"\0")
    )
    new = Frame(Message.REGISTER, PHONE.zfill(20), 1, body + b"\x02" + "鲁A12345".encode("gbk"), 1)
    assert registration(decode(encode(new))) == Registration(37, 1, "QUANCHENG", "T1", "0001", 2, "鲁A12345")


def test_authentication_of_two_editions() -> None:
    assert authentication(decode(golden("authenticate-2013"))) == Authentication("016053137272")
    body = b"\x04abcd" + b"861234567890123" + b"V1.0".ljust(20, b"\0")
    new = Frame(Message.AUTHENTICATE, PHONE.zfill(20), 1, body, 1)
    assert authentication(new) == Authentication("abcd", "861234567890123", "V1.0")
    for wrong in (b"", b"\x05abcd" + bytes(35), b"\x04abcd"):
        with pytest.raises(FrameRefused) as caught:
            authentication(replace(new, body=wrong))
        assert caught.value.reason is Reason.LENGTH


def test_golden_answers_are_what_we_would_send() -> None:
    asked = Frame(Message.LOCATION, PHONE.zfill(20), 111, b"", 1)
    assert encode(answer(asked, 0)) == golden("answer-2019")
    assert encode(answer(decode(golden("location-2013")), 133)) == golden("answer-2013")
    assert encode(register_answer(asked, 0, RegisterResult.DONE, "ok..ok..ok")) == golden(
        "register-answer-2019"
    )
    assert register_answer(asked, 0, RegisterResult.NO_TERMINAL, "secret").body == b"\x00\x6f\x04"
    assert encode(resend(asked, 0, 111, [2, 3, 4])) == golden("resend-2019")
    assert encode(resend(replace(asked, phone="013912344323", version=None), 0, 111, [2, 3, 4])) == golden(
        "resend-2013"
    )
    at = micros(2024, 10, 3, 23, 51, 6)
    assert encode(time_answer(asked, 0, at)) == golden("time-2019"), "8004 is UTC"
    assert answer(asked, 1, Result.FAILED).body[-1] == 1


@pytest.mark.parametrize("name", GOLDEN)
def test_every_flipped_bit_is_refused(name: str) -> None:
    raw = golden(name)
    for bit in range(8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        reason_of(bytes(spoilt))


def test_the_public_frame_with_a_wrong_check_is_refused() -> None:
    assert reason_of(bytes.fromhex(WRONG_CHECK[1])) is Reason.CHECKSUM


HEAD = bytes.fromhex("0200") + b"\x00\x00" + bytes.fromhex(PHONE) + b"\x00\x01"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\x7f" + wrapped(HEAD)[1:], Reason.START),
        (b"\x7e", Reason.TRUNCATED),
        (wrapped(HEAD)[:-1], Reason.TRUNCATED),
        (wrapped(b"\x02\x00"), Reason.TRUNCATED),
        (b"\x7e\x02\x7d\x03\x00\x7e", Reason.SYNTAX),
        (b"\x7e\x02\x00\x7d\x7e", Reason.SYNTAX),
        (wrapped(HEAD)[:5] + b"\x7e" + wrapped(HEAD)[5:], Reason.LENGTH),
        (wrapped(HEAD + b"x"), Reason.LENGTH),
        (wrapped(HEAD[:2] + b"\x00\x05" + HEAD[4:]), Reason.LENGTH),
        (wrapped(HEAD[:2] + b"\x04\x00" + HEAD[4:]), Reason.FORMAT),
        (wrapped(HEAD[:2] + b"\x80\x00" + HEAD[4:]), Reason.FIELD),
        (wrapped(HEAD[:4] + b"\x0a" + HEAD[5:]), Reason.BCD),
        (wrapped(HEAD[:2] + b"\x20\x00" + HEAD[4:] + b"\x00\x02\x00\x03"), Reason.SEQUENCE),
        (wrapped(HEAD[:2] + b"\x40\x00" + HEAD[4:]), Reason.LENGTH),
    ],
)
def test_broken_frames(raw: bytes, reason: Reason) -> None:
    assert reason_of(raw) is reason


# -- positions ----------------------------------------------------------------------------------
PLACE = Location(0, 0b11, 36.651234, 117.120098, 26, 43.2, 270, AT, ((0x01, (12345).to_bytes(4)),))


def test_positions_go_both_ways_in_bulk_and_late() -> None:
    frame = Frame(Message.BULK, PHONE, 1, pack_bulk([PLACE, replace(PLACE, at=AT + 1_000_000)], late=True))
    found = locations(decode(encode(frame)))
    assert [late for _, late in found] == [True, True]
    assert found[0][0] == PLACE
    late = readings(frame, {"speed"})
    assert [(r.value, r.time, r.quality) for r in late] == [
        (43.2, AT, Quality.LATE), (43.2, AT + 1_000_000, Quality.LATE),
    ]  # fmt: skip


def test_without_a_fix_the_place_is_stale_and_the_rest_is_not() -> None:
    frame = Frame(Message.LOCATION, PHONE, 1, pack_location(replace(PLACE, status=0)))
    found = {r.element: r.quality for r in readings(frame, {"latitude", "speed", "mileage", "alarm"})}
    assert found == {"latitude": Quality.STALE, "speed": Quality.STALE, "mileage": 0, "alarm": 0}


def test_alarm_and_status_bits_and_odd_items() -> None:
    alarm = 1 << ALARM_BITS["emergency"] | 1 << ALARM_BITS["rollover"]
    extras = (
        (0x06, (-18).to_bytes(2, signed=True)), (0x2B, b"\x00\x07\x01\x02"), (0x01, b"\x01"), (0x2B, b"\x01"),
        (0xE5, b"makers own"),
    )  # fmt: skip
    frame = Frame(Message.LOCATION, PHONE, 1, pack_location(replace(PLACE, alarm=alarm, extras=extras)))
    found = {r.element: r.value for r in readings(frame)}
    assert found["alarm-emergency"] == found["alarm-rollover"] == found["status-ignition"] == 1.0
    assert found["alarm-fatigue"] == found["status-stopped"] == 0.0
    assert found["carriage-temperature"] == -18.0
    assert (found["analogue-0"], found["analogue-1"]) == (258.0, 7.0)
    assert "mileage" not in found
    assert len(found) == 7 + len(ALARM_BITS) + len(STATUS_BITS) + 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (bytes(27), Reason.LENGTH),
        (bytes(8) + (90_000_001).to_bytes(4) + bytes(16), Reason.VALUE),
        (bytes(12) + (180_000_001).to_bytes(4) + bytes(12), Reason.VALUE),
        (bytes(20) + (361).to_bytes(2) + bytes(6), Reason.VALUE),
        (bytes(22) + bytes.fromhex("261300000000"), Reason.TIME),
        (bytes(22) + bytes.fromhex("26071A093005"), Reason.BCD),
        (bytes(22) + bytes.fromhex("260718093005") + b"\x01\x04\x00", Reason.LENGTH),
        (bytes(22) + bytes.fromhex("260718093005") + b"\x01", Reason.LENGTH),
    ],
)
def test_broken_positions(body: bytes, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as caught:
        locations(Frame(Message.LOCATION, PHONE, 1, body))
    assert caught.value.reason is reason
    with pytest.raises(FrameRefused):
        locations(Frame(Message.BULK, PHONE, 1, b"\x00\x01\x00" + len(body).to_bytes(2) + body))


@pytest.mark.parametrize("cut", [2, 4, 20, -1])
def test_cut_bulks_are_refused(cut: int) -> None:
    body = pack_bulk([PLACE, PLACE])
    with pytest.raises(FrameRefused):
        locations(Frame(Message.BULK, PHONE, 1, body[:cut]))
    with pytest.raises(FrameRefused):
        locations(Frame(Message.BULK, PHONE, 1, body + b"x"))


@pytest.mark.parametrize(
    "change",
    [
        {"latitude": 91.0}, {"latitude": -36.0}, {"altitude": -1}, {"speed": 7000.0}, {"direction": 400},
        {"at": AT + 1}, {"at": micros(1999, 1, 1)}, {"extras": ((1, bytes(300)),)}, {"latitude": float("nan")},
    ],
)  # fmt: skip
def test_positions_that_do_not_fit_are_not_written(change: dict[str, object]) -> None:
    with pytest.raises(FrameRefused):
        pack_location(replace(PLACE, **change))  # type: ignore[arg-type]


def test_times() -> None:
    assert unpack_time(pack_time(AT)) == AT
    assert pack_time(AT).hex() == "260718093005"


# -- round trips --------------------------------------------------------------------------------
phones = st.text("0123456789", min_size=12, max_size=12)
frames = st.builds(
    Frame, message=st.integers(0, 65535), phone=phones, serial=st.integers(0, 65535),
    body=st.binary(max_size=80) | st.lists(st.sampled_from([0x7D, 0x7E, 1, 2]), max_size=30).map(bytes),
    packet=st.none() | st.builds(lambda n, more: Packet(n + more, n), st.integers(1, 200), st.integers(0, 50)),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(frames, st.none() | st.integers(0, 255))
def test_round_trip(frame: Frame, version: int | None) -> None:
    if version is not None:
        frame = replace(frame, version=version, phone=frame.phone.zfill(20))
    assert decode(encode(frame)) == frame


@pytest.mark.parametrize(
    "change",
    [
        {"message": 65536}, {"phone": "1"}, {"phone": "12345678901x"}, {"phone": "1234567890123"}, {"serial": -1},
        {"body": bytes(1024)}, {"packet": Packet(1, 2)}, {"packet": Packet(65536, 1)}, {"version": 1},
        {"version": 256, "phone": "1" * 20},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(FrameRefused):
        encode(replace(Frame(0x0200, PHONE, 1, b"x"), **change))  # type: ignore[arg-type]


# -- packets ------------------------------------------------------------------------------------
def long_frame(count: int = 60) -> Frame:
    return Frame(
        Message.BULK, PHONE, 0, pack_bulk([replace(PLACE, at=AT + n * 1_000_000) for n in range(count)])
    )


def test_a_long_message_is_split_and_put_together_in_any_order() -> None:
    whole = long_frame()
    packets = split(whole, 65534)
    assert len(packets) == 3
    assert [p.serial for p in packets] == [65534, 65535, 0], "serials go round"
    box = Assembler()
    assert box.add(packets[2]) is None
    assert box.add(packets[0]) is None
    assert box.missing(packets[0]) == [2]
    assert box.add(packets[0]) is None, "sent again"
    done = box.add(decode(encode(packets[1])))
    assert done is not None
    assert done.frame.body == whole.body
    assert done.packets == tuple(packets)
    assert len(readings(done.frame, {"speed"})) == 60
    assert box.missing(packets[0]) == []
    assert split(replace(whole, body=b""), 7)[0].packet is None


def test_packets_that_cannot_be_are_refused_and_memory_stays_bounded() -> None:
    box = Assembler(most=4, bytes_most=20_000)
    first = Frame(Message.BULK, PHONE, 1, bytes(1000), packet=Packet(3, 1))
    box.add(first)
    with pytest.raises(FrameRefused) as caught:
        box.add(replace(first, serial=2, packet=Packet(4, 2)))
    assert caught.value.reason is Reason.SEQUENCE
    with pytest.raises(FrameRefused) as caught:
        box.add(replace(first, serial=500, packet=Packet(9999, 1)))
    assert caught.value.reason is Reason.LIMIT
    for serial in range(0, 3000, 7):
        box.add(replace(first, serial=serial))
        assert len(box._open) <= 4
        assert box._held <= 20_000
    single = replace(first, packet=None)
    done = box.add(single)
    assert done is not None
    assert done.packets == (single,)
    assert box.missing(single) == []


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


noise = st.binary(max_size=12) | st.sampled_from([b"\x7e", b"\x7e\x7e", b"\x7d", b"\x7e\x01\x7e", b""])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(noise, st.sampled_from(ALL)), max_size=5), noise, st.data())
def test_chunks_do_not_matter(pieces: list[tuple[bytes, bytes]], tail: bytes, data: st.DataObject) -> None:
    stream = b"".join(a + b for a, b in pieces) + tail
    cuts = data.draw(st.lists(st.integers(0, 2000), max_size=8))
    assert good(run(stream, cuts)) == good(run(stream, []))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(noise, st.sampled_from(ALL)), min_size=1, max_size=4))
def test_no_frame_and_no_byte_is_lost_behind_any_noise(pieces: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(a + b for a, b in pieces)
    found = run(stream, [])
    assert b"".join(i.raw if isinstance(i, BadFrame) else encode(i) for i in found) == stream
    assert {encode(one) for one in good(found)} >= {raw for _, raw in pieces}


def test_frames_byte_by_byte_and_endless_rubbish() -> None:
    stream = b"".join(ALL)
    assert run(stream, list(range(len(stream)))) == [decode(raw) for raw in ALL]
    buffer = FrameBuffer()
    for _ in range(30):
        buffer.feed(b"\x7e" + bytes(3000))
        assert buffer.held < 6000
    assert good(buffer.feed(b"\x7e" + ALL[3])) == [decode(ALL[3])]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_noise_raises_only_refusals(noise: bytes, marked: bool) -> None:
    try:
        frame = decode(b"\x7e" + noise + b"\x7e" if marked else noise)
        readings(frame)
    except FrameRefused:
        return


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=90), st.sampled_from([0x0100, 0x0102, 0x0200, 0x0704]), st.none() | st.just(1))
def test_any_body_reads_or_is_refused(body: bytes, message: int, version: int | None) -> None:
    frame = Frame(message, PHONE, 1, body, version)
    for read in (registration, authentication, readings):
        try:
            read(frame)  # type: ignore[operator]
        except FrameRefused:
            continue


def test_tables_are_whole() -> None:
    assert EXTRAS[0x01].unit == "km"
    assert len(set(ALARM_BITS.values())) == len(ALARM_BITS)
    assert STATUS_BITS["located"] == 1
