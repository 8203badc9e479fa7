"""死信: what is kept of a message that could not be taken, bounded for each device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F

from quancheng.capabilities.ingest.models import DeadLetter, Device
from quancheng.capabilities.ingest.values import Outcome
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

RAW_LIMIT = 16 * 1024
"""Bytes kept of one message; ``size`` says how long it was."""
DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Letter:
    """One refusal: whose (0 = nobody we know), where it came in, why, and the bytes."""

    device: int
    code: str
    source: str
    reason: str
    detail: str
    raw: bytes = field(repr=False)
    at: datetime


def keep(found: Sequence[Letter], *, most: int, dropped: Mapping[int, int]) -> int:
    """Write those that fit under ``most`` open letters a device; count the rest, and ``dropped`` (device →
    number) that were not even brought. Inside an action."""
    codes = {one.code for one in found}
    held = dict(
        DeadLetter.objects.filter(code__in=codes, state=DeadLetter.State.OPEN)
        .values_list("code")
        .annotate(number=Count("pk"))
    )
    known = set(Device.objects.filter(pk__in={one.device for one in found}).values_list("pk", flat=True))
    rows: list[DeadLetter] = []
    left = Counter(dropped)
    for one in found:
        if held.get(one.code, 0) >= most:
            left[one.device] += 1
            continue
        held[one.code] = held.get(one.code, 0) + 1
        rows.append(
            DeadLetter(
                device_id=one.device if one.device in known else None, code=one.code, source=one.source,
                reason=one.reason, detail=one.detail[:DETAIL_LIMIT].replace("\x00", "␀"),
                raw=one.raw[:RAW_LIMIT], size=len(one.raw), at=one.at,
            )
        )  # fmt: skip
    DeadLetter.objects.bulk_create(rows, batch_size=200)
    for device, number in left.items():
        Device.objects.filter(pk=device).update(dead_dropped=F("dead_dropped") + number)
    return len(rows)


def retry(row: DeadLetter) -> Outcome:
    """Take a kept message again. Raises InvalidInput when it was cut or still cannot be taken.

    Readings of it that were taken the first time count as duplicates.
    """
    from quancheng.capabilities.ingest import bulk, registry

    device = registry.by_code(row.code)
    if device is None:
        raise InvalidInput(Text("设备未登记或已停用。", "The device is unknown or suspended."))
    if row.size > len(bytes(row.raw)):
        raise InvalidInput(
            Text("报文过长，只留存了开头。", "The message was too long; only its head was kept.")
        )
    return bulk.take_all(device, device.payload, bytes(row.raw), received_at=int(row.at.timestamp() * 1e6))
