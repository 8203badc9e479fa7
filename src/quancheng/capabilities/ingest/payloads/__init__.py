"""载荷译码: which decoder reads what a device of a format sends, as one table.

==============  ===================================================================================
``json``        the platform's own format, see :mod:`.plain`
``ndjson``      the same, one object a line
``senml``       SenML in JSON (RFC 8428); names lose the device's address in front
``lpp``         Cayenne LPP
``sparkplug``   Sparkplug B 3.0, with the edge node's session in ``context["memory"]``
``modbus``      answers to Modbus reads (RTU or TCP) by a register map
``cjt188``      frames of water, heat and gas meters (CJ/T 188)
``dlt645``      frames of electricity meters (DL/T 645)
``nbiot``       pushes of the carriers' platforms; ``nbiot:<format>`` where the device's own bytes
                inside have one of the formats above
==============  ===================================================================================

Whatever cannot be read raises :class:`FrameRefused` with a reason, the place and what to do, in
Chinese and English (``refused.message``), and no reading of the message is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from quancheng.core.telemetry import senml
from quancheng.core.telemetry.reading import Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.core.text import Text

from .frames import decode_cjt188, decode_dlt645, decode_lpp, decode_modbus, decode_sparkplug
from .limits import DEFAULT, Limits
from .plain import decode_json, decode_ndjson
from .push import decode_push

__all__ = ["FORMATS", "FrameRefused", "Limits", "Reason", "decode"]

Decoder = Callable[[bytes, Mapping[str, Any], int, Limits], list[Reading]]


def _json(payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits) -> list[Reading]:
    return decode_json(payload, limits=limits)


def _ndjson(payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits) -> list[Reading]:
    return decode_ndjson(payload, limits=limits)


def _senml(payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits) -> list[Reading]:
    return list(senml.readings(payload, received_at, strip=str(context.get("address", ""))))


def _pushed(inner: Decoder | None) -> Decoder:
    def read(payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits) -> list[Reading]:
        return decode_push(payload, context, received_at, limits, inner)

    return read


_INNER: dict[str, Decoder] = {
    "json": _json,
    "senml": _senml,
    "lpp": decode_lpp,
    "modbus": decode_modbus,
    "cjt188": decode_cjt188,
    "dlt645": decode_dlt645,
}
FORMATS: MappingProxyType[str, Decoder] = MappingProxyType(
    _INNER
    | {"ndjson": _ndjson, "sparkplug": decode_sparkplug, "nbiot": _pushed(None)}
    | {f"nbiot:{name}": _pushed(inner) for name, inner in _INNER.items()}
)
"""Format and decoder; a device's ``payload`` is one of these keys."""

_CHECKED = frozenset({"json", "ndjson"})


def decode(
    format: str,
    payload: bytes,
    *,
    context: Mapping[str, Any],
    received_at: int,
    limits: Limits = DEFAULT,
) -> list[Reading]:
    """Read a message; never an empty list.

    ``format`` is a key of :data:`FORMATS`; ``context`` what the device is registered with (each
    decoder names the keys it reads); ``received_at`` µs since 1970-01-01 UTC. Raises
    :class:`FrameRefused`.
    """
    decoder = FORMATS.get(format)
    if decoder is None:
        raise FrameRefused(Reason.FORMAT, format[:40])
    if len(payload) > limits.size:
        raise FrameRefused(
            Reason.LIMIT,
            Text(f"{len(payload)} 字节，上限 {limits.size}", f"{len(payload)} > {limits.size} bytes"),
        )
    found = decoder(payload, context, received_at, limits)
    if format not in _CHECKED:
        _check(found, limits)
    return found


def _check(found: list[Reading], limits: Limits) -> None:
    """What the JSON decoder checks as it reads, for all the others."""
    if not found:
        raise FrameRefused(Reason.NOTHING)
    if len(found) > limits.readings:
        raise FrameRefused(
            Reason.LIMIT,
            Text(
                f"{len(found)} 个读数，上限 {limits.readings}", f"{len(found)} > {limits.readings} readings"
            ),
        )
    for row in found:
        if not 0 < len(row.element) <= limits.name:
            raise FrameRefused(Reason.FIELD, f"{row.element[: limits.name]!r}")
        if type(row.value) is str and len(row.value) > limits.text:
            raise FrameRefused(Reason.LIMIT, f"{row.element}: {len(row.value)} > {limits.text}")
