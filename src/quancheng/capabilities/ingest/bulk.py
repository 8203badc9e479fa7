"""批量: many readings at once, in a process without an event loop of its own (web pages, HTTP)."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.ingest import registry
from quancheng.capabilities.ingest.accept import horizon
from quancheng.capabilities.ingest.field import replay
from quancheng.capabilities.ingest.keeping import ObservationStore
from quancheng.capabilities.ingest.letterbox import write
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.payloads import FrameRefused, decode
from quancheng.capabilities.ingest.sorting import Sorted, sort_out
from quancheng.capabilities.ingest.values import DeviceRef, Outcome
from quancheng.core.telemetry.reading import Reading
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput, NotFound


def micros() -> int:
    """Now, in µs since 1970 UTC."""
    return int(clock.now().timestamp() * 1_000_000)


def context_of(device: DeviceRef) -> dict[str, Any]:
    """What a decoder may want to know of a device."""
    return {
        "device": device.code, "address": device.address, "thing": device.thing, "elements": device.streams,
    }  # fmt: skip


def readings_of(device: DeviceRef, format: str, body: bytes, received_at: int) -> list[Reading]:
    """Decode; a kept frame of a field protocol too. Raises InvalidInput saying what is wrong and where."""
    try:
        if device.protocol in replay.PROTOCOLS:
            return list(replay.readings_of(device, body))
        return decode(format, body, context=context_of(device), received_at=received_at)
    except FrameRefused as refused:
        raise InvalidInput(refused.message, extra={"reason": str(refused.reason)}) from None


def store(found: Sorted, received_at: int) -> Outcome:
    """Make sorted rows durable, comparing each with the store."""
    if not found.rows:
        return Outcome(refused=dict(found.refused))
    new, changed, known = ObservationStore().append_unique(found.rows, received_at)
    return Outcome(new, changed, known, dict(found.refused))


def take_all(device: DeviceRef, format: str, body: bytes, *, received_at: int) -> Outcome:
    """All readings of a body or none. Raises InvalidInput when one cannot be taken."""
    found = sort_out(device, readings_of(device, format, body, received_at), received_at, horizon())
    if found.refused:
        which = "；".join(f"{reason}：{found.examples[reason]}" for reason in found.refused)
        raise InvalidInput(Text(f"有读数不能接收：{which}", f"Readings cannot be taken: {which}"))
    return store(found, received_at)


def take(device: DeviceRef, format: str, body: bytes, *, source: str = "http") -> Outcome:
    """What a device sends in bulk: readings that can be taken are, the others become dead letters."""
    received_at = micros()
    found = sort_out(device, readings_of(device, format, body, received_at), received_at, horizon())
    outcome = store(found, received_at)
    keep_refused(device, found, body, source)
    return outcome


def keep_refused(device: DeviceRef, found: Sorted, body: bytes, source: str) -> None:
    """A dead letter for each reason."""
    if found.refused:
        now = clock.now()
        write(
            [
                Letter(device.id, device.code, source, reason, found.examples[reason], body, now)
                for reason in found.refused
            ],
            {},
        )


def receive(code: str, format: str, body: bytes) -> dict[str, Any]:
    """As :func:`take`, by code, with the answer as plain data."""
    device = registry.by_code(code)
    if device is None:
        raise NotFound(Text(f"没有设备 {code[:64]}。", f"There is no device {code[:64]}."))
    return answer(take(device, format, body))


def answer(outcome: Outcome) -> dict[str, Any]:
    """What the sender is told."""
    return {
        "stored": outcome.stored,
        "changed": outcome.changed,
        "duplicate": outcome.duplicate,
        "refused": dict(outcome.refused),
    }
