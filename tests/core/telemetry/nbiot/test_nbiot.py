"""NB-IoT pushes: messages as the platforms print and send them, signatures, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.nbiot import PLATFORMS, Event, Push, decode, onenet_digest, verify_onenet
from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from ..damage import QUICK, only_refuses

# pushes of the platform of China Telecom as they stand in tests and comments of public repositories
RAW = """{"upPacketSN":-1,"upDataSN":-1,"topic":"v1/up/ad","timestamp":1650554828842,"tenantId":"2000033629",
"serviceId":"","protocol":"lwm2m","productId":"15114816","payload":{"APPdata":
"AQFWMS4wAAAAACMAAAAH/wAlODYyNTkyMDUxNjUxNDcyAAEAMjUAODAAAAAAAAABAQAAAAEAAASD"},"messageType":"dataReport",
"deviceType":"","deviceId":"40edca19b0124480864366de4621de99","assocAssetId":"","IMSI":"undefined",
"IMEI":"862592051651472"}"""
LEVEL = """{"upPacketSN":-1,"upDataSN":-1,"topic":"v1/up/ad19","timestamp":1630403930495,"tenantId":"2000050324",
"serviceId":1,"protocol":"lwm2m","productId":"15081413","payload":{"liquid_level":402},"messageType":"dataReport",
"deviceType":"","deviceId":"5e5a54e224b9436f93900c27f0787f61","assocAssetId":"","IMSI":"undefined",
"IMEI":"861050042916166"}"""
SMOKE = """{"upPacketSN":-1,"upDataSN":-1,"topic":"v1/up/ad19prof","timestamp":1606982320277,"tenantId":"10461180",
"serviceId":"","protocol":"lwm2m","productId":"15014772","payload":{"serviceId":"notification","serviceData":
{"TData":30,"SNR":1,"Battery_Level":100,"Alarm_Status":2}},"messageType":"dataReport","deviceType":"",
"deviceId":"acf7baaee65e431eadfb8f5fe50e8b81","assocAssetId":"","IMSI":"undefined","IMEI":"860374051096202"}"""
ONLINE = """{"timestamp":1589444231825,"tenantId":"10461180","protocol":"lwm2m","productId":"10053421",
"messageType":"deviceOnlineOfflineReport","iccid":"undefined","eventType":1,
"deviceId":"44d0b9e48d404094bbbcf889e4e64ece"}"""
DELIVERED = """{"timestamp":1589444233258,"tenantId":"10461180","taskId":1,"result":{"resultDetail":"","resultCode":
"DELIVERED"},"protocol":"lwm2m","productId":"10053421","messageType":"commandResponse",
"deviceId":"44d0b9e48d404094bbbcf889e4e64ece"}"""
# OneNET Studio, 数据流转 消息格式 (the public documentation of the platform)
STUDIO: dict[str, Any] = {
    "projectId": "990909090", "productId": "00001", "deviceName": "iot-0001", "messageType": "notify",
    "notifyType": "property", "imei": "509830501643080",
    "data": {"id": "12345", "params": {
        "Power": {"value": "on", "time": 1524448722123}, "WF": {"value": 23.6, "time": 1524448722123},
        "3_0_20": {"time": 1612768757420, "value": 4, "bin_data": "A0AA0A0A0A0A0A0"}}},
}  # fmt: skip
LIFE = {"productId": "00001", "deviceName": "iot-0001", "messageType": "lifeCycle",
        "data": {"status": "online", "time": 1524448722123}}  # fmt: skip
# Huawei IoTDA API reference: Push a Device Property Reporting Notification, …Status Change Notification
PROPERTY: dict[str, Any] = {
    "resource": "device.property", "event": "report", "event_time": "20151212T121212Z",
    "event_time_ms": "2015-12-12T12:12:12.000Z", "request_id": "3fe58d5e-8697-4849-a165-7db128f7e776",
    "notify_data": {
        "header": {"device_id": "d4922d8a-6c8e-4396-852c-164aefa6638f", "product_id": "ABC123456789"},
        "body": {"services": [
            {"service_id": "Battery", "properties": {"batteryLevel": 80}, "event_time": "20151212T121213Z"},
            {"service_id": "Meter", "properties": {"flow": 1.5, "valve": None}}]}},
}  # fmt: skip
STATUS: dict[str, Any] = {
    "resource": "device.status", "event": "update", "event_time": "20151212T121212Z",
    "notify_data": {"header": {"device_id": "d4922d8a"}}, "body": {"status": "ONLINE"},
}  # fmt: skip
CHANGED = {
    "notifyType": "deviceDataChanged", "deviceId": "d1", "gatewayId": "d1", "requestId": "1",
    "service": {"serviceId": "Brightness", "serviceType": "Brightness", "data": {"brightness": 80},
                "eventTime": "20170311T163657Z"},
}  # fmt: skip
T2015 = 1_449_922_332_000_000
TOKEN = "quancheng-test"


def one(platform: str, document: object, **options: str) -> Push:
    body = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    (push,) = decode(platform, body.encode(), **options)
    return push


def test_telecom_hands_on_the_device_s_own_bytes() -> None:
    push = one("ctwing", RAW)
    assert (push.device, push.imei) == ("40edca19b0124480864366de4621de99", "862592051651472")
    assert (push.event, push.time, push.readings) == (Event.DATA, 1650554828842000, ())
    assert push.raw is not None and push.raw.startswith(b"\x01\x01V1.0") and b"862592051651472" in push.raw


def test_telecom_hands_on_values() -> None:
    assert one("ctwing", LEVEL).readings == (Reading("liquid_level", 402.0, "", 1630403930495000),)
    smoke = one("ctwing", SMOKE)
    assert smoke.readings[0] == Reading("notification.TData", 30.0, "", 1606982320277000)
    assert [r.element.split(".")[1] for r in smoke.readings] == [
        "TData",
        "SNR",
        "Battery_Level",
        "Alarm_Status",
    ]


def test_telecom_says_who_came_and_went() -> None:
    push = one("ctwing", ONLINE)
    assert (push.event, push.readings) == (Event.PRESENCE, (Reading("online", True, "", 1589444231825000),))
    assert one("ctwing", DELIVERED).event is Event.OTHER


def signed(message: str, token: str = TOKEN, name: str = "msg_signature") -> str:
    digest = base64.b64encode(hashlib.md5(f"{token}abcdefgh{message}".encode()).digest()).decode()
    return f'{{"msg": {message}, "nonce": "abcdefgh", "{name}": "{digest}"}}'


POINT = '{"imei": "865820031234567", "type":1,"dev_id":2016617,"ds_id":"3303_0_5700","at":1466133706841,"value":21.5}'


def test_mobile_signs_its_data_points() -> None:
    push = one("onenet", signed(POINT), token=TOKEN)
    assert push.readings == (Reading("3303_0_5700", 21.5, "", 1466133706841000),)
    assert (push.device, push.imei) == ("2016617", "865820031234567")


def test_mobile_sends_several_at_once() -> None:
    gone = '{"type":2,"dev_id":2016617,"status":0,"login_type":10,"at":1466133706842}'
    done = '{"type":7,"dev_id":2016617,"cmd_id":"x","cmd_type":2,"at":1466133706843}'
    pushes = decode("onenet", signed(f"[{POINT},{gone},{done}]").encode(), token=TOKEN)
    assert [push.event for push in pushes] == [Event.DATA, Event.PRESENCE, Event.OTHER]
    assert pushes[1].readings[0].value is False


def test_a_wrong_signature_is_refused() -> None:
    forged = signed(POINT).replace("21.5", "99.5")
    for body in (forged, signed(POINT, token="other"), f'{{"msg": {POINT}, "nonce": "abcdefgh"}}'):
        with pytest.raises(FrameRefused) as refused:
            one("onenet", body, token=TOKEN)
        assert refused.value.reason is Reason.SIGNATURE
    assert one("onenet", forged).readings[0].value == 99.5


def test_the_address_is_verified_the_same_way() -> None:
    digest = onenet_digest(TOKEN, "n+", b"hello")
    verify_onenet(TOKEN, "n+", b"hello", digest)
    verify_onenet(TOKEN, "n+", b"hello", digest.replace("+", " "))
    with pytest.raises(FrameRefused):
        verify_onenet(TOKEN, "n+", b"hello", "数字签名")


def test_studio_sends_its_message_as_text() -> None:
    text = json.dumps(STUDIO)
    digest = onenet_digest(TOKEN, "n", text.encode())
    push = one("onenet", {"msg": text, "nonce": "n", "signature": digest, "time": 1, "id": "x"}, token=TOKEN)
    assert push.readings == (
        Reading("Power", "on", "", 1524448722123000),
        Reading("WF", 23.6, "", 1524448722123000),
        Reading("3_0_20", 4.0, "", 1612768757420000),
    )
    assert (push.device, push.imei, push.time) == ("iot-0001", "509830501643080", 1612768757420000)
    assert one("onenet", {"msg": json.dumps(LIFE)}).readings == (
        Reading("online", True, "", 1524448722123000),
    )


def test_huawei_pushes_properties_of_services() -> None:
    push = one("iotda", PROPERTY)
    assert push.readings == (
        Reading("Battery.batteryLevel", 80.0, "", T2015 + 1_000_000),
        Reading("Meter.flow", 1.5, "", T2015),
        Reading("Meter.valve", None, "", T2015, Quality.MISSING),
    )
    assert push.device == "d4922d8a-6c8e-4396-852c-164aefa6638f"


def test_huawei_pushes_status_messages_and_the_older_form() -> None:
    assert one("iotda", STATUS).readings == (Reading("online", True, "", T2015),)
    message = {**PROPERTY, "resource": "device.message"}
    message["notify_data"] = {"header": {"device_id": "d1"}, "body": {"topic": "t", "content": '{"a":1}'}}
    assert one("iotda", message).raw == b'{"a":1}'
    message["notify_data"]["body"]["content"] = {"a": 1}
    assert one("iotda", message).readings == (Reading("a", 1.0, "", T2015),)
    assert one("iotda", CHANGED).readings[0] == Reading("Brightness.brightness", 80.0, "", 1489250217000000)


def test_events_and_what_is_neither_data_nor_presence() -> None:
    event = {"messageType": "eventReport", "deviceId": "d1", "timestamp": 1589444231825, "serviceId": 12,
             "eventType": 1, "eventContent": {"smoke": 1}}  # fmt: skip
    assert one("ctwing", event).readings == (Reading("smoke", 1.0, "", 1589444231825000),)
    for platform, document in (
        ("onenet", {"msg": {**LIFE, "data": {"status": "activate"}}}),
        ("onenet", {"msg": {"messageType": "reply", "deviceName": "d1"}}),
        ("iotda", {"resource": "device", "notify_data": {"body": {"device_id": "d1"}}}),
        ("iotda", {"notifyType": "deviceAdded", "deviceId": "d1"}),
    ):
        assert one(platform, document).event is Event.OTHER


def test_nested_values_are_named_by_their_path() -> None:
    document = json.loads(LEVEL)
    document["payload"] = {"gps": {"lon": 117.0, "lat": 36.65}, "levels": [1, 2]}
    names = [r.element for r in one("ctwing", document).readings]
    assert names == ["gps.lon", "gps.lat", "levels.0", "levels.1"]


def change(text: str, **fields: object) -> dict[str, object]:
    return {**json.loads(text), **fields}


@pytest.mark.parametrize(
    ("platform", "document", "reason"),
    [
        ("aliyun", "{}", Reason.FORMAT),
        ("ctwing", "[1]", Reason.FIELD),
        ("ctwing", "{", Reason.SYNTAX),
        ("ctwing", change(LEVEL, deviceId=""), Reason.FIELD),
        ("ctwing", change(LEVEL, deviceId=[1]), Reason.FIELD),
        ("ctwing", change(LEVEL, timestamp=1630403930), Reason.TIME),
        ("ctwing", change(LEVEL, payload="x"), Reason.FIELD),
        ("ctwing", change(LEVEL, payload={"APPdata": "***"}), Reason.SYNTAX),
        ("ctwing", change(LEVEL, payload={"APPdata": 5}), Reason.FIELD),
        ("ctwing", change(LEVEL, payload={"a": {"b": {"c": {"d": {"e": 1}}}}}), Reason.LIMIT),
        ("ctwing", change(ONLINE, eventType=2), Reason.FIELD),
        ("onenet", '{"msg": 5}', Reason.FIELD),
        ("onenet", '{"msg": []}', Reason.LIMIT),
        ("onenet", '{"msg": "{"}', Reason.SYNTAX),
        ("onenet", '{"msg": {"type":1,"dev_id":1}}', Reason.FIELD),
        ("onenet", '{"msg": {"type":3,"dev_id":1}}', Reason.FIELD),
        ("onenet", "{}", Reason.SYNTAX),
        ("iotda", {**PROPERTY, "event_time_ms": "yesterday"}, Reason.TIME),
        ("iotda", {**PROPERTY, "event_time_ms": "2015-12-12T12:12:12"}, Reason.TIME),
        ("iotda", {**PROPERTY, "notify_data": {"body": {}}}, Reason.FIELD),
        ("iotda", {**PROPERTY, "notify_data": {"header": {"device_id": "x"}, "body": {}}}, Reason.FIELD),
    ],
)
def test_what_cannot_be_read_is_refused(platform: str, document: object, reason: Reason) -> None:
    with pytest.raises(FrameRefused) as refused:
        one(platform, document)
    assert refused.value.reason is reason


junk = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = [
    ("ctwing", RAW), ("ctwing", LEVEL), ("ctwing", SMOKE), ("ctwing", ONLINE),
    ("onenet", f'{{"msg": {POINT}}}'), ("onenet", json.dumps({"msg": json.dumps(STUDIO)})),
    ("iotda", json.dumps(PROPERTY)), ("iotda", json.dumps(STATUS)), ("iotda", json.dumps(CHANGED)),
]  # fmt: skip


@QUICK
@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_message_with_any_field_replaced_is_only_refused(
    case: tuple[str, str], data: st.DataObject
) -> None:
    platform, text = case
    document = json.loads(text)
    place = document
    while True:
        key = data.draw(st.sampled_from(sorted(place, key=str)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(junk)
            break
        place = place[key]
    only_refuses(lambda body: decode(platform, body, token=TOKEN), json.dumps(document).encode())
    only_refuses(lambda body: decode(platform, body), json.dumps(document).encode())


@QUICK
@given(st.sampled_from(sorted(PLATFORMS)), st.binary(max_size=60))
def test_noise_is_only_refused(platform: str, noise: bytes) -> None:
    only_refuses(lambda body: decode(platform, body), noise)
