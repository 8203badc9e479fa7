"""Reads of ingest, always from what the asker may see."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.ingest.models import Command, DeadLetter, Device
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound


def devices(
    actor: Actor, *, text: str = "", protocol: str = "", status: str = "", connected: str = ""
) -> QuerySet[Device]:
    """Devices the actor may see, narrowed."""
    found = access.visible(actor, Device)
    if protocol:
        found = found.filter(protocol=protocol)
    if status:
        found = found.filter(status=status)
    if connected:
        found = found.filter(connected=connected == "yes")
    if text.strip():
        words = text.strip()
        found = found.filter(
            Q(code__icontains=words) | Q(address__icontains=words) | Q(thing__icontains=words)
        )
    return found


def device(actor: Actor, code: str) -> Device:
    """One device; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Device).filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有设备 {code[:64]}。", f"There is no device {code[:64]}."))
    return found


def commands(actor: Actor, found: Device) -> QuerySet[Command]:
    """Commands to a device."""
    return access.visible(actor, Command).filter(device=found)


def dead_letters(
    actor: Actor, *, text: str = "", reason: str = "", state: str = "", code: str = ""
) -> QuerySet[DeadLetter]:
    """Dead letters the actor may see, narrowed; ``text`` is looked for in code and detail."""
    found = access.visible(actor, DeadLetter)
    if reason:
        found = found.filter(reason=reason)
    if state:
        found = found.filter(state=state)
    if code:
        found = found.filter(code=code)
    if text.strip():
        found = found.filter(Q(code__icontains=text.strip()) | Q(detail__icontains=text.strip()))
    return found


def letter_counts(actor: Actor) -> dict[str, int]:
    """Open dead letters by reason, the most frequent first."""
    rows = access.visible(actor, DeadLetter).filter(state=DeadLetter.State.OPEN).order_by()
    counted = rows.values_list("reason").annotate(number=Count("pk")).order_by("-number", "reason")
    return dict(counted)


def gateways() -> list[dict[str, Any]]:
    """Figures of every gateway process that beat within the last 20 seconds, the newest first."""
    from quancheng.capabilities.ingest.status import running

    return running()
