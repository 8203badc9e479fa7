"""报文载荷: frames of field protocols inside a message (Modbus, meters, LPP, Sparkplug B).

What a device is registered with comes as ``context``; the keys read here are named by each function.
``encoding`` (``hex`` or ``base64``) is for gateways that send frames as text; else they are bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from quancheng.core.telemetry import cjt188, dlt645, lpp, modbus, sparkplug
from quancheng.core.telemetry.reading import Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

from .limits import Limits
from .sessions import sessions

__all__ = ["decode_cjt188", "decode_dlt645", "decode_lpp", "decode_modbus", "decode_sparkplug"]

_SESSION = "sparkplug"
REBIRTH_WANTED = "rebirth"


def unwrap(payload: bytes, context: Mapping[str, Any]) -> bytes:
    """The bytes of a frame that was sent as text."""
    encoding = context.get("encoding")
    if encoding is None:
        return payload
    try:
        if encoding == "hex":
            return bytes.fromhex(payload.decode("ascii"))
        if encoding == "base64":
            return base64.b64decode(payload, validate=True)
    except (ValueError, binascii.Error) as error:
        raise FrameRefused(Reason.SYNTAX, f"{encoding}: {payload[:20]!r}") from error
    raise FrameRefused(Reason.FORMAT, f"encoding {encoding!r:.20}")


# -- Modbus -----------------------------------------------------------------------------------
def decode_modbus(
    payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits
) -> list[Reading]:
    """Answers to reads, RTU (any number behind each other) or one of TCP.

    ``map``: rows of a register map or a :class:`modbus.RegisterMap`; without it the map is spelt out
    by ``elements``, the device's channels (``holding:100:float32:CDAB``). ``unit``: the slave whose
    answers are taken. ``requests``: what is polled, as (function, address, count), where it is not
    the fewest reads of the map. Exceptions of a device are left out beside answers that are good.
    """
    book = _book(context)
    adus = _adus(unwrap(payload, context))
    unit = context.get("unit")
    if unit is not None and any(adu.unit != unit for adu in adus):
        raise FrameRefused(Reason.ADDRESS, f"unit {sorted({adu.unit for adu in adus})}")
    answers, failures = [], []
    for adu in adus:
        answer = modbus.decode_answer(adu.pdu)
        if isinstance(answer, modbus.Failure):
            failures.append(answer)
        elif answer.function.reads:
            answers.append(answer)
    if failures and not answers:
        raise FrameRefused(Reason.DEVICE, failures[0].text)
    found: list[Reading] = []
    for answer, request in book.attribute(answers, _requests(context)):
        found += book.readings(answer, request.address)
    return found


def _adus(raw: bytes) -> list[modbus.Adu]:
    # a TCP header has two zero bytes where an RTU answer has its byte count, which is never zero
    if len(raw) > 7 and raw[2:4] == b"\0\0" and int.from_bytes(raw[4:6]) == len(raw) - 6:
        return [modbus.unwrap_tcp(raw)]
    return modbus.split_rtu(raw)


def _book(context: Mapping[str, Any]) -> modbus.RegisterMap:
    rows = context.get("map")
    if isinstance(rows, modbus.RegisterMap):
        return rows
    return modbus.RegisterMap.of(rows) if rows else _spelt(tuple(context.get("elements", ())))


@lru_cache(maxsize=4096)
def _spelt(elements: tuple[str, ...]) -> modbus.RegisterMap:
    return modbus.RegisterMap.parse(elements)


def _requests(context: Mapping[str, Any]) -> Sequence[modbus.Request] | None:
    rows = context.get("requests")
    if rows is None:
        return None
    try:
        return [modbus.Request.read(modbus.Function(f), address, count) for f, address, count in rows]
    except (TypeError, ValueError) as error:
        raise FrameRefused(Reason.MAP, f"requests: {rows!r:.60}") from error


# -- meters -----------------------------------------------------------------------------------
def decode_cjt188(
    payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits
) -> list[Reading]:
    """Answers of water, heat and gas meters, any number behind each other.

    ``address``: the meter's own, see :func:`_meters`; ``decimals`` and ``unit_first``: for makers
    that differ (:func:`cjt188.readings`).
    """
    decimals, unit_first = context.get("decimals"), bool(context.get("unit_first"))
    frames = [frame for frame in cjt188.split(unwrap(payload, context)) if frame.answer]
    asked = ((f.address, lambda f=f: cjt188.readings(f, decimals, unit_first=unit_first)) for f in frames)
    return _meters(asked, context)


def decode_dlt645(
    payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits
) -> list[Reading]:
    """Answers of electricity meters, any number behind each other, follow-up frames joined."""
    frames = [frame for frame in dlt645.split(unwrap(payload, context)) if frame.answer]
    asked = ((f.address, lambda f=f: dlt645.readings(f)) for f in dlt645.join(frames))
    return _meters(asked, context)


def _meters(
    asked: Iterable[tuple[str, Callable[[], tuple[Reading, ...]]]], context: Mapping[str, Any]
) -> list[Reading]:
    """Readings of one meter under their own names, of others behind a collector as ``<meter>/name``.

    The device's registered ``address`` says which meter is its own; a collector's address is none,
    then channels (``elements``) that begin with ``<meter>/`` say it. Two meters that would share
    names are refused. A meter's error answer counts only where nothing else could be read.
    """
    own, elements = str(context.get("address", "")).upper(), tuple(context.get("elements", ()))
    found: list[Reading] = []
    refused: FrameRefused | None = None
    plain: set[str] = set()
    for meter, read in asked:
        try:
            rows = read()
        except FrameRefused as error:
            if error.reason is not Reason.DEVICE:
                raise
            refused = refused or error
            continue
        if _named(meter, own, elements):
            rows = tuple(Reading(f"{meter}/{r.element}", r.value, r.unit, r.time, r.quality) for r in rows)
        else:
            plain.add(meter)
        found += rows
    if len(plain) > 1:
        raise FrameRefused(Reason.ADDRESS, ", ".join(sorted(plain)))
    if refused is not None and not found:
        raise refused
    return found


def _named(meter: str, own: str, elements: tuple[str, ...]) -> bool:
    if len(own) == len(meter) and not own.strip("0123456789ABCDEF"):
        return own != meter
    return any(element.startswith(f"{meter}/") for element in elements)


# -- LPP and Sparkplug ------------------------------------------------------------------------
def decode_lpp(payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits) -> list[Reading]:
    """A Cayenne LPP payload."""
    return list(lpp.readings(unwrap(payload, context)))


def decode_sparkplug(
    payload: bytes, context: Mapping[str, Any], received_at: int, limits: Limits
) -> list[Reading]:
    """A Sparkplug B payload.

    ``memory``: a mutable mapping the caller keeps for the edge node; the session is kept in it, and
    ``memory["rebirth"]`` is set while a rebirth should be asked for. Without it the memory of this
    process is used, by ``device`` (:data:`.sessions.sessions`); without that either only payloads
    that name and type every metric can be read. ``topic``: tells kind and device; without it the
    message is the node's own, its kind told by ``bdSeq`` and ``seq``.
    """
    message = sparkplug.decode(unwrap(payload, context), most=limits.readings)
    topic, device = context.get("topic"), context.get("device")
    place = sparkplug.parse_topic(topic) if topic else None
    memory: MutableMapping[str, Any] | None = context.get("memory")
    if memory is not None:
        return _receive(memory, message, place)
    if device:
        with sessions.of(f"{device}") as kept:
            return _receive(kept, message, place)
    return list(sparkplug.readings(message))


def _receive(
    memory: MutableMapping[str, Any], message: sparkplug.Payload, place: sparkplug.Topic | None
) -> list[Reading]:
    kind = place.kind if place else sparkplug.guess(message)
    before = memory.get(_SESSION, sparkplug.Node())
    memory[_SESSION], effect = sparkplug.receive(before, kind, message, place.device if place else "")
    memory[REBIRTH_WANTED] = effect.rebirth
    if effect.refused is not None:
        raise FrameRefused(effect.reason, effect.refused)
    return list(effect.readings)
