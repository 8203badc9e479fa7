"""The table of formats: each decoder through the one door, as the gateway calls it."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.telemetry.damage import QUICK

from quancheng.capabilities.ingest.payloads import FORMATS, FrameRefused, Limits, Reason, decode
from quancheng.capabilities.ingest.payloads.push import devices_of
from quancheng.capabilities.ingest.payloads.sessions import Sessions, sessions
from quancheng.core.telemetry import cjt188, dlt645, modbus, sparkplug
from quancheng.core.telemetry.nbiot import onenet_digest
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.sparkplug import DataType, Metric, Payload

NOW = 1_767_225_600_000_000
MS = NOW // 1000
WATER = bytes.fromhex(
    "FEFE6810690001071720008116 1F9002 000000002C 000000002C 59541619081720 1301 EF16".replace(" ", "")
)
METER = "00201707010069"
ENERGY = bytes.fromhex("68610100000000689108333334335933333 38A16".replace(" ", ""))


def read(format: str, payload: bytes, limits: Limits | None = None, **context: Any) -> list[Reading]:
    options: dict[str, Any] = {} if limits is None else {"limits": limits}
    return decode(format, payload, context=context, received_at=NOW, **options)


def refusal(format: str, payload: bytes, limits: Limits | None = None, **context: Any) -> FrameRefused:
    with pytest.raises(FrameRefused) as refused:
        read(format, payload, limits, **context)
    return refused.value


def values(found: list[Reading]) -> dict[str, object]:
    return {reading.element: reading.value for reading in found}


def test_the_formats_of_the_contract_are_there() -> None:
    wanted = {"json", "senml", "lpp", "sparkplug", "modbus", "cjt188", "dlt645", "nbiot"}
    assert wanted <= FORMATS.keys()
    assert all(len(name) <= 16 for name in FORMATS), "ingest.Device.payload holds sixteen characters"
    assert refusal("xml", b"<a/>").reason is Reason.FORMAT


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_message_beyond_the_limit_is_refused_unread(format: str) -> None:
    refused = refusal(format, b"0" * 101, Limits(size=100))
    assert refused.reason is Reason.LIMIT and "101" in refused.message.zh


def test_limits_hold_for_every_format() -> None:
    two = bytes.fromhex("0367011005670110")
    assert refusal("lpp", two, Limits(readings=1)).reason is Reason.LIMIT
    assert refusal("lpp", two, Limits(name=5)).reason is Reason.FIELD
    assert refusal("senml", b'[{"n":"a","vs":"long text"}]', Limits(text=5)).reason is Reason.LIMIT


# -- Modbus -----------------------------------------------------------------------------------
ELEMENTS = ("holding:0", "holding:1:int16", "holding:100:float32:CDAB", "coil:3", "note")


def rtu(pdu: bytes, unit: int = 5) -> bytes:
    return modbus.wrap_rtu(modbus.Adu(unit, pdu))


def polled() -> bytes:
    float_words = struct.pack(">f", 12.5)
    return (
        rtu(b"\x01\x01\x01")
        + rtu(b"\x03\x04" + struct.pack(">Hh", 7, -3))
        + rtu(b"\x03\x04" + float_words[2:] + float_words[:2])
    )


def test_modbus_by_channels_that_name_registers() -> None:
    # two blocks of two registers: both must have come, in the order of the map
    found = values(read("modbus", polled(), elements=ELEMENTS, unit=5))
    assert found == {
        "holding:0": 7.0,
        "holding:1:int16": -3.0,
        "holding:100:float32:CDAB": 12.5,
        "coil:3": True,
    }


def test_modbus_by_a_map() -> None:
    rows = [{"element": "level", "address": 40, "type": "int16", "scale": 0.01, "unit": "m"}]
    answer = b"\x03\x02" + struct.pack(">h", 321)
    assert read("modbus", rtu(answer), map=rows) == [Reading("level", 3.21, "m")]
    assert read("modbus", rtu(answer), map=modbus.RegisterMap.of(rows)) == [Reading("level", 3.21, "m")]
    tcp = modbus.wrap_tcp(modbus.Adu(5, answer, 77))
    assert read("modbus", tcp, map=rows) == [Reading("level", 3.21, "m")]
    assert read("modbus", rtu(answer).hex().encode(), map=rows, encoding="hex")[0].value == 3.21
    assert read("modbus", base64.b64encode(rtu(answer)), map=rows, encoding="base64")[0].value == 3.21


def test_modbus_as_it_is_really_polled() -> None:
    rows = [{"element": "level", "address": 40}, {"element": "flow", "address": 45}]
    answer = rtu(b"\x03\x14" + b"".join(struct.pack(">H", n) for n in range(10)))
    assert refusal("modbus", answer, map=rows).reason is Reason.MAP
    assert values(read("modbus", answer, map=rows, requests=[(3, 38, 10)])) == {"level": 2.0, "flow": 7.0}
    assert refusal("modbus", answer, map=rows, requests=[(99, 38, 10)]).reason is Reason.MAP


def test_modbus_exceptions_beside_answers() -> None:
    rows = [{"element": "level", "address": 40}]
    failed = rtu(b"\x83\x02")
    assert values(read("modbus", failed + rtu(b"\x03\x02\x00\x05"), map=rows)) == {"level": 5.0}
    refused = refusal("modbus", failed, map=rows)
    assert refused.reason is Reason.DEVICE and "非法数据地址" in refused.message.zh


def test_modbus_refusals() -> None:
    assert refusal("modbus", polled()).reason is Reason.MAP
    assert refusal("modbus", polled(), elements=ELEMENTS, unit=6).reason is Reason.ADDRESS
    assert refusal("modbus", polled()[:-1], elements=ELEMENTS).reason is Reason.TRUNCATED
    assert refusal("modbus", rtu(b"\x06\x00\x01\x00\x03"), elements=ELEMENTS).reason is Reason.NOTHING
    assert refusal("modbus", b"xyz", elements=ELEMENTS, encoding="hex").reason is Reason.SYNTAX
    assert refusal("modbus", b"xyz", elements=ELEMENTS, encoding="uu").reason is Reason.FORMAT


# -- meters -----------------------------------------------------------------------------------
def test_a_meter_of_its_own() -> None:
    found = read("cjt188", WATER, address=METER)
    assert values(found) == {
        "volume_total": 0.0,
        "volume_settled": 0.0,
        "valve": "fault",
        "battery_low": False,
    }
    assert found[2].quality == Quality.FAULT
    assert read("dlt645", ENERGY) == [Reading("energy_active_import", 0.26, "kWh")]


def test_meters_behind_a_collector_are_told_apart() -> None:
    other = cjt188.encode(
        cjt188.Frame(0x10, "00201707010070", cjt188.Control.READ, cjt188.decode(WATER).data)
    )
    found = values(read("cjt188", WATER + other, address=METER))
    assert {"volume_total", "00201707010070/volume_total"} <= found.keys()
    elements = (f"{METER}/volume_total", "00201707010070/volume_total")
    found = values(read("cjt188", WATER + other, address="collector-1", elements=elements))
    assert set(elements) <= found.keys()
    assert refusal("cjt188", WATER + other, address="collector-1").reason is Reason.ADDRESS


def test_requests_heard_on_the_line_are_passed_over() -> None:
    asked = dlt645.encode(dlt645.read_request("000000000161", 0x00010000))
    assert len(read("dlt645", asked + ENERGY)) == 1
    assert refusal("dlt645", asked).reason is Reason.NOTHING


def test_a_meter_s_error_counts_only_alone() -> None:
    failed = dlt645.encode(dlt645.Frame("000000000161", dlt645.Function.READ, b"\x02", failed=True))
    assert len(read("dlt645", failed + ENERGY)) == 1
    assert refusal("dlt645", failed).reason is Reason.DEVICE


# -- Sparkplug --------------------------------------------------------------------------------
def birth(seq: int = 0) -> bytes:
    return sparkplug.encode(
        Payload(MS, (Metric("bdSeq", datatype=DataType.INT64, value=1, carrier=11),
                     Metric("level", 5, MS, DataType.DOUBLE, 3.5, 13, unit="m")), seq)
    )  # fmt: skip


def test_a_sparkplug_session_is_kept_in_the_memory_of_the_caller() -> None:
    memory: dict[str, Any] = {}
    data = sparkplug.encode(Payload(MS, (Metric(alias=5, value=3.75, carrier=13),), 1))
    refused = refusal("sparkplug", data, memory=memory)
    assert refused.reason is Reason.SEQUENCE and memory["rebirth"] is True
    assert values(read("sparkplug", birth(), memory=memory)) == {"online": True, "level": 3.5}
    assert read("sparkplug", data, memory=memory) == [Reading("level", 3.75, "m", NOW)]
    assert memory["rebirth"] is False
    refused = refusal("sparkplug", data, memory=memory)
    assert "seq 1 after 1" in refused.message.en and memory["rebirth"] is True


def test_a_sparkplug_topic_tells_device_and_kind() -> None:
    memory: dict[str, Any] = {}
    read("sparkplug", birth(), memory=memory, topic="spBv1.0/g/NBIRTH/n")
    pump = sparkplug.encode(Payload(MS, (Metric("on", 9, MS, DataType.BOOLEAN, True, 14),), 1))
    assert values(read("sparkplug", pump, memory=memory, topic="spBv1.0/g/DBIRTH/n/p")) == {
        "p/online": True, "p/on": True
    }  # fmt: skip


def test_a_sparkplug_payload_that_explains_itself_needs_no_memory() -> None:
    assert values(read("sparkplug", birth())) == {"level": 3.5}


def test_without_a_memory_of_the_caller_the_process_remembers_the_device() -> None:
    data = sparkplug.encode(Payload(MS, (Metric(alias=5, value=3.75, carrier=13),), 1))
    assert refusal("sparkplug", data, device="node-1").reason is Reason.SEQUENCE
    assert sessions.peek("node-1")["rebirth"] is True
    read("sparkplug", birth(), device="node-1")
    assert read("sparkplug", data, device="node-1") == [Reading("level", 3.75, "m", NOW)]
    assert refusal("sparkplug", data, device="node-2").reason is Reason.SEQUENCE


def test_memories_are_bounded_and_the_oldest_goes_first() -> None:
    few = Sessions(2)
    for device in ("a", "b", "a", "c"):
        with few.of(device) as memory:
            memory["seen"] = memory.get("seen", 0) + 1
    assert len(few) == 2
    assert (few.peek("a"), few.peek("b"), few.peek("c")) == ({"seen": 2}, {}, {"seen": 1})


# -- text formats and pushes ------------------------------------------------------------------
def test_senml_names_lose_the_device_in_front() -> None:
    pack = b'[{"bn":"urn:dev:mac:0024befffe804ff1:","n":"temp","u":"Cel","v":23.1}]'
    assert read("senml", pack, address="urn:dev:mac:0024befffe804ff1") == [Reading("temp", 23.1, "℃")]


def test_lpp_in_base64() -> None:
    payload = base64.b64encode(bytes.fromhex("03670110"))
    assert read("lpp", payload, encoding="base64") == [Reading("temperature_3", 27.2, "℃")]


def push(raw: bytes) -> bytes:
    document = {"messageType": "dataReport", "deviceId": "d1", "IMEI": "8625", "timestamp": MS}
    return json.dumps({**document, "payload": {"APPdata": base64.b64encode(raw).decode()}}).encode()


@pytest.mark.parametrize("address", ["d1", "8625"])
def test_a_push_with_the_device_s_own_bytes(address: str) -> None:
    assert read("nbiot:dlt645", push(ENERGY), address=address)[0].time is not None
    assert read("nbiot:lpp", push(bytes.fromhex("03670110")), address=address) == [
        Reading("temperature_3", 27.2, "℃", NOW)
    ]  # fmt: skip
    assert values(read("nbiot:json", push(b'{"a": 1}'), address=address)) == {"a": 1.0}
    refused = refusal("nbiot", push(ENERGY), address=address)
    assert refused.reason is Reason.FORMAT and "nbiot:" in refused.message.zh


def test_a_push_of_another_device_is_refused() -> None:
    assert refusal("nbiot:lpp", push(bytes.fromhex("03670110")), address="d2").reason is Reason.ADDRESS


def test_pushes_of_every_platform_are_told_apart() -> None:
    telecom = {"messageType": "dataReport", "deviceId": "d1", "timestamp": MS, "payload": {"level": 402}}
    point = {"type": 1, "dev_id": "d1", "ds_id": "level", "at": MS, "value": 402}
    huawei = {"resource": "device.property", "notify_data": {"header": {"device_id": "d1"}, "body": {
        "services": [{"service_id": "s", "properties": {"level": 402}}]}}}  # fmt: skip
    for document, name in ((telecom, "level"), ({"msg": point}, "level"), (huawei, "s.level")):
        assert values(read("nbiot", json.dumps(document).encode(), address="d1")) == {name: 402.0}
    assert refusal("nbiot", b'{"a": 1}').reason is Reason.FORMAT
    assert refusal("nbiot", b"[1]").reason is Reason.SYNTAX
    assert refusal("nbiot", json.dumps(telecom).encode(), platform="iotda").reason is Reason.FIELD


def test_a_signed_push_needs_the_right_token() -> None:
    message = json.dumps({"type": 1, "dev_id": "d1", "ds_id": "level", "at": MS, "value": 402})
    digest = onenet_digest("token", "n", message.encode())
    body = f'{{"msg": {message}, "nonce": "n", "msg_signature": "{digest}"}}'.encode()
    assert len(read("nbiot", body, token="token")) == 1
    assert refusal("nbiot", body, token="other").reason is Reason.SIGNATURE


def test_one_address_for_all_devices_of_a_platform() -> None:
    rows = [
        {"type": 1, "dev_id": dev, "ds_id": "level", "at": MS, "value": 1, "imei": dev * 2} for dev in "aba"
    ]
    assert devices_of(json.dumps({"msg": rows}).encode()) == (("a", "aa"), ("b", "bb"))
    with pytest.raises(FrameRefused):
        devices_of(json.dumps({"msg": rows}).encode(), token="token")


def test_a_push_of_many_devices_gives_those_of_this_one() -> None:
    rows = [
        {"type": 1, "dev_id": dev, "ds_id": "level", "at": MS, "value": n} for n, dev in enumerate("abca")
    ]
    body = json.dumps({"msg": rows}).encode()
    assert [r.value for r in read("nbiot", body, address="a")] == [0.0, 3.0]


@QUICK
@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=80))
def test_any_bytes_in_any_format_are_read_or_refused(format: str, payload: bytes) -> None:
    context = {"elements": ELEMENTS, "address": METER, "memory": {}, "device": "x", "thing": ""}
    refused: FrameRefused | None = None
    found: list[Reading] = []
    try:
        found = decode(format, payload, context=context, received_at=NOW)
    except FrameRefused as error:
        refused = error
    assert found if refused is None else refused.message.zh and refused.message.en
