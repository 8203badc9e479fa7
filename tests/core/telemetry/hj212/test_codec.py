"""HJ 212: golden frames, what the checksum is worth, round trips, and what must be refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.telemetry.framing import BadFrame
from quancheng.core.telemetry.hj212 import (
    Frame,
    FrameBuffer,
    Version,
    crc16,
    decode,
    encode,
)
from quancheng.core.telemetry.hj212.sm4 import decrypted, encrypted
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from .frames import GOLDEN, WITHOUT_PACKET_NUMBERS, WRONG_CHECK, golden


def sealed(segment: str) -> bytes:
    """Give a data segment its head, checksum and tail."""
    raw = segment.encode()
    return b"##%04d%b%04X\r\n" % (len(raw), raw, crc16(raw))


def refused(raw: bytes, key: bytes | None = None) -> Reason:
    with pytest.raises(FrameRefused) as caught:
        decode(raw, key)
    assert caught.value.advice.zh
    assert caught.value.advice.en
    return caught.value.reason


# -- golden frames ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_frames_read_and_write_back_byte_for_byte(name: str) -> None:
    assert encode(decode(golden(name))) == golden(name)


def test_golden_fields() -> None:
    frame = decode(golden("interval-1C80"))
    assert (frame.st, frame.cn, frame.pw, frame.mn) == ("32", "1062", "100000", "010000A8900016F000169DC0")
    assert (frame.version, frame.answer, frame.packets, frame.flag) == (Version.HJ_2017, True, None, 5)
    assert frame.value("RtdInterval") == "30"
    new = decode(golden("time-2200"))
    assert (new.version, new.answer, new.flag, new.groups) == (Version.HJ_2025, True, 9, ())
    old = decode(golden("old-4980"))
    assert (old.version, old.flagged, old.qn, old.answer) == (Version.HJT_2005, False, "", False)


def test_flag_that_promises_packet_numbers_without_them_is_refused() -> None:
    raw = sealed(WITHOUT_PACKET_NUMBERS[1])
    assert raw[-6:-2].decode() == WITHOUT_PACKET_NUMBERS[2]
    assert refused(raw) is Reason.FIELD


def test_a_public_frame_with_another_checksum_is_refused() -> None:
    _, segment, check = WRONG_CHECK
    assert refused(f"##{len(segment):04d}{segment}{check}\r\n".encode()) is Reason.CHECKSUM


# -- the checksum -------------------------------------------------------------------------------
def slow_crc(data: bytes) -> int:
    """Annex A.1 word for word: shift by eight, XOR the byte, eight steps."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            bit = register & 1
            register >>= 1
            if bit:
                register ^= 0xA001
    return register


@given(st.binary(max_size=200))
def test_the_table_is_the_algorithm_of_annex_a(data: bytes) -> None:
    assert crc16(data) == slow_crc(data)


def test_check_values() -> None:
    assert crc16(b"123456789") == 0x2F80
    assert crc16(b"") == 0xFFFF


@pytest.mark.parametrize("name", [name for name in GOLDEN if len(golden(name)) < 300])
def test_every_flipped_bit_is_refused_or_only_changes_the_case_of_the_checksum(name: str) -> None:
    raw = golden(name)
    case = []
    for bit in range(8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        try:
            assert decode(bytes(spoilt)) == decode(raw)
        except FrameRefused:
            continue
        case.append(bit)
    letters = [at for at in range(len(raw) - 6, len(raw) - 2) if not chr(raw[at]).isdigit()]
    assert case == [8 * at + 5 for at in letters]


def test_what_the_checksum_cannot_find_is_known() -> None:
    """The register has eight bits of state with period eight: documented in hj212.crc."""
    data = b"a34004-Rtd=21.5,a34004-Flag=N;a34002-Rtd=33.5"
    assert len({crc16(bytes([a, b])) for a in range(256) for b in range(0, 256, 5)}) == 256
    for at in range(len(data) - 8):
        twice = bytearray(data)
        twice[at] ^= 0x01
        twice[at + 8] ^= 0x01
        assert crc16(twice) == crc16(data)
    nine = bytearray(data)
    nine[0] ^= 0x01
    nine[9] ^= 0x01
    assert crc16(nine) != crc16(data)


# -- round trips --------------------------------------------------------------------------------
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789ABCDEF.", min_size=1, max_size=10)
items = st.tuples(words, words | st.sampled_from(["", "7.05", "-0.3", "水质"]))
groups = st.lists(st.lists(items, min_size=1, max_size=4).map(tuple), max_size=6).map(tuple)
qns = st.datetimes(min_value=datetime(2001, 1, 1)).map(lambda at: f"{at:%Y%m%d%H%M%S}123")
frames = st.builds(
    Frame,
    st=st.sampled_from(["21", "22", "31", "32", "91", "44"]),
    cn=st.sampled_from(["2011", "2051", "2061", "3020", "9014", "1013"]),
    pw=st.sampled_from(["123456", "", "a1B2c3"]),
    mn=st.sampled_from(["010000A8900016F000169DC0", "LD130133000015"]),
    groups=groups,
    qn=st.just("") | qns,
    version=st.sampled_from(Version),
    answer=st.booleans(),
    packets=st.none() | st.sampled_from([(1, 1), (3, 2), (12, 12)]),
    late=st.booleans(),
    others=st.sampled_from([(), (("Ver", "2"),)]),
)


@settings(max_examples=150, deadline=None)
@given(frames)
def test_round_trip(frame: Frame) -> None:
    assert decode(encode(frame)) == frame
    assert encode(frame, trusted=True) == encode(frame)


@settings(max_examples=150, deadline=None)
@given(frames, st.binary(min_size=16, max_size=16))
def test_encrypted_round_trip(frame: Frame, key: bytes) -> None:
    plain = encode(frame)
    segment = plain[6:-6]
    secret = encrypted(segment, key)
    assert len(secret) == len(segment)
    assert decrypted(secret, key) == segment
    try:
        assert decode(plain[:6] + secret + plain[-6:], key) == frame
    except FrameRefused:  # ciphertext that happens to be text and to have the checksum
        assert crc16(secret) == int(plain[-6:-2], 16)


def test_sm4_is_the_cipher_of_gbt_32907_and_leaves_the_last_bytes() -> None:
    """GB/T 32907-2016 附录A: key and text 0123456789ABCDEFFEDCBA9876543210 give 681EDF34…."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    secret = encrypted(b"CP=&&" + key + b"g=N&&", key)
    assert secret == b"CP=&&" + bytes.fromhex("681edf34d206965e86b3e94f536e4246") + b"g=N&&"


def test_encrypted_data_without_or_with_a_wrong_key_are_refused() -> None:
    frame = replace(decode(golden("dust-5440")), version=Version.HJ_2025)
    plain, key = encode(frame), b"0" * 16
    raw = plain[:6] + encrypted(plain[6:-6], key) + plain[-6:]
    assert decode(raw, key) == frame
    assert refused(raw) is Reason.SIGNATURE
    assert refused(raw, b"1" * 16) is Reason.CHECKSUM
    assert refused(raw, b"short") is Reason.SIGNATURE


# -- refusals -----------------------------------------------------------------------------------
HEAD = "QN=20240601085857223;ST=31;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (HEAD + "CP=&&DataTime=1", Reason.SYNTAX),
        (HEAD, Reason.SYNTAX),
        (HEAD + "CP=&&novalue&&", Reason.SYNTAX),
        (HEAD + "CP=&&=5&&", Reason.SYNTAX),
        (HEAD + "CP=&&a=b=c&&", Reason.SYNTAX),
        (HEAD + "CP=&&a=b&c&&", Reason.SYNTAX),
        (HEAD + "broken;CP=&&&&", Reason.SYNTAX),
        (HEAD + "ST=31;CP=&&&&", Reason.SYNTAX),
        (HEAD + "PNUM=2;PNO=1;CP=&&&&", Reason.FIELD),
        (HEAD.replace("=5;", "=7;") + "PNUM=2;PNO=3;CP=&&&&", Reason.FIELD),
        (HEAD.replace("=5;", "=7;") + "PNUM=2;CP=&&&&", Reason.FIELD),
        (HEAD.replace("=5;", "=13;") + "CP=&&&&", Reason.FIELD),
        (HEAD.replace("=5;", "=-1;") + "CP=&&&&", Reason.FIELD),
        (HEAD + "RF=0;CP=&&&&", Reason.FIELD),
        (HEAD.replace("CN=2011", "CN=20X1") + "CP=&&&&", Reason.FIELD),
        (HEAD.replace("MN=010000A8900016F000169DC0", "MN=1") + "CP=&&&&", Reason.FIELD),
        (HEAD.replace("QN=20240601085857223", "QN=２０２４0601085857") + "CP=&&&&", Reason.FIELD),
        ("ST=31;CN=2011;PW=1;CP=&&&&", Reason.FIELD),
        ("9X=1;ST=31;CN=2011;PW=1;MN=12345;CP=&&&&", Reason.FIELD),
    ],
)
def test_broken_segments_with_a_right_checksum(segment: str, reason: Reason) -> None:
    assert refused(sealed(segment)) is reason


def test_broken_envelopes() -> None:
    raw = golden("interval-1C80")
    assert refused(b"#!" + raw[2:]) is Reason.START
    assert refused(raw[:-2] + b"\n\n") is Reason.START
    assert refused(raw[:2] + b"01x1" + raw[6:]) is Reason.LENGTH
    assert refused(raw[:2] + b"0099" + raw[6:]) is Reason.LENGTH
    assert refused(raw[:40]) is Reason.TRUNCATED
    assert refused(raw[:4]) is Reason.TRUNCATED
    assert refused(raw[:-6] + b"ZZZZ\r\n") is Reason.CHECKSUM
    assert refused(raw[:-6] + b"0000\r\n") is Reason.CHECKSUM
    assert decode(raw[:-6] + raw[-6:].lower()) == decode(raw)


def test_gb18030_text_of_older_loggers_is_read() -> None:
    raw = (HEAD + "CP=&&i11001-Info=正常&&").encode("gb18030")
    frame = decode(b"##%04d%b%04X\r\n" % (len(raw), raw, crc16(raw)))
    assert frame.value("i11001-Info") == "正常"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"groups": ((("a", "1;b=2"),),)}, Reason.VALUE),
        ({"groups": tuple(((f"k{n}", "x" * 100),) for n in range(12))}, Reason.LIMIT),
        ({"mn": "short&"}, Reason.FIELD),
        ({"packets": (2, 5)}, Reason.FIELD),
        ({"others": (("ST", "1"),)}, Reason.SYNTAX),
    ],
)
def test_what_could_not_be_read_back_is_not_written(change: dict[str, object], reason: Reason) -> None:
    frame = decode(golden("interval-1C80"))
    with pytest.raises(FrameRefused) as caught:
        encode(replace(frame, **change))  # type: ignore[arg-type]
    assert caught.value.reason is reason


# -- noise and streams --------------------------------------------------------------------------
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([b"", b"##", b"##0010", b"##0004"]))
def test_noise_raises_only_refusals(noise: bytes, lead: bytes) -> None:
    try:
        decode(lead + noise)
    except FrameRefused:
        return


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_any_segment_with_a_right_checksum_reads_or_is_refused(body: bytes) -> None:
    segment = HEAD.encode() + b"CP=&&" + body + b"&&"
    try:
        frame = decode(b"##%04d%b%04X\r\n" % (len(segment), segment, crc16(segment)))
    except FrameRefused:
        return
    assert frame.mn == "010000A8900016F000169DC0"


ALL = [golden(name) for name in GOLDEN]


def run(stream: bytes, cuts: list[int]) -> list[Frame | BadFrame]:
    buffer, found, start = FrameBuffer(), [], 0
    for cut in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        found += buffer.feed(stream[start:cut])
        start = cut
    found += buffer.flush()
    assert buffer.held == 0
    return found


def good(found: list[Frame | BadFrame]) -> list[Frame]:
    return [one for one in found if isinstance(one, Frame)]


def test_frames_byte_by_byte_and_at_once() -> None:
    stream = b"".join(ALL)
    expected = [decode(raw) for raw in ALL]
    assert FrameBuffer().feed(stream) == expected
    assert run(stream, list(range(len(stream)))) == expected


noise = st.binary(max_size=12) | st.sampled_from([b"#", b"##", b"###", b"##00", b"##0003ab", b"\r\n"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(noise, st.sampled_from(ALL)), max_size=5), noise, st.data())
def test_chunks_do_not_matter(pieces: list[tuple[bytes, bytes]], tail: bytes, data: st.DataObject) -> None:
    stream = b"".join(a + b for a, b in pieces) + tail
    cuts = data.draw(st.lists(st.integers(0, 3000), max_size=8))
    assert good(run(stream, cuts)) == good(run(stream, []))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=20), st.sampled_from(ALL)), min_size=1, max_size=4))
def test_no_byte_is_lost(pieces: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(a + b for a, b in pieces)
    found = run(stream, [])
    assert b"".join(i.raw if isinstance(i, BadFrame) else encode(i) for i in found) == stream


def test_a_truncated_frame_does_not_swallow_the_next() -> None:
    whole = golden("dust-5440")
    for size in range(2, len(whole), 7):
        found = run(whole[:size] + ALL[0] + ALL[2], [])
        assert good(found) == [decode(ALL[0]), decode(ALL[2])]


def test_bad_frames_say_why_and_memory_stays_bounded() -> None:
    spoilt = bytearray(ALL[0])
    spoilt[60] ^= 1
    found = run(b"noise" + bytes(spoilt) + ALL[1] + ALL[2][:30], [])
    assert [one.reason for one in found if isinstance(one, BadFrame)] == [
        Reason.START, Reason.CHECKSUM, Reason.TRUNCATED,
    ]  # fmt: skip
    buffer = FrameBuffer()
    for _ in range(20):
        buffer.feed(b"\x00#" * 4000)
        assert buffer.held < 25_000
