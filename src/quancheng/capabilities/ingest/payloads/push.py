"""平台推送载荷: NB-IoT pushes, whose inner bytes another decoder of the table reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from quancheng.core.telemetry import nbiot
from quancheng.core.telemetry.reading import Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.core.text import Text

from .limits import Limits

__all__ = ["decode_push", "devices_of", "platform_of"]

Decoder = Callable[[bytes, Mapping[str, Any], int, Limits], list[Reading]]


class _Marks(msgspec.Struct):
    """The keys by which the platforms' messages differ."""

    messageType: str | None = None
    msg: msgspec.Raw = msgspec.Raw()
    resource: str | None = None
    notifyType: str | None = None


_marks = msgspec.json.Decoder(_Marks)


def platform_of(body: bytes) -> str:
    """Which platform a push is of: their outermost keys have none in common."""
    try:
        found = _marks.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameRefused(Reason.SYNTAX, str(error)) from error
    if found.messageType is not None:
        return "ctwing"
    if bytes(found.msg):
        return "onenet"
    if found.resource is not None or found.notifyType is not None:
        return "iotda"
    raise FrameRefused(Reason.FORMAT, "messageType, msg, resource")


def devices_of(body: bytes, *, platform: str = "", token: str = "") -> tuple[tuple[str, str], ...]:
    """The devices a push speaks of, each once: the platform's id and the IMEI ("" where unknown).

    For the one address a platform pushes everything to: resolve each, then :func:`payloads.decode`
    with the ``address`` of each. Raises :class:`FrameRefused`, also for a wrong signature.
    """
    pushes = nbiot.decode(platform or platform_of(body), body, token=token)
    return tuple(dict.fromkeys((push.device, push.imei) for push in pushes))


def decode_push(
    payload: bytes,
    context: Mapping[str, Any],
    received_at: int,
    limits: Limits,
    inner: Decoder | None,
) -> list[Reading]:
    """The readings a push holds of the device.

    ``platform``: ``ctwing``, ``onenet`` or ``iotda``, else told from the message. ``token``: OneNET's,
    whose signature is then demanded. ``address``: the platform's id of the device or its IMEI; a push
    of other devices only is refused. ``inner`` reads the device's own bytes; readings without a time
    get the platform's.
    """
    platform = context.get("platform") or platform_of(payload)
    pushes = nbiot.decode(platform, payload, token=str(context.get("token", "")))
    address = str(context.get("address", ""))
    mine = [push for push in pushes if address in ("", push.device, push.imei)]
    if not mine:
        raise FrameRefused(Reason.ADDRESS, ", ".join(sorted({push.device for push in pushes}))[:80])
    found: list[Reading] = []
    for push in mine:
        found += push.readings if push.raw is None else _inner(push, context, received_at, limits, inner)
    return found


def _inner(
    push: nbiot.Push,
    context: Mapping[str, Any],
    received_at: int,
    limits: Limits,
    inner: Decoder | None,
) -> list[Reading]:
    if inner is None:
        raise FrameRefused(
            Reason.FORMAT,
            Text("须用 nbiot:<设备自身报文的格式>", "nbiot:<format of the device's own bytes> is wanted"),
        )
    rows = inner(push.raw or b"", context, received_at, limits)
    return [
        row if row.time is not None else Reading(row.element, row.value, row.unit, push.time, row.quality)
        for row in rows
    ]
