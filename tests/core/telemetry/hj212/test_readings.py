"""HJ 212 data regions as readings; packets; answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from quancheng.core.telemetry.hj212 import (
    COMMANDS,
    FACTORS,
    MARKS,
    SYSTEMS,
    Command,
    Execution,
    Frame,
    PacketTimes,
    Request,
    Version,
    answer,
    decode,
    encode,
    factor,
    pack_time,
    readings,
    request_answer,
    result,
    set_time,
    split,
    unpack_time,
)
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from .frames import golden

AT = unpack_time("20240601080000")


def frame(region: str, cn: str = "2011", **more: object) -> Frame:
    groups = tuple(
        tuple((k, v) for k, _, v in (item.partition("=") for item in group.split(",")))
        for group in region.split(";")
    )
    head = {"st": "31", "pw": "123456", "mn": "010000A8900016F000169DC0", "qn": "20240601080001000"}
    return Frame(cn=cn, groups=groups, **{**head, **more})  # type: ignore[arg-type]


def one(region: str, cn: str = "2011", **more: object) -> Reading:
    (found,) = readings(frame(f"DataTime=20240601080000;{region}", cn, **more))
    return found


def test_times_are_beijing_time() -> None:
    assert datetime(2024, 6, 1, tzinfo=UTC).timestamp() * 1_000_000 == AT
    assert unpack_time("20240601080000123") - AT == 123_000
    assert pack_time(AT + 123_000) == "20240601080000123"
    for wrong in ("20240631080000", "2024060108000", "20240601246000", "202406010800001", "２0240601080000"):
        with pytest.raises(FrameRefused) as caught:
            unpack_time(wrong)
        assert caught.value.reason is Reason.TIME


def test_golden_dust_monitor() -> None:
    found = {one.element: (one.value, one.unit, one.quality) for one in readings(decode(golden("dust-5440")))}
    assert found == {
        "a34004-Rtd": (75600.0, "", 0), "a34002-Rtd": (140600.0, "", 0), "a34001-Rtd": (178000.0, "", 0),
        "a01001-Rtd": (24.8, "℃", 0), "a01002-Rtd": (46.8, "%", 0), "a01006-Rtd": (101.38, "kPa", 0),
        "a01007-Rtd": (0.0, "m/s", 0), "a01008-Rtd": (25.0, "°", 0), "LA-Rtd": (57.9, "dB", 0),
    }  # fmt: skip
    times = {one.time for one in readings(decode(golden("dust-5440")))}
    assert times == {unpack_time("20180427125809")}


def test_golden_of_2005_has_the_meaning_of_todays_codes() -> None:
    found = readings(decode(golden("old-4980")))
    assert [(r.element, r.value, r.unit) for r in found] == [
        ("B01-Rtd", 36.91, ""), ("011-Rtd", 231.0, "mg/L"), ("060-Rtd", 1.803, "mg/L"),
    ]  # fmt: skip
    assert found[0].time == unpack_time("20160824003817000")


def test_golden_of_the_field() -> None:
    """Bottle numbers, start times, minute data that came while the instrument did not answer."""
    (start,) = readings(decode(golden("start-47C0")))
    assert (start.element, start.value, start.time) == (
        "RestartTime",
        "20200425120954",
        unpack_time("20200428011552"),
    )
    first = readings(decode(golden("packet-1-of-2-AE41")))
    assert len(first) == 6 * 4 + 2 * 8
    assert {one.quality for one in first} == {Quality.COMMUNICATION}
    assert first[3].element == "a00000-Cou:minute"
    assert first[3].unit == "m³"
    voc = {one.element: (one.value, one.unit, one.quality) for one in readings(decode(golden("voc-8701")))}
    assert voc["a24088-Rtd"] == (37.55, "mg/m³", 0)
    assert voc["a01013-Rtd"] == (103.79, "kPa", Quality.SUSPECT), "a gauge pressure of a stack is near 0"
    assert voc["a00000-ZsRtd"] == (3434.0, "m³/s", 0)
    kept = one("VaseNo=2", "3015")
    assert (kept.element, kept.value) == ("VaseNo", 2.0)
    assert one("a05002-Rtd=7.1,a05002-SampleTime=").time == AT


@pytest.mark.parametrize(("mark", "quality"), MARKS.items())
def test_every_mark_becomes_a_quality(mark: str, quality: Quality) -> None:
    assert one(f"a21026-Rtd=12.5,a21026-Flag={mark}").quality == quality
    assert one(f"a21026-Flag={mark},a21026-Rtd=12.5").quality == quality


def test_unknown_marks_and_impossible_values_are_suspect_and_missing_ones_missing() -> None:
    assert one("w01001-Rtd=7.2,w01001-Flag=X").quality == Quality.SUSPECT
    assert one("w01001-Rtd=14.5,w01001-Flag=N").quality == Quality.SUSPECT
    assert one("w01001-Rtd=-0.1").quality == Quality.SUSPECT
    assert one("w01001-Rtd=99,w01001-Flag=D").quality == Quality.SUSPECT | Quality.FAULT
    for nothing in ("", "-", "--"):
        missing = one(f"w01001-Rtd={nothing},w01001-Flag=B")
        assert (missing.value, missing.quality) == (None, Quality.MISSING | Quality.COMMUNICATION)


@pytest.mark.parametrize("text", ["abc", "1,2", "0x10", "1e999", "nan", "inf", "１２", "1.2.3"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(FrameRefused) as caught:
        readings(
            replace(
                frame("DataTime=20240601080000"),
                groups=((("DataTime", "20240601080000"),), (("w01018-Rtd", text),)),
            )
        )
    assert caught.value.reason is Reason.VALUE


def test_statistics_of_different_periods_are_different_elements() -> None:
    region = "w01018-Cou=1.2,w01018-Min=38.0,w01018-Avg=40.5,w01018-Max=44.0,w01018-Flag=N"
    hour = readings(frame(f"DataTime=20240601080000;{region}", "2061"))
    assert [(r.element, r.value, r.unit) for r in hour] == [
        ("w01018-Cou:hour", 1.2, "kg"), ("w01018-Min:hour", 38.0, "mg/L"),
        ("w01018-Avg:hour", 40.5, "mg/L"), ("w01018-Max:hour", 44.0, "mg/L"),
    ]  # fmt: skip
    assert one("w01018-Avg=40.5", "2051").element == "w01018-Avg:minute"
    assert one("w01018-Avg=40.5", "2031").element == "w01018-Avg:day"
    assert one("a21026-ZsRtd=18.5").element == "a21026-ZsRtd"
    assert one("SB1-RS=1", "2021").element == "SB1-RS"


def test_times_of_their_own_moved_times_and_no_time() -> None:
    sampled = one("a05002-Rtd=7.11,a05002-Flag=N,a05002-SampleTime=20240601074100")
    assert sampled.time == AT - 19 * 60_000_000
    moved = readings(
        frame("DataTime=20240601080000;w01001-Avg=7;DataTime=20240601081000;w01001-Avg=8", "2051")
    )
    assert [r.time for r in moved] == [AT, AT + 600_000_000]
    with pytest.raises(FrameRefused) as caught:
        readings(frame("w01001-Rtd=7"))
    assert caught.value.reason is Reason.TIME
    assert readings(frame("w01001-Rtd=7"), AT)[0].time == AT
    assert readings(frame("RtdInterval=30", "1061")) == []


def test_2025_power_use_states_of_production_and_late_data() -> None:
    """用电与工况示例: HJ 212-2025 as quoted by a public Node-RED guide written against the text."""
    power = readings(
        frame(
            "DataTime=20240601080000;d20105-Rtd=220.20,d20105-Flag=N;d20405-Rtd=0.24,d20405-Flag=N", st="44"
        )
    )
    assert [(r.value, r.unit) for r in power] == [(220.20, "V"), (0.24, "A")]
    assert one("d20905-Rtd=1").unit == ""
    state = one("p99101-Rtd=St,p99101-Flag=N", st="45")
    assert (state.value, state.quality) == ("St", 0)
    assert one("w01001-Rtd=7", late=True).quality == Quality.LATE


def test_tables_are_whole() -> None:
    assert factor("w01018") is FACTORS["011"]
    assert factor("w99999") is None
    assert {"2011", "2031", "2051", "2061", "2081", "3015", "9011", "9012", "9013", "9014"} <= COMMANDS.keys()
    assert {command.value for command in Command} <= COMMANDS.keys()
    assert SYSTEMS["31"].en == "Air pollution source"
    for row in FACTORS.values():
        assert row.low < row.high
        assert row.text.zh
        assert row.text.en
    assert len({row.code for row in FACTORS.values()}) >= 80


# -- packets ------------------------------------------------------------------------------------
def test_long_data_are_split_whole_groups_each_with_its_time_and_read_as_one() -> None:
    region = "DataTime=20240601080000;" + ";".join(f"w2{n:04d}-Rtd={n}.5,w2{n:04d}-Flag=N" for n in range(90))
    whole = frame(region)
    packets = split(whole)
    assert len(packets) > 2
    assert all(len(encode(packet)) <= 1024 + 12 for packet in packets)
    assert [packet.packets for packet in packets] == [(len(packets), n) for n in range(1, len(packets) + 1)]
    assert all(decode(encode(packet)).flag & 2 for packet in packets)
    assert [r for packet in packets for r in readings(packet)] == readings(whole)
    assert split(frame("DataTime=20240601080000")) == [frame("DataTime=20240601080000")]
    with pytest.raises(FrameRefused) as caught:
        split(frame("DataTime=20240601080000;" + ",".join(f"w01018-F{n}=1" for n in range(200))))
    assert caught.value.reason is Reason.LIMIT


def test_a_packet_without_time_takes_that_of_the_first_of_its_request() -> None:
    times = PacketTimes()
    first = frame("DataTime=20240601080000;w01001-Rtd=7", packets=(3, 1))
    second = frame("w01018-Rtd=40", packets=(3, 2))
    last = frame("w21003-Rtd=1", packets=(3, 3))
    assert times.started(first) is None
    assert times.started(second) == AT
    assert times.started(replace(second, qn="20240601080001999")) is None
    assert times.started(last) == AT
    assert times.started(second) is None, "the request is over"
    for n in range(1000):
        times.started(replace(first, qn=f"20240601080001{n:03d}"))
    assert len(times._times) <= 64


# -- answers ------------------------------------------------------------------------------------
def test_data_are_answered_with_9014_of_their_version() -> None:
    asked = decode(golden("dust-5440"))
    reply = answer(asked)
    assert reply is not None
    assert (
        encode(reply)[6:-6]
        == b"QN=20180427125809000;ST=91;CN=9014;PW=123456;MN=LXHB0CS0306310;Flag=4;CP=&&&&"
    )
    new = answer(replace(asked, version=Version.HJ_2025, packets=(2, 1)))
    assert new is not None
    assert (new.flag, new.packets) == (10, (2, 1)), "附录C of 2025: packets are answered with Flag=10"
    old = answer(replace(asked, version=Version.HJT_2005))
    assert old is not None
    assert old.groups == ((("QN", asked.qn),), (("CN", "2011"),))
    assert answer(decode(golden("dust-E541"))) is None, "Flag=4 wants none"
    assert answer(decode(golden("answer-C241"))) is None


def test_golden_answer_is_what_we_would_send() -> None:
    expected = decode(golden("answer-C241"))
    asked = frame("DataTime=20160801084000", qn=expected.qn, pw=expected.pw, mn=expected.mn, answer=True)
    reply = answer(asked)
    assert reply is not None
    assert encode(reply) == golden("answer-C241")


def test_heartbeats_notices_and_the_answers_to_requests() -> None:
    beat = frame("a=1", Command.HEARTBEAT, version=Version.HJ_2025, answer=True)
    reply = answer(beat)
    assert reply is not None
    assert reply.cn == Command.NOTICE_ANSWER
    assert answer(replace(beat, answer=False)) is None
    notice = frame("PolId=w01018", Command.TIME_REQUEST, answer=True)
    heard = answer(notice)
    assert heard is not None
    assert heard.cn == Command.NOTICE_ANSWER
    told = set_time(notice, AT)
    assert (told.cn, told.value("SystemTime"), told.value("PolId")) == ("1012", "20240601080000", "w01018")
    assert decode(encode(told)) == told
    assert request_answer(notice, Request.NUMBER).value("QnRtn") == "4"
    assert result(notice, Execution.DONE).value("ExeRtn") == "1"
