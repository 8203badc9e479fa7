"""平台推送: what carriers' platforms (NB-IoT) push to the one address they are given, taken device by device."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from quancheng.capabilities.ingest import bulk, registry
from quancheng.capabilities.ingest.accept import horizon
from quancheng.capabilities.ingest.letterbox import write
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.payloads import FrameRefused, Reason, decode
from quancheng.capabilities.ingest.payloads.push import devices_of, platform_of
from quancheng.capabilities.ingest.sorting import sort_out
from quancheng.capabilities.ingest.values import DeviceRef, Protocol
from quancheng.capabilities.ingest.values import Reason as Refusal
from quancheng.core.telemetry.nbiot import verify_onenet
from quancheng.kernel import clock

SOURCE = "push"
_SIGNS = "onenet"


@dataclass(slots=True)
class Pushed:
    """What became of one push: readings by fate, devices that are not registered, messages without readings."""

    stored: int = 0
    changed: int = 0
    duplicate: int = 0
    unknown: int = 0
    empty: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def opens(word: str, wanted: str) -> bool:
    """Whether the secret part of the address is right; without one there is no address."""
    return bool(wanted) and hmac.compare_digest(word.encode(), wanted.encode())


def who(body: bytes, token: str) -> list[tuple[DeviceRef | None, str]]:
    """The devices a push speaks of with what the platform calls them, unregistered ones as None.

    Raises FrameRefused: unreadable, or ``SIGNATURE`` for a push of OneNET that is not signed with ``token``
    (always when there is no token: an unsigned push is believed of no platform that signs).
    """
    platform = platform_of(body)
    if platform == _SIGNS and not token:
        raise FrameRefused(Reason.SIGNATURE, "OneNET")
    found: list[tuple[DeviceRef | None, str]] = []
    for device, imei in devices_of(body, platform=platform, token=token):
        known = (registry.resolve(Protocol.NBIOT, name) for name in (device, imei) if name)
        found.append((next((one for one in known if one is not None), None), device or imei))
    return found


def take(body: bytes, found: list[tuple[DeviceRef | None, str]]) -> Pushed:
    """Make the readings of every registered device durable; the rest become dead letters, durable too.

    One device's fault does not hold up the others: a platform sends a refused push again as a whole.
    """
    total = Pushed()
    taken: set[int] = set()
    for device, name in found:
        if device is None:
            total.unknown += 1
            _keep(0, name, Refusal.UNKNOWN_DEVICE, name, body)
        elif device.id not in taken:
            taken.add(device.id)
            _take_one(device, body, total)
    return total


def _take_one(device: DeviceRef, body: bytes, total: Pushed) -> None:
    at = bulk.micros()
    try:
        readings = decode(device.payload, body, context=bulk.context_of(device), received_at=at)
    except FrameRefused as refused:
        if refused.reason is Reason.NOTHING:  # answers to commands and the like
            total.empty += 1
            return
        reason = str(refused.reason)
        total.refused[reason] = total.refused.get(reason, 0) + 1
        _keep(device.id, device.code, reason, refused.message.zh, body)
        return
    rows = sort_out(device, readings, at, horizon())
    outcome = bulk.store(rows, at)
    bulk.keep_refused(device, rows, body, SOURCE)
    total.stored += outcome.stored
    total.changed += outcome.changed
    total.duplicate += outcome.duplicate
    for reason, number in outcome.refused.items():
        total.refused[reason] = total.refused.get(reason, 0) + number


def _keep(device: int, code: str, reason: str, detail: str, body: bytes) -> None:
    write([Letter(device, code[:64], SOURCE, str(reason), detail, body, clock.now())], {})


def verified(token: str, nonce: str, message: str, signature: str) -> str:
    """OneNET asks once by GET whether the address is ours: the message to answer. Raises FrameRefused."""
    if not token:
        raise FrameRefused(Reason.SIGNATURE, "OneNET")
    verify_onenet(token, nonce, message.encode("utf-8", "surrogatepass"), signature)
    return message
