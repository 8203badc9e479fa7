"""SIP text: the torture messages of RFC 4475, limits, and whatever bytes come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.gb28181 import BadMessage, Reason, fields, message
from quancheng.core.gb28181.message import Request, Response
from tests.core.gb28181.rfc4475 import BAD_ADDRESSES, BAD_VIAS, MESSAGES

DEVICE = "37010200001320000001"
KEEPALIVE = (
    f"MESSAGE sip:37010000002000000001@3701000000 SIP/2.0\r\n"
    f"Via: SIP/2.0/UDP 192.168.1.64:5060;rport;branch=z9hG4bK1\r\nFrom: <sip:{DEVICE}@3701000000>;tag=7\r\n"
    "To: <sip:37010000002000000001@3701000000>\r\nCall-ID: 1@192.168.1.64\r\nCSeq: 20 MESSAGE\r\n"
    "Max-Forwards: 70\r\nContent-Type: Application/MANSCDP+xml\r\nContent-Length: 2\r\n\r\nhi"
).encode()


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(("section", "name", "text", "why"), MESSAGES, ids=[row[1] for row in MESSAGES])
def test_rfc_4475(section: str, name: str, text: str, why: Reason | None) -> None:
    if why is None:
        found = message.parse(wire(text))
        assert found.call_id.startswith(name)
        for one in (*fields.addresses(found.get("to")), *fields.addresses(found.get("from"))):
            assert one.uri.scheme == "sip"
        assert fields.via(found.get("via")).host
    else:
        with pytest.raises(BadMessage) as refused:
            message.parse(wire(text))
        assert refused.value.reason is why


def test_the_tortuous_invite_is_understood_in_every_part() -> None:
    found = message.parse(wire(MESSAGES[0][2]))
    assert isinstance(found, Request)
    assert (found.method, found.sequence, found.get("max-forwards")) == ("INVITE", (9, "INVITE"), "0068")
    sender = fields.address(found.get("from"))
    assert (sender.display, sender.uri.user, sender.tag) == ('J Rosenberg \\"', "jdrosen", "98asjd8")
    assert fields.address(found.get("to")).tag == "1918181833n"
    assert fields.via(found.get("via")).branch == "390skdjuw"
    hops = fields.split(found.all("via")[1])
    assert [fields.via(hop).branch for hop in hops] == ["z9hG4bK9ikj8", "z9hG4bK30239"]
    assert found.get("newfangledheader") == "newfangled value continued newfangled value"
    assert len(found.body) == 150


def test_escapes_nulls_and_trailing_octets() -> None:
    by_name = {row[1]: message.parse(wire(row[2])) for row in MESSAGES if row[3] is None}
    null = by_name["escnull"]
    assert fields.address(null.get("from")).uri.user == "null-\0-null"
    assert len(null.all("contact")) == 2
    percent = by_name["esc02"]
    assert isinstance(percent, Request) and percent.method == "RE%47IST%45R"
    assert by_name["dblreq"].body == b""
    unusual = by_name["unreason"]
    assert isinstance(unusual, Response) and unusual.status == 200 and "2**3" in unusual.reason


@pytest.mark.parametrize(("value", "name"), BAD_ADDRESSES)
def test_bad_addresses_of_rfc_4475_are_refused(value: str, name: str) -> None:
    with pytest.raises(BadMessage):
        fields.address(value)


@pytest.mark.parametrize("value", BAD_VIAS)
def test_bad_vias_are_refused(value: str) -> None:
    with pytest.raises(BadMessage):
        fields.via(value)


def test_an_answer_goes_back_the_way_the_request_came() -> None:
    request = message.parse(KEEPALIVE)
    assert isinstance(request, Request)
    answer = message.parse(message.build(message.reply(request, 200, tag="t1", source=("10.0.0.9", 40000))))
    assert isinstance(answer, Response)
    top = fields.via(answer.get("via"))
    assert (top.params["received"], top.params["rport"], top.branch) == ("10.0.0.9", "40000", "z9hG4bK1")
    assert fields.address(answer.get("to")).tag == "t1"
    assert (answer.sequence, answer.call_id, answer.reason) == ((20, "MESSAGE"), "1@192.168.1.64", "OK")


def test_over_a_stream_the_length_is_mandatory_and_exact() -> None:
    assert message.parse(KEEPALIVE, stream=True).body == b"hi"
    for broken in (KEEPALIVE + b"x", KEEPALIVE.replace(b"Content-Length: 2\r\n", b"")):
        with pytest.raises(BadMessage):
            message.parse(broken, stream=True)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (KEEPALIVE.replace(b"\r\nTo:", b"\nTo:"), Reason.HEADER),
        (KEEPALIVE.replace(b"Max-Forwards: 70", b"Max-Forwards: 256"), Reason.NUMBER),
        (KEEPALIVE.replace(b"Call-ID: 1", b"Call-ID: \x001"), Reason.HEADER),
        (KEEPALIVE[:80], Reason.LENGTH),
        (KEEPALIVE.replace(b"CSeq: 20 ", b"CSeq: \xd9\xa2 "), Reason.NUMBER),
        (KEEPALIVE.replace(b"Max-Forwards", b"Max Forwards"), Reason.HEADER),
        (KEEPALIVE.replace(b"Max-Forwards: 70\r\n", b"X: y\r\n" * 200), Reason.SIZE),
        (b"x" * 70000, Reason.SIZE),
        (KEEPALIVE.replace(b"Max-Forwards: 70", b"X: " + b"y" * 20000), Reason.SIZE),
    ],
)
def test_strict_limits(broken: bytes, why: Reason) -> None:
    with pytest.raises(BadMessage) as refused:
        message.parse(broken)
    assert refused.value.reason is why


def test_a_name_in_gb18030_is_read_and_a_line_break_is_never_written() -> None:
    chinese = KEEPALIVE.replace(b"From: <", b'From: "' + "泉城".encode("gb18030") + b'" <')
    assert fields.address(message.parse(chinese).get("from")).display == "泉城"
    with pytest.raises(BadMessage):
        message.build(Request((("via", "a\r\nEvil: 1"),), method="BYE", uri="sip:a@b"))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for stream in (False, True):
        try:
            message.parse(raw, stream=stream)
        except BadMessage:
            continue


@given(st.integers(0, len(KEEPALIVE) - 1), st.integers(0, 255), st.integers(0, len(KEEPALIVE)))
def test_a_damaged_message_is_read_or_refused_and_what_is_read_can_be_written(
    at: int, byte: int, cut: int
) -> None:
    spoilt = bytearray(KEEPALIVE)
    spoilt[at] = byte
    for raw in (bytes(spoilt), bytes(spoilt[:cut])):
        try:
            found = message.parse(raw)
            again = message.parse(message.build(found))
        except BadMessage:
            continue
        assert again.body == found.body and again.call_id == found.call_id


TOKENS = st.text("abcXYZ0123456789-.", min_size=1, max_size=12)


@given(TOKENS, TOKENS, st.integers(0, 2**31 - 1), st.binary(max_size=200))
def test_what_is_written_is_read_back(user: str, tag: str, sequence: int, body: bytes) -> None:
    one = Request(
        (("via", "SIP/2.0/TCP h:5060;branch=z9hG4bK1"), ("from", f"<sip:{user}@h>;tag={tag}"), ("to", "<sip:a@h>"),
         ("call-id", "c"), ("cseq", f"{sequence} MESSAGE")), body, method="MESSAGE", uri="sip:a@h",
    )  # fmt: skip
    found = message.parse(message.build(one), stream=True)
    assert isinstance(found, Request)
    assert (found.method, found.uri, found.body, found.sequence) == (
        "MESSAGE",
        "sip:a@h",
        body,
        (sequence, "MESSAGE"),
    )
    assert fields.address(found.get("from")).uri.user == user


@given(st.text(max_size=80))
def test_any_text_as_address_is_read_or_refused(text: str) -> None:
    for read in (fields.address, fields.addresses, fields.via, fields.uri, fields.parameters):
        try:
            read(text)
        except BadMessage:
            continue
