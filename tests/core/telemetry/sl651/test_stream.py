"""Cutting a stream into frames: noise, truncation, concatenation, any chunks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.telemetry.sl651 import (
    BadFrame,
    Doubt,
    Fault,
    Frame,
    FrameBuffer,
    Limits,
    decode,
    doubts,
    encode,
)

from .builders import AT, packet_frame, rain_frame
from .frames import CORRUPT, GOLDEN, golden

ALL = [golden(name) for name in GOLDEN]


def good(found: list[Frame | BadFrame]) -> list[Frame]:
    return [item for item in found if isinstance(item, Frame)]


def run(stream: bytes, cuts: list[int]) -> list[Frame | BadFrame]:
    buffer, found, start = FrameBuffer(), [], 0
    for cut in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        found += buffer.feed(stream[start:cut])
        start = cut
    found += buffer.flush()
    assert buffer.held == 0
    return found


def test_frames_one_after_another_byte_by_byte_and_at_once() -> None:
    stream = b"".join(ALL)
    expected = [decode(raw) for raw in ALL]
    assert FrameBuffer().feed(stream) == expected
    assert run(stream, list(range(len(stream)))) == expected


noise = st.binary(max_size=12) | st.sampled_from([b"\x7e", b"\x7e\x7e", b"\x7e\x7e\x7e\x01", b""])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(noise, st.sampled_from(ALL)), max_size=5), noise, st.data())
def test_chunks_do_not_matter(pieces: list[tuple[bytes, bytes]], tail: bytes, data: st.DataObject) -> None:
    stream = b"".join(a + b for a, b in pieces) + tail
    cuts = data.draw(st.lists(st.integers(0, 1000), max_size=8))
    assert good(run(stream, cuts)) == good(run(stream, []))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=20), st.sampled_from(ALL)), min_size=1, max_size=4))
def test_what_comes_out_went_in_and_no_byte_is_lost(pieces: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(a + b for a, b in pieces)
    found = run(stream, [])
    assert b"".join(i.raw if isinstance(i, BadFrame) else encode(i) for i in found) == stream
    for item in good(found):
        assert encode(item) in stream


def test_frames_behind_noise_are_all_found() -> None:
    random = Random(651)
    stream, expected = b"", []
    for raw in ALL * 10:
        stream += bytes(random.randrange(0x7E) for _ in range(random.randrange(30))) + raw
        expected.append(decode(raw))
    assert good(run(stream, [])) == expected


def test_a_truncated_frame_does_not_swallow_the_next() -> None:
    whole = golden("test-20FA")
    for size in range(2, len(whole)):
        found = run(whole[:size] + ALL[0] + ALL[2], [])
        assert good(found) == [decode(ALL[0]), decode(ALL[2])]
        assert any(isinstance(item, BadFrame) for item in found)


def test_every_flipped_bit_loses_that_frame_only() -> None:
    raw = golden("timed-5AC6")
    for bit in range(8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert good(run(bytes(spoilt) + ALL[0], [])) == [decode(ALL[0])]


def test_bad_frames_say_why() -> None:
    corrupt = bytes.fromhex(CORRUPT[1])
    found = run(b"ab" + corrupt + ALL[0] + ALL[2][:20] + b"\x7e", [])
    reasons = [i.reason for i in found if isinstance(i, BadFrame)]
    assert reasons == [Fault.NOISE, Fault.CRC, Fault.TRUNCATED]
    ends = bytearray(ALL[0])
    ends[-1] = 0x7E
    assert good(run(bytes(ends) + b"\x7e\x7e" + ALL[0][2:], [])) == [decode(ALL[0])]
    assert good(run(bytes(ends) + ALL[0], [25])) == [decode(ALL[0])]
    assert [type(i) for i in run(ALL[0] + b"\x7e\x7e\x01", [])] == [Frame, BadFrame]


def test_memory_stays_bounded() -> None:
    random = Random(1)
    buffer = FrameBuffer()
    for _ in range(40):
        for item in buffer.feed(random.randbytes(5000)):
            assert isinstance(item, BadFrame)
        assert buffer.held <= 3 * 4112
    long_noise = buffer.flush() + FrameBuffer().feed(b"\x00" * 100_000)
    assert all(isinstance(i, BadFrame) and len(i.raw) <= 2 * 4113 for i in long_noise)


def test_doubts() -> None:
    limits = Limits(timedelta(minutes=5), timedelta(days=1), {0x22: (Decimal(0), Decimal(30))})
    frame = rain_frame()
    assert doubts(frame, AT, {"3701000001"}, limits) == ()
    strange = rain_frame("99.9")
    assert doubts(strange, AT - timedelta(hours=1), set(), limits) == (
        Doubt.UNKNOWN_STATION, Doubt.SENT_AHEAD, Doubt.OUT_OF_RANGE,
    )  # fmt: skip
    assert doubts(frame, AT + timedelta(days=2), {"3701000001"}, limits) == (Doubt.TOO_OLD,)
    assert doubts(packet_frame(2, 2), AT, {"3701000001"}, limits) == ()
    late = rain_frame(at=AT + timedelta(hours=1))
    moved = Frame(late.direction, 1, "3701000002", 0, 0x33, 1, AT, late.report)
    assert doubts(moved, AT, {"3701000002"}, limits) == (
        Doubt.OTHER_STATION, Doubt.OBSERVED_AFTER_SENT,
    )  # fmt: skip
