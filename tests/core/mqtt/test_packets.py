"""Packets: golden bytes of the specification, round trips, and strictness."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.mqtt import (
    Ack,
    Connack,
    Connect,
    Disconnect,
    Malformed,
    MqttError,
    Packet,
    Parser,
    Pingreq,
    Pingresp,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Subscription,
    Type,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
    decode,
    encode,
)
from quancheng.core.mqtt.wire import Reader, varint

# the non-normative examples of the standard, bytes put together by hand from its tables

GOLDEN: list[tuple[str, bytes, Packet]] = [
    (
        "MQTT 3.1.1 §3.8.3",
        bytes.fromhex("82 0e 00 0a 00 03 61 2f 62 01 00 03 63 2f 64 02".replace(" ", "")),
        Subscribe(10, (Subscription("a/b", 1), Subscription("c/d", 2))),
    ),
    (
        "MQTT 3.1.1 §3.3.2",
        bytes.fromhex("32 07 00 03 61 2f 62 00 0a".replace(" ", "")),
        Publish("a/b", b"", 1, 10),
    ),
    (
        "MQTT 3.1.1 §3.10.3",
        bytes.fromhex("a2 0c 00 0a 00 03 61 2f 62 00 03 63 2f 64".replace(" ", "")),
        Unsubscribe(10, ("a/b", "c/d")),
    ),
    ("MQTT 3.1.1 §3.9.3", bytes.fromhex("9005000a000280"), Suback(10, (0, 2, 0x80))),
    ("MQTT 3.1.1 §3.12", b"\xc0\x00", Pingreq()),
    ("MQTT 3.1.1 §3.13", b"\xd0\x00", Pingresp()),
    ("MQTT 3.1.1 §3.14", b"\xe0\x00", Disconnect()),
    ("MQTT 3.1.1 §3.6", b"\x62\x02\x00\x01", Ack(Type.PUBREL, 1)),
]


@pytest.mark.parametrize(("source", "raw", "packet"), GOLDEN, ids=[one[0] for one in GOLDEN])
def test_the_specifications_own_packets(source: str, raw: bytes, packet: Packet) -> None:
    assert Parser(1000).feed(raw) == [packet]
    assert encode(packet, Version.V311) == raw


def test_connect_with_everything() -> None:
    """Variable header of MQTT 3.1.1 §3.1.2: flags 0xCE, keep alive 10 (user, password, will QoS 1)."""
    raw = bytes.fromhex(
        "1024 0004 4d515454 04 ce 000a 0001 63 0001 77 0003 627965 0004 75736572 0006 736563726574".replace(
            " ", ""
        )
    )
    packet = Connect("c", Version.V311, True, 10, "user", b"secret", Will("w", b"bye", 1))
    assert encode(packet, Version.V311)[2:] == raw[2:]
    assert Parser(1000).feed(encode(packet, Version.V311)) == [packet]


@pytest.mark.parametrize(
    ("value", "raw"),
    [(0, "00"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (2_097_151, "ffff7f"),
     (2_097_152, "80808001"), (268_435_455, "ffffff7f")],
)  # fmt: skip
def test_lengths_at_their_borders(value: int, raw: str) -> None:
    """MQTT 5.0 §1.5.5 table 1-1."""
    assert varint(value) == bytes.fromhex(raw)
    assert Reader(bytes.fromhex(raw)).varint() == value


text = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=20)
name = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00+#"), min_size=1, max_size=20
)
identifier = st.integers(1, 65_535)
pairs = st.lists(st.tuples(text, text), min_size=1, max_size=2)


def _some(**choices: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({}, optional=choices)


publish_properties = _some(
    payload_format_indicator=st.integers(0, 1), message_expiry_interval=st.integers(0, 2**32 - 1),
    content_type=text, response_topic=name, correlation_data=st.binary(max_size=9), topic_alias=identifier,
    user_property=pairs, subscription_identifier=st.lists(st.integers(1, 268_435_455), min_size=1, max_size=2),
)  # fmt: skip
connect_properties = _some(
    session_expiry_interval=st.integers(0, 2**32 - 1), receive_maximum=identifier,
    maximum_packet_size=st.integers(1, 2**32 - 1), topic_alias_maximum=st.integers(0, 65_535),
    request_problem_information=st.integers(0, 1), user_property=pairs, authentication_method=text,
)  # fmt: skip
will_properties = _some(will_delay_interval=st.integers(0, 99), content_type=text)


@st.composite
def publications(draw: st.DrawFn, five: bool) -> Publish:
    qos = draw(st.integers(0, 2))
    return Publish(
        draw(name), draw(st.binary(max_size=300)), qos, draw(identifier) if qos else 0, draw(st.booleans()),
        draw(st.booleans()) if qos else False, draw(publish_properties) if five else {},
    )  # fmt: skip


@st.composite
def connects(draw: st.DrawFn, five: bool) -> Connect:
    will = None
    if draw(st.booleans()):
        will = Will(
            draw(name), draw(st.binary(max_size=20)), draw(st.integers(0, 2)), draw(st.booleans()),
            draw(will_properties) if five else {},
        )  # fmt: skip
    user = draw(st.none() | text)
    word = draw(st.none() | st.binary(max_size=20)) if five or user is not None else None
    return Connect(
        draw(text), Version.V5 if five else Version.V311, draw(st.booleans()), draw(st.integers(0, 65_535)),
        user, word, will, draw(connect_properties) if five else {},
    )  # fmt: skip


def packets(five: bool) -> st.SearchStrategy[Packet]:
    code = st.sampled_from(list(Reason)) if five else st.just(Reason.SUCCESS)
    said = _some(reason_string=text, user_property=pairs) if five else st.just({})
    kinds = st.sampled_from([Type.PUBACK, Type.PUBREC, Type.PUBREL, Type.PUBCOMP])
    wish = st.builds(
        Subscription, name, st.integers(0, 2), st.booleans() if five else st.just(False),
        st.booleans() if five else st.just(False), st.integers(0, 2) if five else st.just(0),
    ).filter(lambda one: not (one.no_local and one.filter.startswith("$share/")))  # fmt: skip
    wish = wish.filter(lambda one: not one.filter.startswith("$share/"))
    return st.one_of(
        publications(five), connects(five), st.builds(Ack, kinds, identifier, code.map(int), said),
        st.builds(Connack, code.map(int), st.booleans(), said),
        st.builds(Subscribe, identifier, st.lists(wish, min_size=1, max_size=3).map(tuple)),
        st.builds(Suback, identifier, st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple), said),
        st.builds(Unsubscribe, identifier, st.lists(name.filter(lambda one: not one.startswith("$share/")), min_size=1, max_size=3).map(tuple)),
        st.builds(Unsuback, identifier, st.just((0, 17)) if five else st.just(())),
        st.just(Pingreq()), st.just(Pingresp()),
        st.builds(Disconnect, code.map(int), said) if five else st.just(Disconnect()),
    )  # fmt: skip


def _parser(version: Version) -> Parser:
    return Parser(1 << 20, version)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(Version)).flatmap(lambda v: st.tuples(st.just(v), packets(v is Version.V5))))
def test_what_is_written_is_read(case: tuple[Version, Packet]) -> None:
    version, packet = case
    parser = _parser(version)
    assert parser.feed(encode(packet, version)) == [packet]
    assert parser.fault is None and parser.held == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(packets(True).filter(lambda one: not isinstance(one, Connect)), min_size=1, max_size=4),
    st.data(),
)
def test_pieces_make_no_difference(many: list[Packet], data: st.DataObject) -> None:
    raw = b"".join(encode(one, Version.V5) for one in many)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    parser = _parser(Version.V5)
    found: list[Packet] = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        found += parser.feed(raw[start:end])
    assert found == many


@settings(max_examples=500, deadline=None)
@given(st.binary(min_size=2, max_size=60), st.sampled_from(list(Version)))
def test_noise_is_refused_or_read_never_a_crash(noise: bytes, version: Version) -> None:
    parser = _parser(version)
    found = parser.feed(noise)
    for packet in found:
        assert encode(packet, version)
    assert parser.fault is None or parser.fault.reason >= Reason.UNSPECIFIED
    if parser.fault is not None:
        assert parser.feed(b"\xc0\x00") == []


@settings(max_examples=200, deadline=None)
@given(packets(True), st.data())
def test_a_flipped_byte_is_another_packet_or_refused(packet: Packet, data: st.DataObject) -> None:
    raw = bytearray(encode(packet, Version.V5))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    parser = _parser(Version.V5)
    parser.feed(bytes(raw))
    assert parser.fault is None or isinstance(parser.fault, MqttError)


BAD = [
    ("type 0", "0000", Reason.MALFORMED_PACKET),
    ("flags of PUBREL", "60020001", Reason.MALFORMED_PACKET),
    ("flags of SUBSCRIBE", "80080001000361626300", Reason.MALFORMED_PACKET),
    ("QoS 3", "3605000161000a", Reason.MALFORMED_PACKET),
    ("DUP with QoS 0", "3803000161", Reason.MALFORMED_PACKET),
    ("packet identifier 0", "32050001610000", Reason.MALFORMED_PACKET),
    ("an empty topic in 3.1.1", "30020000", Reason.MALFORMED_PACKET),
    ("a wildcard in a topic name", "30030001" + "23", Reason.TOPIC_NAME_INVALID),
    ("U+0000 in a topic", "3003000100", Reason.MALFORMED_PACKET),
    ("a surrogate (CESU)", "30050003eda080", Reason.MALFORMED_PACKET),
    ("overlong UTF-8", "30040002c080", Reason.MALFORMED_PACKET),
    ("SUBSCRIBE without filters", "82020001", Reason.PROTOCOL_ERROR),
    ("reserved subscription bits", "820600010001" + "61" + "04", Reason.MALFORMED_PACKET),
    ("a filter like a#", "82070001" + "0002" + "6123" + "00", Reason.TOPIC_FILTER_INVALID),
    ("trailing bytes of PINGREQ", "c00100", Reason.MALFORMED_PACKET),
    ("AUTH in 3.1.1", "f000", Reason.MALFORMED_PACKET),
    ("a length of five bytes", "30ffffffffff01", Reason.MALFORMED_PACKET),
    ("a length longer than needed", "c08000", Reason.MALFORMED_PACKET),
    ("another protocol", "100c00064d514973647003020000" , Reason.UNSUPPORTED_VERSION),
    ("level 9", "100c00044d5154540902000a0000", Reason.UNSUPPORTED_VERSION),
    ("the reserved connect flag", "100c00044d5154540403000a0000", Reason.MALFORMED_PACKET),
    ("a password without a name", "100e00044d5154540442000a00000000", Reason.MALFORMED_PACKET),
]  # fmt: skip


@pytest.mark.parametrize(("why", "raw", "reason"), BAD, ids=[one[0] for one in BAD])
def test_what_the_specification_forbids(why: str, raw: str, reason: Reason) -> None:
    parser = _parser(Version.V311)
    assert parser.feed(bytes.fromhex(raw)) == []
    assert parser.fault is not None, why
    assert parser.fault.reason is reason


BAD_5 = [
    ("an unknown property", "3006000161" + "02" + "0501", Reason.MALFORMED_PACKET),
    ("a property of another packet", "3009000161" + "05" + "1100000001", Reason.PROTOCOL_ERROR),
    ("a property twice", "3008000161" + "04" + "01000100", Reason.PROTOCOL_ERROR),
    ("topic alias 0", "3007000161" + "03" + "230000", Reason.PROTOCOL_ERROR),
    ("a flag of 2", "3006000161" + "02" + "0102", Reason.PROTOCOL_ERROR),
    ("neither name nor alias", "3003000000", Reason.PROTOCOL_ERROR),
    ("properties beyond the packet", "3004000161" + "7f", Reason.MALFORMED_PACKET),
    ("retain handling 3", "820700010000016130", Reason.PROTOCOL_ERROR),
    ("no-local on a share", "821000010000" + "0a" + "2473686172652f672f61" + "04", Reason.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("why", "raw", "reason"), BAD_5, ids=[one[0] for one in BAD_5])
def test_what_version_5_forbids(why: str, raw: str, reason: Reason) -> None:
    parser = _parser(Version.V5)
    assert parser.feed(bytes.fromhex(raw)) == []
    assert parser.fault is not None, why
    assert parser.fault.reason is reason


def test_packets_before_a_fault_are_given() -> None:
    parser = _parser(Version.V311)
    assert parser.feed(b"\xc0\x00\x00\x00") == [Pingreq()]
    assert isinstance(parser.fault, Malformed)


def test_too_large_is_known_from_the_length() -> None:
    parser = Parser(100)
    assert parser.feed(b"\x30\x80\x01") == []
    assert parser.fault is not None and parser.fault.reason is Reason.PACKET_TOO_LARGE


@pytest.mark.parametrize(
    "packet",
    [Publish("t", b"", 1), Publish("t" * 70_000, b""), Connect("a\x00b")],
)
def test_what_cannot_be_said_is_not_written(packet: Packet) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode(packet, Version.V311)


def test_decode_is_pure_of_state() -> None:
    assert decode(0x30, b"\x00\x01a", Version.V311) == decode(0x30, b"\x00\x01a", Version.V311)
