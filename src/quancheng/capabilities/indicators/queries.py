"""Reads of indicators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from quancheng.capabilities.indicators import catalogue
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import access, clock, registry
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn


@dataclass(frozen=True, slots=True)
class Card:
    """一项指标及其近期取值: newest first in ``latest``, oldest first in ``history``."""

    definition: catalogue.Definition
    latest: Snapshot | None
    history: tuple[Snapshot, ...]

    @property
    def reached(self) -> bool | None:
        """Whether the newest value meets the target."""
        return self.definition.reached(self.latest.value if self.latest else None)

    @property
    def change(self) -> float | None:
        """Difference to the day before."""
        known = [one.value for one in self.history if one.value is not None]
        return known[-1] - known[-2] if len(known) > 1 else None


def cards(actor: Actor, *, module: str = "", days: int = 30) -> list[Card]:
    """All indicators with their last days; one query. Raises NotSignedIn, Forbidden."""
    check(actor)
    since = clock.today() - timedelta(days=days)
    by_indicator: dict[str, list[Snapshot]] = {}
    for row in access.visible(actor, Snapshot).filter(day__gt=since).order_by("day"):
        by_indicator.setdefault(row.indicator, []).append(row)
    return [
        _card(one, by_indicator.get(one.id, []))
        for one in catalogue.definitions()
        if not module or one.module == module
    ]


def card(actor: Actor, ident: str, *, days: int = 366) -> Card:
    """One indicator with its history. Raises NotFound, NotSignedIn, Forbidden."""
    check(actor)
    one = catalogue.definition(ident)
    since = clock.today() - timedelta(days=days)
    rows = access.visible(actor, Snapshot).filter(indicator=ident, day__gt=since).order_by("day")
    return _card(one, list(rows))


def check(actor: Actor) -> None:
    """Raise unless the actor may see indicators at all."""
    if access.allowed(actor, "view", Snapshot):
        return
    raise Forbidden() if actor.is_authenticated else NotSignedIn()


def evidence(actor: Actor, found: Card) -> str:
    """The page behind the newest value when the asker may open it, else nothing."""
    address = found.latest.evidence if found.latest else ""
    return address if may_open(actor, address) else ""


def may_open(actor: Actor, address: str) -> bool:
    """Whether the entry of the navigation an address lies under is open to the asker; unknown ones are."""
    path = urlsplit(address).path
    under = [row for _owner, row in registry.items("page") if len(row.path) > 1 and path.startswith(row.path)]
    if not under:
        return True
    longest = max(len(row.path) for row in under)
    return any(
        not row.roles or actor.role_ids.intersection(row.roles) for row in under if len(row.path) == longest
    )


def _card(one: catalogue.Definition, rows: list[Snapshot]) -> Card:
    return Card(one, rows[-1] if rows else None, tuple(rows))
