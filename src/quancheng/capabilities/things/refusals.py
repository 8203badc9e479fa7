"""拒收: why the ways in refused what devices sent on a day, by owner; and links to what was refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from quancheng.capabilities.ingest import queries as ingest
from quancheng.capabilities.things import bridge
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

_PREFIX = bridge.key_of("")
_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Refusals:
    """Messages and readings of one owner's devices refused for one reason on a day."""

    department: str
    """Empty: nobody knows whose device it was."""
    reason: str
    text: Text
    number: int
    link: str
    """Where the dead letters are, for who may see them; else empty."""


def by_owner(
    actor: Actor, *, day: date, kind: str = "", department: str = "", region: str = ""
) -> list[Refusals]:
    """Dead letters of the ingest gateways on a local day by owner and reason, the most first.

    Of devices the actor may see; letters of unknown devices only without a filter.
    """
    begin = datetime.combine(day, time(), clock.LOCAL)
    rows = ingest.refused(since=begin, until=begin + timedelta(days=1))
    owners = _owners(actor, {row.thing for row in rows}, kind, department, region)
    if not (kind or department or region):
        owners[""] = ""
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.thing in owners:
            counted[owners[row.thing], row.reason] += row.number
    shown = set(ingest.letter_reasons(actor, day=day))
    return [
        Refusals(
            owner, reason, ingest.reason_text(reason), number, _link(reason, day) if reason in shown else ""
        )
        for (owner, reason), number in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ]


def _owners(actor: Actor, things: set[str], kind: str, department: str, region: str) -> dict[str, str]:
    """Thing key → department, of the stations the actor may see and the filter lets through."""
    from quancheng.capabilities.things.queries import stations

    seen = stations(actor, kind=kind, department=department, region=region)
    codes = sorted(one.removeprefix(_PREFIX) for one in things if one.startswith(_PREFIX))
    found: dict[str, str] = {}
    for start in range(0, len(codes), _CHUNK):
        rows = seen.filter(code__in=codes[start : start + _CHUNK]).order_by()
        found |= {bridge.key_of(code): owner for code, owner in rows.values_list("code", "department")}
    return found


def _link(reason: str, day: date) -> str:
    return "/work/ingest/dead-letters/?" + urlencode({"reason": reason, "day": day.isoformat()})
