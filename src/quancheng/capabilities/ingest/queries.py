"""Reads of ingest, always from what the asker may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.ingest.models import Command, DeadLetter, Device
from quancheng.core.text import Text
from quancheng.kernel import access, clock
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
    actor: Actor,
    *,
    text: str = "",
    reason: str = "",
    state: str = "",
    code: str = "",
    day: date | None = None,
) -> QuerySet[DeadLetter]:
    """Dead letters the actor may see, narrowed; ``text`` is looked for in code and detail; ``day`` is a local day."""
    found = access.visible(actor, DeadLetter)
    if day is not None:
        begin = datetime.combine(day, time(), clock.LOCAL)
        found = found.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    if reason:
        found = found.filter(reason=reason)
    if state:
        found = found.filter(state=state)
    if code:
        found = found.filter(code=code)
    if text.strip():
        found = found.filter(Q(code__icontains=text.strip()) | Q(detail__icontains=text.strip()))
    return found


@dataclass(frozen=True, slots=True)
class Refused:
    """拒收计数: how many dead letters of one cause a day brought; ``thing`` is its device's owner key, empty when
    the device is unknown."""

    thing: str
    reason: str
    number: int


def refused(*, since: datetime, until: datetime) -> list[Refused]:
    """Dead letters with since ≤ received < until by thing and reason, for boards of the platform: counts only.

    What was in them only :func:`dead_letters` shows. Letters past a device's bound are not among them.
    """
    rows = DeadLetter.objects.filter(at__gte=since, at__lt=until).order_by()
    counted = rows.values_list("device__thing", "reason").annotate(number=Count("pk"))
    return [Refused(thing or "", reason, number) for thing, reason, number in counted]


def letter_counts(actor: Actor) -> dict[str, int]:
    """Open dead letters by reason, the most frequent first."""
    return _by_reason(access.visible(actor, DeadLetter).filter(state=DeadLetter.State.OPEN))


def letter_reasons(actor: Actor, *, day: date | None = None) -> list[str]:
    """Reasons of the dead letters the actor may see, of a local day or of all, the most frequent first."""
    return list(_by_reason(dead_letters(actor, day=day)))


def _by_reason(found: QuerySet[DeadLetter]) -> dict[str, int]:
    rows = found.order_by()
    counted = rows.values_list("reason").annotate(number=Count("pk")).order_by("-number", "reason")
    return dict(counted)


def reason_text(reason: str) -> Text:
    """What a reason of refusal means, and what to do, in both languages."""
    from quancheng.capabilities.ingest import wording

    return wording.reason_text(reason)


def gateways() -> list[dict[str, Any]]:
    """Figures of every gateway process that beat within the last 20 seconds, the newest first."""
    from quancheng.capabilities.ingest.status import running

    return running()
