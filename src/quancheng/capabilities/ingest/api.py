"""HTTP interface of ingest, below ``/api/v1/ingest/``."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.ingest import actions, bulk, credentials, pushes, queries, registry
from quancheng.capabilities.ingest.limits import limits
from quancheng.capabilities.ingest.models import Command, DeadLetter, Device, Protocol
from quancheng.capabilities.ingest.payloads import FrameRefused, Reason
from quancheng.capabilities.ingest.rates import Buckets
from quancheng.capabilities.ingest.values import ChannelSpec, DeviceRef
from quancheng.capabilities.ingest.wording import reason_text
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn, TooLarge, TooMany
from quancheng.kernel.middleware import KEY_HEADER, call_of

router = Router()
_HTTP = {Protocol.HTTP.value, Protocol.MQTT.value, Protocol.NBIOT.value}
_FORMATS = {"application/json": "json", "application/x-ndjson": "ndjson", "application/ndjson": "ndjson",
            "application/senml+json": "senml"}  # fmt: skip
_failures = Buckets(100_000)
_rates = Buckets()
_limits = limits()


class IngestChannel(Schema):
    """A channel of a device."""

    element: str
    stream: int
    scale: float = 1.0
    offset: float = 0.0


class IngestDevice(Schema):
    """A device to register."""

    code: str
    protocol: str = "mqtt"
    address: str = ""
    payload: str = "json"
    thing: str = ""
    rate: float = 0.0
    channels: list[IngestChannel] = []


class IngestCommand(Schema):
    """A command to a device."""

    body: str
    minutes: int | None = None


class IngestFilter(Schema):
    """Filters of lists."""

    text: str = ""
    protocol: str = ""
    status: str = ""
    reason: str = ""
    state: str = ""
    code: str = ""
    cursor: str = ""
    size: str = ""


# -- readings ---------------------------------------------------------------------------------
@router.post("/devices/{code}/readings", summary="批量上报 Readings in bulk", auth=None)
def readings(request: HttpRequest, code: str) -> dict[str, Any]:
    """Readings of a device: a JSON array, NDJSON, or the device's own format; answered when they are on disk.

    Basic authentication with the device's code and secret, or ``Bearer <secret>``. The same reading sent again
    counts as ``duplicate``; with an ``Idempotency-Key`` the same request gets the first answer again.
    """
    device = _device_of(request, code)
    body = request.body
    if len(body) > _limits.http_bytes:
        raise TooLarge()
    kind = (request.content_type or "").lower()
    format = _FORMATS.get(kind, device.payload)
    key = request.headers.get(KEY_HEADER)
    if key:
        actor = Actor(ActorKind.DEVICE, device.code, simulated=device.simulated)
        call = Call(actor, key=call_of(request).key)
        return actions.receive_readings(call, device=device.code, format=format, body=body)
    outcome = bulk.take(device, format, body)
    _count(device, max(1, outcome.taken + sum(outcome.refused.values())))
    return bulk.answer(outcome)


def _device_of(request: HttpRequest, code: str) -> DeviceRef:
    """The device that proved itself. Raises NotSignedIn, Forbidden, TooMany."""
    peer, now = request.META.get("REMOTE_ADDR", ""), time.monotonic()
    most = _limits.failures_per_minute
    if _failures.take(peer, 0, most / 60, most, now):
        raise TooMany()
    name, secret = _credentials(request.headers.get("Authorization", ""))
    registry.devices.poll_when_due()
    device = registry.by_code(code)
    if device is None or name not in ("", code) or not credentials.matches(secret, device.secret_hash):
        _failures.take(peer, 1, most / 60, most, now)
        raise NotSignedIn(
            Text("设备编码或凭据不正确。", "The device's code or secret is wrong."),
            todo=Text("请核对设备凭据。", "Check the device's credentials."),
        )
    if device.protocol not in _HTTP:
        raise Forbidden(Text("该设备不以HTTP接入。", "This device does not send over HTTP."))
    if _rates.take(device.id, 0, *_rate(device), now):
        raise TooMany()
    return device


def _rate(device: DeviceRef) -> tuple[float, float]:
    rate = device.rate or _limits.rate
    return rate, rate * _limits.burst_seconds


def _count(device: DeviceRef, readings: int) -> None:
    _rates.take(device.id, readings, *_rate(device), time.monotonic())


def _credentials(header: str) -> tuple[str, str]:
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return "", value.strip()
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


# -- pushes of carriers' platforms ------------------------------------------------------------
@router.get("/push/{word}", summary="推送地址验证 Verify the push address", auth=None)
def verify_push(
    request: HttpRequest, word: str, msg: str = "", nonce: str = "", signature: str = ""
) -> HttpResponse:
    """OneNET asks once whether the address is ours; the answer is its message when the signature is right."""
    now = _open_push(request, word)
    try:
        said = pushes.verified(_limits.push_token, nonce, msg, signature)
    except FrameRefused:
        raise _not_proved(request, now) from None
    return HttpResponse(said, content_type="text/plain; charset=utf-8")


@router.post("/push/{word}", summary="平台推送 Push of a platform", auth=None)
def push(request: HttpRequest, word: str) -> dict[str, Any]:
    """What CTWing, OneNET or IoTDA push of NB-IoT devices; answered when it is on disk.

    ``word`` is the secret part of the address; OneNET's pushes must be signed besides. Devices that are not
    registered and readings that cannot be taken become dead letters, so that the platform need not send again.
    """
    now = _open_push(request, word)
    if len(request.body) > _limits.http_bytes:
        raise TooLarge()
    registry.devices.poll_when_due()
    try:
        found = pushes.who(request.body, _limits.push_token)
    except FrameRefused as refused:
        if refused.reason is Reason.SIGNATURE:
            raise _not_proved(request, now) from None
        raise InvalidInput(refused.message, extra={"reason": str(refused.reason)}) from None
    known = [device for device, _ in found if device is not None]
    if any(_rates.take(device.id, 0, *_rate(device), now) for device in known):
        raise TooMany()
    outcome = pushes.take(request.body, found)
    for device in known:
        _count(device, 1)
    return asdict(outcome)


def _open_push(request: HttpRequest, word: str) -> float:
    """The moment, when the secret part of the address is right. Raises NotSignedIn, TooMany."""
    peer, now, most = request.META.get("REMOTE_ADDR", ""), time.monotonic(), _limits.failures_per_minute
    if _failures.take(peer, 0, most / 60, most, now):
        raise TooMany()
    if not pushes.opens(word, _limits.push_word):
        raise _not_proved(request, now)
    return now


def _not_proved(request: HttpRequest, now: float) -> NotSignedIn:
    most = _limits.failures_per_minute
    _failures.take(request.META.get("REMOTE_ADDR", ""), 1, most / 60, most, now)
    return NotSignedIn(
        Text("推送地址或签名不正确。", "The address of the push or its signature is wrong."),
        todo=Text("请核对平台上配置的推送地址和令牌。", "Check the address and token set on the platform."),
    )


# -- devices ----------------------------------------------------------------------------------
@router.get("/devices", summary="接入设备 Devices", auth=django_auth)
def devices(request: HttpRequest, filters: Query[IngestFilter]) -> dict[str, Any]:
    """Devices the asker may see, by code."""
    found = queries.devices(
        call_of(request).actor,
        text=_plain(filters.text),
        protocol=_plain(filters.protocol),
        status=_plain(filters.status),
    )
    page = pagination.page(found, ("code",), filters.dict())
    return {"items": [device_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/devices", summary="登记 Register", auth=django_auth, response={201: dict[str, Any]})
def register(request: HttpRequest, body: IngestDevice) -> tuple[int, dict[str, Any]]:
    """Register a device; its secret is in the answer, and nowhere else afterwards."""
    facts = body.dict()
    facts["channels"] = [ChannelSpec(**one) for one in facts["channels"]]
    made = actions.register_device(call_of(request), **facts)
    return 201, {"code": made.code, "secret": made.secret}


@router.get("/devices/{code}", summary="一台设备 Device", auth=django_auth)
def device(request: HttpRequest, code: str) -> dict[str, Any]:
    """A device with its channels."""
    found = queries.device(call_of(request).actor, _plain(code))
    rows = found.channels.order_by("element").values("element", "stream", "scale", "offset")
    return device_row(found) | {"channels": list(rows)}


@router.post("/devices/{code}/rotate", summary="更换凭据 Rotate the secret", auth=django_auth)
def rotate(request: HttpRequest, code: str) -> dict[str, Any]:
    """A new secret; the old one is refused from now on."""
    made = actions.rotate_secret(call_of(request), code=_plain(code))
    return {"code": made.code, "secret": made.secret}


@router.post("/devices/{code}/suspend", summary="停用 Suspend", auth=django_auth)
def suspend(request: HttpRequest, code: str) -> dict[str, Any]:
    """Hang up and refuse until resumed."""
    return device_row(actions.suspend_device(call_of(request), code=_plain(code)))


@router.post("/devices/{code}/resume", summary="恢复 Resume", auth=django_auth)
def resume(request: HttpRequest, code: str) -> dict[str, Any]:
    """Let it connect again."""
    return device_row(actions.resume_device(call_of(request), code=_plain(code)))


@router.post(
    "/devices/{code}/commands",
    summary="下发指令 Send a command",
    auth=django_auth,
    response={201: dict[str, Any]},
)
def send(request: HttpRequest, code: str, body: IngestCommand) -> tuple[int, dict[str, Any]]:
    """Queue a command; it is delivered with QoS 1 when the device listens."""
    made = actions.send_command(call_of(request), device=_plain(code), body=body.body, minutes=body.minutes)
    return 201, command_row(made)


@router.get("/devices/{code}/commands", summary="指令 Commands", auth=django_auth)
def commands(request: HttpRequest, code: str, cursor: str = "", size: str = "") -> dict[str, Any]:
    """Commands to a device with their states, newest first."""
    actor = call_of(request).actor
    found = queries.commands(actor, queries.device(actor, _plain(code)))
    page = pagination.page(found, ("-id",), {"cursor": cursor, "size": size})
    return {"items": [command_row(one) for one in page], "next": page.next, "previous": page.previous}


# -- dead letters, state ----------------------------------------------------------------------
@router.get("/dead-letters", summary="死信 Dead letters", auth=django_auth)
def dead_letters(request: HttpRequest, filters: Query[IngestFilter]) -> dict[str, Any]:
    """What could not be taken, newest first."""
    actor = call_of(request).actor
    access.require(actor, "view", DeadLetter)
    found = queries.dead_letters(
        actor, text=_plain(filters.text), reason=_plain(filters.reason), state=_plain(filters.state),
        code=_plain(filters.code),
    )  # fmt: skip
    page = pagination.page(found, ("-at", "-id"), filters.dict())
    return {"items": [letter_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/dead-letters/{pk}/retry", summary="重试 Retry", auth=django_auth)
def retry(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Read it again, now that the register may be right."""
    return letter_row(actions.retry_letter(call_of(request), letter=_number(pk)))


@router.post("/dead-letters/{pk}/dismiss", summary="忽略 Dismiss", auth=django_auth)
def dismiss(request: HttpRequest, pk: int) -> dict[str, Any]:
    """It will not be taken."""
    return letter_row(actions.dismiss_letter(call_of(request), letter=_number(pk)))


@router.get("/status", summary="网关状态 Gateways", auth=django_auth)
def status(request: HttpRequest) -> dict[str, Any]:
    """Figures of the gateways that run now."""
    access.require(call_of(request).actor, "view", Device)
    return {"gateways": queries.gateways()}


# -- rows -------------------------------------------------------------------------------------
def device_row(found: Device) -> dict[str, Any]:
    """A device as the API says it; never its secret."""
    return {
        "code": found.code, "protocol": found.protocol, "address": found.address, "payload": found.payload,
        "thing": found.thing, "status": found.status, "rate": found.rate, "connected": found.connected,
        "seen_at": found.seen_at, "created_at": found.created_at, "simulated": found.simulated,
    }  # fmt: skip


def command_row(found: Command) -> dict[str, Any]:
    """A command."""
    return {
        "id": found.pk, "state": found.state, "queued_at": found.queued_at, "sent_at": found.sent_at,
        "done_at": found.done_at, "expires_at": found.expires_at, "bytes": len(bytes(found.body)),
    }  # fmt: skip


def letter_row(found: DeadLetter) -> dict[str, Any]:
    """A dead letter."""
    return {
        "id": found.pk, "code": found.code, "source": found.source, "reason": found.reason,
        "text": reason_text(found.reason).to_dict(), "detail": found.detail, "raw_hex": bytes(found.raw).hex(),
        "size": found.size, "at": found.at, "state": found.state,
    }  # fmt: skip


def _plain(text: str) -> str:
    if "\x00" in text or len(text) > 100:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


def _number(pk: int) -> int:
    if not 0 < pk < 1 << 62:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return pk
