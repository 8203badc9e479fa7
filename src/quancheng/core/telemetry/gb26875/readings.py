"""GB/T 26875.3 信息对象 → 读数.

Element names: whose it is, then what. ``s1.1`` is system address 1 of system type 1 (火灾报警系统),
``c1.1.42.0002000A`` a component of it (type 42 and its four address bytes as one number in
hexadecimal), ``device`` the transmission device. What: ``state`` (the whole word), each defined bit by
its name (``fire``, ``fault`` …) as 0 or 1, ``operation`` bits, or the name of an analogue
quantity: ``c1.1.42.0002000A.fire``, ``s1.1.state``, ``c11.1.91.00000001.pressure-kPa``.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason
from .frame import Body, Frame
from .objects import bodies
from .tables import (
    ANALOGUES,
    COMPONENT_BITS,
    DEVICE_BITS,
    OPERATION_BITS,
    SYSTEM_BITS,
    Bit,
    Command,
    TypeFlag,
)

__all__ = ["owner", "readings"]

_STATES: dict[int, tuple[Bit, ...]] = {
    TypeFlag.SYSTEM_STATE: SYSTEM_BITS,
    TypeFlag.COMPONENT_STATE: COMPONENT_BITS,
    TypeFlag.DEVICE_STATE: DEVICE_BITS,
}
_OPERATIONS = frozenset({TypeFlag.SYSTEM_OPERATION, TypeFlag.DEVICE_OPERATION})
_SENT = frozenset({Command.DATA, Command.RESPONSE})


def owner(body: Body) -> str:
    """The part of an element's name that says whose it is."""
    if body.system is None:
        return "device"
    if body.component is None:
        return f"s{body.system}.{body.system_address}"
    return f"c{body.system}.{body.system_address}.{body.component}.{body.component_address:08X}"


def readings(frame: Frame) -> list[Reading]:
    """Readings of what a device sent or answered; versions, texts and times give none.

    The lowest bit of a state word should be 0 in tests only (测试状态), but devices in the field leave it
    at 0 with a real fire. A fire must not be lost for that: the bit is a reading of its own (``running``)
    and marks nothing. Raises FrameRefused as :func:`.objects.bodies`, and ITEM for an unknown analogue quantity.
    """
    if frame.command not in _SENT:
        return []
    return [reading for body in bodies(frame) for reading in _readings(body, frame.sent_at)]


def _readings(body: Body, sent_at: int | None) -> Iterator[Reading]:
    at = body.at if body.at is not None else sent_at
    name = owner(body)
    if body.type == TypeFlag.COMPONENT_ANALOGUE:
        yield _analogue(body, name, at)
    elif body.state is not None and body.type in _STATES:
        yield from _word(f"{name}.", "state", body.state, _STATES[body.type], at)
    elif body.state is not None and body.type in _OPERATIONS:
        yield from _word(f"{name}.operation-", "flags", body.state, OPERATION_BITS, at)


def _word(name: str, whole: str, state: int, bits: tuple[Bit, ...], at: int | None) -> Iterator[Reading]:
    yield Reading(f"{name}{whole}", float(state), "", at)
    for bit in bits:
        yield Reading(f"{name}{bit.name}", float(state >> bit.number & 1), "", at)


def _analogue(body: Body, name: str, at: int | None) -> Reading:
    row = ANALOGUES.get(body.analogue or 0)
    if row is None or body.number is None:
        raise FrameRefused(Reason.ITEM, f"analogue quantity {body.analogue}")
    value: float = body.number / 10**row.decimals
    quality = 0 if row.low <= value <= row.high else int(Quality.SUSPECT)
    return Reading(f"{name}.{row.name}", value, row.unit, at, quality)
