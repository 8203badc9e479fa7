"""各平台的推送格式: one function per platform, all ending in :class:`Push`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from quancheng.core.text import Text

from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason
from .signature import verify_onenet
from .values import compact_time, field, leaves, milliseconds, text, unpack64

__all__ = ["PLATFORMS", "Event", "Push", "decode"]

_MISSING = int(Quality.MISSING)
_MOST = 1_000
_anything = msgspec.json.Decoder()


class Event(StrEnum):
    """推送内容: data of a device, that it came or went, or something else (answers to commands …)."""

    DATA = "data"
    PRESENCE = "presence"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Push:
    """一次推送: of which device, when (µs since 1970 UTC), and readings or the device's own bytes."""

    device: str
    event: Event
    time: int | None = None
    imei: str = ""
    readings: tuple[Reading, ...] = ()
    raw: bytes | None = None


class _Signed(msgspec.Struct):
    """OneNET's envelope; ``msg`` stays as it was sent, for the signature is over its bytes."""

    msg: msgspec.Raw
    nonce: str = ""
    msg_signature: str | None = None
    signature: str | None = None


_signed = msgspec.json.Decoder(_Signed)


def decode(platform: str, body: bytes, *, token: str = "") -> tuple[Push, ...]:
    """Read one push. With ``token`` a OneNET push must carry the right signature.

    Raises :class:`FrameRefused`, also for a platform that :data:`PLATFORMS` does not know.
    """
    reader = PLATFORMS.get(platform)
    if reader is None:
        raise FrameRefused(Reason.FORMAT, platform[:40])
    return reader(body, token)


def _load(body: bytes) -> Any:
    try:
        return _anything.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameRefused(Reason.SYNTAX, str(error)) from error


def _values(value: Any, name: str, time: int | None) -> tuple[Reading, ...]:
    return tuple(Reading(key, v, "", time, _MISSING if v is None else 0) for key, v in leaves(value, name))


def _presence(device: str, imei: str, online: bool, time: int | None) -> Push:
    return Push(device, Event.PRESENCE, time, imei, (Reading("online", online, "", time),))


# -- China Telecom ----------------------------------------------------------------------------
def _ctwing(body: bytes, token: str) -> tuple[Push, ...]:
    """天翼物联 AEP 消息推送: ``messageType`` tells; ``payload.APPdata`` is the device's bytes."""
    document = field(_load(body))
    device, imei = text(document, "deviceId"), text(document, "IMEI")
    time = milliseconds(document.get("timestamp"), "timestamp")
    kind = text(document, "messageType")
    if not device:
        raise FrameRefused(Reason.FIELD, "deviceId")
    if kind == "dataReport":
        return (_ctwing_data(document, device, imei, time),)
    if kind == "eventReport":
        content = field(document, "eventContent")
        return (Push(device, Event.DATA, time, imei, _values(content, _service(document), time)),)
    if kind == "deviceOnlineOfflineReport":
        state = document.get("eventType")
        if state not in (0, 1):
            raise FrameRefused(Reason.FIELD, f"eventType: {state!r:.40}")
        return (_presence(device, imei, bool(state), time),)
    return (Push(device, Event.OTHER, time, imei),)


def _service(document: dict[str, Any]) -> str:
    """The service that names the values, where it is a word; numbers only tell its model."""
    found = text(document, "serviceId")
    return "" if found.isdigit() else found


def _ctwing_data(document: dict[str, Any], device: str, imei: str, time: int | None) -> Push:
    payload = field(document, "payload")
    if "APPdata" in payload:
        raw = unpack64(payload["APPdata"], "payload.APPdata")
        return Push(device, Event.DATA, time, imei, raw=raw)
    if "serviceData" in payload:
        values = _values(field(payload, "serviceData"), _service(payload), time)
        return Push(device, Event.DATA, time, imei, values)
    return Push(device, Event.DATA, time, imei, _values(payload, _service(document), time))


# -- China Mobile -----------------------------------------------------------------------------
def _onenet(body: bytes, token: str) -> tuple[Push, ...]:
    """OneNET HTTP 推送: ``msg`` is an object or list (multi-protocol) or a text of JSON (Studio)."""
    try:
        envelope = _signed.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameRefused(Reason.SYNTAX, str(error)) from error
    message = _load(bytes(envelope.msg))
    signed = bytes(envelope.msg)
    if isinstance(message, str):
        signed = message.encode("utf-8", "surrogatepass")
        message = _load(signed)
    if token:
        given = envelope.msg_signature or envelope.signature or ""
        verify_onenet(token, envelope.nonce, signed, given)
    rows = message if isinstance(message, list) else [message]
    if not rows or len(rows) > _MOST:
        raise FrameRefused(Reason.LIMIT, Text(f"{len(rows)} 条消息", f"{len(rows)} messages"))
    return tuple(_onenet_one(field(row)) for row in rows)


def _onenet_one(row: dict[str, Any]) -> Push:
    return _studio(row) if "messageType" in row else _onenet_point(row)


def _onenet_point(row: dict[str, Any]) -> Push:
    """多协议接入: type 1 a data point, 2 came or went, 7 the answer to a command."""
    device, imei = text(row, "dev_id"), text(row, "imei")
    time = milliseconds(row.get("at"), "at")
    kind = row.get("type")
    if not device or kind not in (1, 2, 7):
        raise FrameRefused(Reason.FIELD, f"dev_id {device}, type {kind!r:.20}")
    if kind == 1:
        stream = text(row, "ds_id")
        if not stream or "value" not in row:
            raise FrameRefused(Reason.FIELD, "ds_id, value")
        return Push(device, Event.DATA, time, imei, _values(row["value"], stream, time))
    if kind == 2:
        if row.get("status") not in (0, 1):
            raise FrameRefused(Reason.FIELD, f"status: {row.get('status')!r:.20}")
        return _presence(device, imei, bool(row["status"]), time)
    return Push(device, Event.OTHER, time, imei)


def _studio(row: dict[str, Any]) -> Push:
    """OneNET Studio 数据流转: ``notify`` with properties or events, ``lifeCycle`` with a status."""
    device, imei = text(row, "deviceName"), text(row, "imei")
    if not device:
        raise FrameRefused(Reason.FIELD, "deviceName")
    kind = text(row, "messageType")
    if kind == "lifeCycle":
        data = field(row, "data")
        status = text(data, "status")
        time = milliseconds(data.get("time"), "data.time")
        if status in ("online", "offline"):
            return _presence(device, imei, status == "online", time)
        return Push(device, Event.OTHER, time, imei)
    if kind != "notify":
        return Push(device, Event.OTHER, None, imei)
    found: list[Reading] = []
    for name, point in field(row, "data", "params").items():
        entry = field(point)
        time = milliseconds(entry.get("time"), f"{name[:40]}.time")
        if "value" not in entry:
            raise FrameRefused(Reason.FIELD, f"{name[:40]}.value")
        found += _values(entry["value"], name, time)
    times = [reading.time for reading in found if reading.time is not None]
    return Push(device, Event.DATA, max(times, default=None), imei, tuple(found))


# -- Huawei -----------------------------------------------------------------------------------
def _iotda(body: bytes, token: str) -> tuple[Push, ...]:
    """华为云 IoTDA 数据转发: ``resource`` tells; and ``deviceDataChanged`` of the older platform."""
    document = field(_load(body))
    if "notifyType" in document:
        return (_iotda_old(document),)
    resource = text(document, "resource")
    notified = field(document, "notify_data")
    device = text(field(notified, "header"), "device_id") if "header" in notified else ""
    # the manual prints the body beside notify_data for changes of status
    inner = field(notified, "body") if "body" in notified else field(document, "body")
    device = device or text(inner, "device_id")
    stamp = document.get("event_time_ms") or document.get("event_time")
    time = compact_time(stamp, "event_time")
    if not device:
        raise FrameRefused(Reason.FIELD, "device_id")
    if resource == "device.property":
        return (Push(device, Event.DATA, time, "", _properties(inner, time)),)
    if resource == "device.message":
        return (_message(device, time, inner),)
    if resource == "device.status":
        # ONLINE, OFFLINE, ABNORMAL, INACTIVE, FROZEN
        return (_presence(device, "", text(inner, "status") == "ONLINE", time),)
    return (Push(device, Event.OTHER, time),)


def _properties(body: dict[str, Any], time: int | None) -> tuple[Reading, ...]:
    services = body.get("services")
    if not isinstance(services, list):
        raise FrameRefused(Reason.FIELD, "services")
    found: list[Reading] = []
    for number, service in enumerate(services):
        where = f"services[{number}]"
        entry = field(service)
        at = compact_time(entry.get("event_time"), f"{where}.event_time") or time
        found += _values(field(entry, "properties"), text(entry, "service_id"), at)
    return tuple(found)


def _message(device: str, time: int | None, body: dict[str, Any]) -> Push:
    content = body.get("content")
    if isinstance(content, str):
        return Push(device, Event.DATA, time, raw=content.encode("utf-8", "surrogatepass"))
    return Push(device, Event.DATA, time, "", _values(field(content), "", time))


def _iotda_old(document: dict[str, Any]) -> Push:
    device = text(document, "deviceId")
    if not device:
        raise FrameRefused(Reason.FIELD, "deviceId")
    if text(document, "notifyType") != "deviceDataChanged":
        return Push(device, Event.OTHER)
    service = field(document, "service")
    time = compact_time(service.get("eventTime"), "service.eventTime")
    values = _values(field(service, "data"), text(service, "serviceId"), time)
    return Push(device, Event.DATA, time, "", values)


PLATFORMS: MappingProxyType[str, Callable[[bytes, str], tuple[Push, ...]]] = MappingProxyType(
    {"ctwing": _ctwing, "onenet": _onenet, "iotda": _iotda}
)
"""平台: name and reader."""
