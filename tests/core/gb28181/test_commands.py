"""Codes, SDP, XML commands, control bytes, playback control: worked examples, refusals, round trips."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.gb28181 import BadMessage, catalog, ids, manscdp, mansrtsp, ptz, sdp
from quancheng.core.gb28181.catalog import Collector, Item, catalog_parts
from quancheng.core.gb28181.manscdp import Document, Root

CAMERA, PLATFORM = "37010200001310000001", "37010000002000000001"


# -- codes (annex E) --------------------------------------------------------------------------
def test_a_code_is_taken_apart_and_put_together() -> None:
    found = ids.parse(CAMERA)
    assert (found.region, found.centre, found.trade, found.type, found.network, found.serial) == (
        "370102", "37010200", 0, 131, 0, 1,
    )  # fmt: skip
    assert ids.make("37010200", type=131, serial=1) == CAMERA
    roles = {"131": ids.Role.CAMERA, "132": ids.Role.CAMERA, "118": ids.Role.NVR, "111": ids.Role.DVR,
             "200": ids.Role.PLATFORM, "215": ids.Role.GROUP, "216": ids.Role.VIRTUAL, "134": ids.Role.ALARM,
             "300": ids.Role.USER, "199": ids.Role.OTHER}  # fmt: skip
    for digits, role in roles.items():
        assert ids.role_of(f"3701020000{digits}0000001") is role


@pytest.mark.parametrize("text", ["", "1" * 19, "1" * 21, "3701020000131000000x", "３" * 20, "-" + "1" * 19])
def test_what_is_no_code(text: str) -> None:
    assert not ids.is_code(text)
    assert ids.role_of(text) is ids.Role.OTHER
    with pytest.raises(BadMessage):
        ids.parse(text)


@given(st.text("0123456789", min_size=20, max_size=20))
def test_every_code_comes_back(text: str) -> None:
    one = ids.parse(text)
    assert (
        ids.make(one.centre, trade=one.trade, type=one.type, network=one.network, serial=one.serial) == text
    )


# -- control bytes (annex A.3) ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (ptz.move(ptz.Move(pan=-1, pan_speed=0x1F)), "A50F01021F0000D6"),
        (ptz.stop(), "A50F0100000000B5"),
        # a camera of another maker was moved with these two; both are in published traces of GB/T 28181 clients
        (ptz.move(ptz.Move(pan=-1, pan_speed=0x96)), "A50F01029600004D"),
        (ptz.move(ptz.Move(pan=-1, tilt=1, pan_speed=8, tilt_speed=8)), "A50F010A080800CF"),
        (ptz.move(ptz.Move(tilt=1, tilt_speed=0x20)), "A50F0108002000DD"),
        (ptz.preset(ptz.Preset.CALL, 1), "A50F018200010038"),
    ],
)
def test_bytes_worked_out_by_the_rule_of_a_3_1(command: str, wanted: str) -> None:
    """Left at speed 31: A5+0F+01+02+1F+00+00 = D6 modulo 256; the other rows likewise."""
    assert command == wanted
    assert sum(bytes.fromhex(command)[:7]) % 256 == bytes.fromhex(command)[7]


def test_the_devicecontrol_example_of_the_standard() -> None:
    """A50F4D1000001021, zoom in at speed 1, address 4D: the DeviceControl example of the signalling annex."""
    assert ptz.decode("A50F4D1000001021") == ptz.Move(zoom=1, zoom_speed=1)


@pytest.mark.parametrize(
    "text", ["", "A50F", "zz", "A50F010200000000", "A40F01000000B400", "A50F010300000000B8"]
)
def test_damaged_commands_are_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        ptz.decode(text)


def test_left_and_right_at_once_is_refused() -> None:
    raw = bytes.fromhex("A50F0103000000")
    with pytest.raises(BadMessage):
        ptz.decode((raw + bytes((sum(raw) % 256,))).hex())


DIRECTION, BYTE = st.sampled_from((-1, 0, 1)), st.integers(0, 255)


@given(DIRECTION, DIRECTION, DIRECTION, BYTE, BYTE, st.integers(0, 15))
def test_movements_come_back(pan: int, tilt: int, zoom: int, fast: int, steep: int, near: int) -> None:
    one = ptz.Move(pan, tilt, zoom, fast, steep, near)
    assert ptz.decode(ptz.move(one)) == one


@given(DIRECTION, DIRECTION, BYTE, BYTE, st.sampled_from(ptz.Preset), st.integers(1, 255))
def test_lens_and_presets_come_back(
    iris: int, focus: int, a: int, b: int, what: ptz.Preset, number: int
) -> None:
    one = ptz.Lens(iris, focus, a, b)
    assert ptz.decode(ptz.lens(one)) == one
    assert ptz.decode(ptz.preset(what, number)) == (what, number)


@given(st.binary(min_size=8, max_size=8), st.integers(0, 63))
def test_a_flipped_bit_is_found(raw: bytes, bit: int) -> None:
    good = bytearray(bytes.fromhex(ptz.move(ptz.Move(1, 1, 0, raw[0], raw[1]))))
    good[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadMessage):
        ptz.decode(good.hex())


def test_speeds_outside_the_field_are_refused() -> None:
    for wrong in (ptz.Move(pan_speed=256), ptz.Move(zoom_speed=16), ptz.Move(pan=2)):
        with pytest.raises(BadMessage):
            ptz.move(wrong)
    with pytest.raises(BadMessage):
        ptz.preset(ptz.Preset.SET, 0)


# -- SDP (annex G) ----------------------------------------------------------------------------
def test_an_offer_of_the_annex_is_read() -> None:
    raw = (
        b"v=0\r\no=64010000002020000001 0 0 IN IP4 172.20.16.3\r\ns=##ms20091214162117001\r\n"
        b"c=IN IP4 172.20.16.3\r\nt=0 0\r\nm=video 6000 RTP/AVP 96\r\na=recvonly\r\n"
    )
    with pytest.raises(BadMessage):  # a session name that is no kind of ours
        sdp.parse(raw)
    found = sdp.parse(raw.replace(b"##ms20091214162117001", b"Play") + b"y=0999999999\r\nf=\r\n")
    assert (found.host, found.port, found.ssrc, found.kind, found.tcp) == (
        "172.20.16.3", 6000, "0999999999", sdp.Kind.PLAY, False,
    )  # fmt: skip


@given(st.sampled_from(sdp.Kind), st.integers(0, 65535), st.booleans(), st.booleans(), st.integers(0, 2**31))
def test_descriptions_come_back(kind: sdp.Kind, port: int, tcp: bool, sends: bool, start: int) -> None:
    one = sdp.Description(
        CAMERA, kind, "192.0.2.7", port, "0102000001", tcp, "active" if tcp else "", sends, start, start + 60,
        f"{CAMERA}:0", 4 if kind is sdp.Kind.DOWNLOAD else 0, "v/2/4/25/1/4096a///",
    )  # fmt: skip
    assert sdp.parse(sdp.build(one)) == one


@given(st.binary(max_size=300))
def test_any_bytes_as_sdp_are_read_or_refused(raw: bytes) -> None:
    for one in (raw, b"v=0\r\n" + raw):
        try:
            sdp.parse(one)
        except BadMessage:
            continue


def test_stream_numbers_are_unique_and_come_back() -> None:
    book = sdp.SsrcBook(PLATFORM)
    taken = [book.take() for _ in range(9999)]
    assert len(set(taken)) == 9999 and all(one[:6] == "010000" for one in taken)
    assert book.take(history=True)[0] == "1"
    with pytest.raises(BadMessage):
        book.take()
    book.free(taken[17])
    assert book.take() == taken[17]


# -- MANSCDP (annex A) ------------------------------------------------------------------------
KEEPALIVE = (
    f'<?xml version="1.0" encoding="GB2312"?>\r\n<Notify>\r\n<CmdType>Keepalive</CmdType>\r\n<SN>43</SN>\r\n'
    f"<DeviceID>{CAMERA}</DeviceID>\r\n<Status>OK</Status>\r\n</Notify>\r\n"
).encode()


def test_a_keepalive_reads_the_same_with_and_without_the_parser() -> None:
    quick = manscdp.keepalive(KEEPALIVE)
    assert quick == manscdp.parse(KEEPALIVE)
    assert quick is not None and (quick.command, quick.serial, quick.device) == ("Keepalive", 43, CAMERA)
    assert manscdp.keepalive(KEEPALIVE.replace(b"<Status>", b"<X/><Status>")) is None


@pytest.mark.parametrize(
    "evil",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><Notify><CmdType>&x;</CmdType></Notify>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Notify/>',
        b"<Notify>" + b"<a>" * 50 + b"</a>" * 50 + b"</Notify>",
        b"<Notify><CmdType>K</CmdType><SN>1</SN><DeviceID>1</DeviceID></Notify>",
        b"<Notify><CmdType>K</CmdType><SN>x</SN><DeviceID>" + CAMERA.encode() + b"</DeviceID></Notify>",
        b"<Other/>", b"", b"<Notify>", b"\xff\xff\xff\xff", b"<Notify>&undefined;</Notify>", b"<Notify/>" * 9000,
        b"<Notify><CmdType>K</CmdType><CmdType>K</CmdType><SN>1</SN></Notify>",
    ],
)  # fmt: skip
def test_dangerous_or_broken_xml_is_refused(evil: bytes) -> None:
    with pytest.raises(BadMessage):
        manscdp.parse(evil)


@pytest.mark.parametrize("encoding", ["GB2312", "GB18030", "UTF-8"])
def test_chinese_and_rare_characters_in_every_encoding(encoding: str) -> None:
    one = Document(Root.NOTIFY, "Alarm", 7, CAMERA, {"AlarmDescription": "趵突泉𠮷北门 <1> & 2"})
    assert manscdp.parse(manscdp.build(one, encoding=encoding)) == one


def test_a_wrongly_declared_encoding_is_still_read() -> None:
    raw = manscdp.build(Document(Root.NOTIFY, "Alarm", 7, CAMERA, {"Name": "黑虎泉"}), encoding="UTF-8")
    assert manscdp.parse(raw.decode().encode("gb18030")).text("Name") == "黑虎泉"


@given(st.binary(max_size=300))
def test_any_bytes_as_xml_are_read_or_refused(raw: bytes) -> None:
    for one in (raw, b"<Notify>" + raw + b"</Notify>", KEEPALIVE[:60] + raw + KEEPALIVE[60:]):
        quick = manscdp.keepalive(one)
        try:
            found = manscdp.parse(one)
        except BadMessage:
            assert quick is None
            continue
        assert quick is None or quick == found


TEXT = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFFF, exclude_categories=("Cs", "Cc", "Cn")), max_size=40
)


@given(st.integers(0, 2**31), TEXT, st.sampled_from(("UTF-8", "GB18030")))
def test_documents_come_back(serial: int, name: str, encoding: str) -> None:
    one = Document(Root.QUERY, "Catalog", serial, CAMERA, {"Name": name.strip()})
    try:
        raw = manscdp.build(one, encoding=encoding)
        found = manscdp.parse(raw)
    except BadMessage:
        return  # a character XML has no place for, or a declaration inside the name
    assert found == one


def test_an_alarm_and_a_position() -> None:
    raw = manscdp.build(Document(Root.NOTIFY, "Alarm", 1, CAMERA, {
        "AlarmPriority": "1", "AlarmMethod": "5", "AlarmTime": "2026-07-18T17:05:00", "AlarmDescription": "移动侦测",
        "Longitude": "117.02", "Latitude": "36.66", "Info": {"AlarmType": "2"},
    }))  # fmt: skip
    found = manscdp.alarm(manscdp.parse(raw))
    assert (found.priority, found.method, found.type, found.description) == (1, 5, 2, "移动侦测")
    assert found.at.astimezone(UTC) == datetime(2026, 7, 18, 9, 5, tzinfo=UTC)
    for wrong in ({"AlarmPriority": "5"}, {"AlarmTime": "yesterday"}, {"Longitude": "999"}):
        fields = {"AlarmPriority": "1", "AlarmMethod": "5", "AlarmTime": "2026-07-18T17:05:00"} | wrong
        with pytest.raises(BadMessage):
            manscdp.alarm(Document(Root.NOTIFY, "Alarm", 1, CAMERA, fields))
    place = Document(Root.NOTIFY, "MobilePosition", 1, CAMERA, {
        "Time": "2026-07-18T17:05:00+08:00", "Longitude": "117.02", "Latitude": "36.66", "Speed": "30", "Direction": "",
    })  # fmt: skip
    assert manscdp.position(place).speed == 30


# -- catalogue (A.2.6.2) ----------------------------------------------------------------------
def _items(number: int) -> list[Item]:
    return [
        Item(f"3701020000131{serial:07d}", f"摄像机{serial}", serial % 3 > 0, PLATFORM, "370102", lon=117.0 + serial / 1e4,
             lat=36.6, ptz=1)
        for serial in range(number)
    ]  # fmt: skip


@given(st.integers(0, 23), st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_many_part_answer_is_gathered_in_any_order_and_with_repeats(number: int, size: int, random) -> None:
    items = _items(number)
    parts = [manscdp.parse(manscdp.build(one)) for one in catalog_parts(PLATFORM, 9, items, size=size)]
    sent = parts + random.sample(parts, min(3, len(parts)))
    random.shuffle(sent)
    gathered = Collector(9, patience=15, last=0.0)
    for part in sent:
        gathered.take(part, 1.0)
    assert gathered.complete
    found = {code: catalog.item(row) for code, row in gathered.rows.items()}
    assert set(found) == {one.code for one in items}
    for one in items:
        assert (found[one.code].name, found[one.code].online, found[one.code].ptz) == (
            one.name,
            one.online,
            1,
        )


def test_a_missing_part_is_given_up_and_a_foreign_one_refused() -> None:
    parts = list(catalog_parts(PLATFORM, 9, _items(6)))
    gathered = Collector(9, patience=15, last=0.0)
    gathered.take(parts[0], 1.0)
    assert not gathered.complete and not gathered.given_up(15.0) and gathered.given_up(16.5)
    with pytest.raises(BadMessage):
        gathered.take(Document(Root.RESPONSE, "Catalog", 10, PLATFORM, {"SumNum": "1"}), 2.0)
    with pytest.raises(BadMessage):
        gathered.take(Document(Root.RESPONSE, "Catalog", 9, PLATFORM, {"SumNum": "-1"}), 2.0)


def test_items_of_the_field_are_read_with_care() -> None:
    odd = catalog.item({"DeviceID": CAMERA, "Name": "x" * 500, "Longitude": "0", "Latitude": "0", "Status": "off",
                        "ParentID": f"{PLATFORM}/37010200002150000001", "Event": "nonsense", "PTZType": "9"})  # fmt: skip
    assert (len(odd.name), odd.lon, odd.online, odd.parent, odd.event, odd.ptz) == (
        120, None, False, "37010200002150000001", "", 0,
    )  # fmt: skip
    with pytest.raises(BadMessage):
        catalog.item({"Name": "no code"})


def test_recordings_come_back() -> None:
    start = datetime(2026, 7, 18, 9, tzinfo=UTC)
    one = catalog.Recording(CAMERA, "录像", start, start.replace(hour=10), "/a", 12)
    assert catalog.recording(catalog.recording_row(one)) == one
    with pytest.raises(BadMessage):
        catalog.recording(catalog.recording_row(one) | {"EndTime": "2026-07-18T01:00:00"})


# -- MANSRTSP (annex B) -----------------------------------------------------------------------
def test_playback_commands() -> None:
    raw = mansrtsp.build(mansrtsp.Command(mansrtsp.Method.PLAY, 3, scale=2.0))
    assert raw == b"PLAY MANSRTSP/1.0\r\nCSeq: 3\r\nScale: 2\r\n\r\n"
    assert mansrtsp.build(mansrtsp.Command(mansrtsp.Method.PLAY, 4, at=100)).endswith(
        b"Range: npt=100-\r\n\r\n"
    )
    assert mansrtsp.parse(b"PLAY RTSP/1.0\r\nCSeq:2\r\nRange:npt=now-\r\n\r\n").at is None
    for wrong in (
        b"",
        b"RECORD RTSP/1.0\r\nCSeq: 1",
        b"PLAY RTSP/1.0\r\nCSeq: 1\r\nScale: 3",
        b"PLAY X\r\nCSeq: 1",
    ):
        with pytest.raises(BadMessage):
            mansrtsp.parse(wrong)
    with pytest.raises(BadMessage):
        mansrtsp.build(mansrtsp.Command(mansrtsp.Method.PLAY, 1, scale=3))


@given(st.sampled_from(mansrtsp.Method), st.integers(1, 10**6), st.sampled_from((None, 0.5, 1.0, 4.0, -2.0)),
       st.one_of(st.none(), st.integers(0, 10**6)))  # fmt: skip
def test_playback_commands_come_back(
    method: mansrtsp.Method, serial: int, scale: float | None, at: int | None
) -> None:
    one = mansrtsp.Command(method, serial, scale, at if method is mansrtsp.Method.PLAY else None)
    assert mansrtsp.parse(mansrtsp.build(one)) == one
