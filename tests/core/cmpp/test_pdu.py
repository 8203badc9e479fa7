"""Messages as bytes and back; Wireshark's own dissector reads them as they are meant."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.cmpp import (
    ActiveTest,
    ActiveTestResp,
    CmppError,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Pdu,
    Reason,
    Report,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    decode,
    encode,
    gateway_digest,
    login_digest,
    split,
    split_stream,
)

NUMBERS = st.text("0123456789", min_size=1, max_size=21)
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=6)
IDS = st.integers(0, 2**64 - 1)
REPORTS = st.builds(
    Report,
    IDS,
    st.sampled_from(["DELIVRD", "EXPIRED", "UNDELIV", "ACCEPTD"]),
    st.just("2611231020"),
    st.just("2611231021"),
    NUMBERS,
    st.integers(0, 2**32 - 1),
)
MESSAGES = st.one_of(
    st.builds(Connect, ASCII, st.binary(min_size=16, max_size=16), st.integers(0, 1231235959)),
    st.builds(ConnectResp, st.integers(0, 5), st.binary(min_size=16, max_size=16)),
    st.builds(
        Submit,
        source=ASCII,
        number=NUMBERS,
        to=st.lists(NUMBERS, min_size=1, max_size=99).map(tuple),
        content=st.binary(min_size=1, max_size=140),
        format=st.sampled_from([0, 8, 15]),
        header=st.booleans(),
        part=st.integers(1, 255),
        parts=st.integers(1, 255),
        report=st.booleans(),
    ),
    st.builds(SubmitResp, IDS, st.integers(0, 13)),
    st.builds(
        Deliver, IDS, NUMBERS, NUMBERS, st.binary(max_size=140), st.sampled_from([0, 8]), st.booleans()
    ),
    st.builds(Deliver, IDS, NUMBERS, NUMBERS, report=REPORTS),
    st.builds(DeliverResp, IDS, st.integers(0, 9)),
    st.sampled_from([Terminate(), TerminateResp(), ActiveTest(), ActiveTestResp()]),
)


@given(MESSAGES, st.integers(0, 2**32 - 1))
def test_every_message_comes_back_as_it_was(message: object, sequence: int) -> None:
    pdu = Pdu(sequence, message)  # type: ignore[arg-type]
    assert decode(encode(pdu)) == pdu


@given(st.lists(MESSAGES, max_size=4), st.integers(1, 50))
def test_a_stream_cut_anywhere_gives_the_same_messages(messages: list[object], size: int) -> None:
    whole = b"".join(encode(Pdu(n, one)) for n, one in enumerate(messages))  # type: ignore[arg-type]
    buffer, found = bytearray(), []
    for at in range(0, len(whole), size):
        buffer += whole[at : at + size]
        found += split_stream(buffer)
    assert [decode(one).message for one in found] == messages
    assert not buffer


@given(st.binary(max_size=400))
def test_noise_is_refused_with_a_reason(noise: bytes) -> None:
    refused: list[CmppError] = []
    try:
        assert len(encode(decode(noise))) >= 12
    except CmppError as error:
        refused.append(error)
    assert all(one.reason in Reason and one.text.zh for one in refused)


@pytest.mark.parametrize(
    "head",
    [b"\0\0\0\x0b", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\x01\0\0"],
    ids=["short", "nothing", "huge", "large"],
)
def test_a_length_that_cannot_be_ends_the_stream(head: bytes) -> None:
    with pytest.raises(CmppError):
        split_stream(bytearray(head + b"\0" * 20))


@pytest.mark.parametrize(
    "changed",
    [
        {"to": ()},
        {"to": ("1",) * 100},
        {"content": b""},
        {"content": b"x" * 141},
        {"number": "1" * 22},
        {"source": "七"},
    ],
)
def test_what_does_not_fit_is_not_sent(changed: dict[str, object]) -> None:
    fields = {"source": "901234", "number": "10690000", "to": ("13800138000",), "content": b"x"} | changed
    with pytest.raises(CmppError):
        encode(Pdu(1, Submit(**fields)))  # type: ignore[arg-type]


def test_digests_are_md5_of_what_the_protocol_says() -> None:
    """7.4.1.1 and 7.4.1.2; ``printf '901234\\0\\0\\0\\0\\0\\0\\0\\0\\0secret1123102030' | md5sum``."""
    assert login_digest("901234", "secret", 1123102030).hex() == _md5(
        b"901234" + bytes(9) + b"secret1123102030"
    )
    assert login_digest("901234", "secret", 101000000).hex() == _md5(
        b"901234" + bytes(9) + b"secret0101000000"
    )
    assert gateway_digest(0, b"d" * 16, "secret").hex() == _md5(bytes(4) + b"d" * 16 + b"secret")


def _md5(data: bytes) -> str:
    return subprocess.run(["md5sum"], input=data, capture_output=True, check=True).stdout.decode()[:32]


def capture(payloads: list[bytes]) -> bytes:
    """A capture file of raw IPv4 packets (libpcap format, link type 101)."""
    kept, seen = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101), 1
    for payload in payloads:
        tcp = struct.pack(">HHIIBBHHH", 40000, 7890, seen, 0, 0x50, 0x18, 65535, 0, 0) + payload
        home = b"\x7f\0\0\1"
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, home, home) + tcp
        kept += struct.pack("<IIII", seen, 0, len(packet), len(packet)) + packet
        seen += len(payload)
    return kept


@pytest.mark.skipif(shutil.which("tshark") is None, reason="没有 tshark tshark is not installed")
def test_wireshark_reads_what_we_say(tmp_path: Path) -> None:
    """The oracle: Wireshark's dissector of CMPP, written by others."""
    parts = split("您申请的老年人优待证已办结。" * 8, 7)
    first = parts[0]
    said = [
        Connect("901234", login_digest("901234", "secret", 1123102030), 1123102030),
        Submit(
            "901234", "10690000", ("13800138000", "13900139000"), first.content, first.format, first.header, 1, 2
        ),
        Deliver(9, "10690000", "13800138000", report=Report(258, "DELIVRD", "2611231020", "2611231021", "13800138000", 77)),
        ActiveTestResp(),
    ]  # fmt: skip
    file = tmp_path / "cmpp.pcap"
    file.write_bytes(capture([encode(Pdu(n, one)) for n, one in enumerate(said, 1)]))  # type: ignore[arg-type]
    command = ["tshark", "-r", str(file), "-d", "tcp.port==7890,cmpp", "-V", "-O", "cmpp"]
    read = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in (
        "Source Addr: 901234", "Version: 03.00", "Timestamp: 11/23 10:20:30", "Number of Part: 2", "TP udhi: 1",
        "Message Format: UCS2 encoding (8)", "Source ID: 10690000", "Destination Address: 13800138000",
        "Destination Address: 13900139000", "Message length: 140", "Deliver Report: True", "Deliver Status: DELIVRD",
        "Submit_time: 2611231020", "SMSC_sequence: 77", "Command Id: CMPP_ACTIVE_TEST_RESP (0x80000008)",
    ):  # fmt: skip
        assert line in read
    assert "Malformed" not in read
