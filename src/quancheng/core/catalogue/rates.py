"""考核指标: the rates of the city's data work, each with the ids that it was counted from.

A rate is never a bare number: :class:`Rate` holds who should (``due``) and who did (``done``), so a
page can drill to the row, and two numbers can be explained by their difference. Nothing due gives
no rate (``None``), not 100 %.

==========  =============================  ==========================================
rate        due                            done
==========  =============================  ==========================================
编目率       duties that leave data          duties with an entry
归集率       entries that must be collected  entries whose data is in the base
共享率       entries that may be shared      entries that can really be had
需求满足率   demands not withdrawn           demands satisfied
整改率       findings past their time limit  findings closed and proved by a re-check
==========  =============================  ==========================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from quancheng.core.catalogue.codec import digest_of, plain
from quancheng.core.catalogue.duties import Comparison
from quancheng.core.catalogue.terms import DemandState, ShareType
from quancheng.core.catalogue.values import Demand, Resource
from quancheng.core.text import Text

__all__ = [
    "FrozenMonth",
    "Rate",
    "RateName",
    "catalogue_rate",
    "collection_rate",
    "demand_rate",
    "difference",
    "freeze",
    "repair_rate",
    "sharing_rate",
    "total",
    "verify_months",
]


class RateName(Enum):
    """指标."""

    CATALOGUE = "catalogue"
    COLLECTION = "collection"
    SHARING = "sharing"
    DEMAND = "demand"
    REPAIR = "repair"

    @property
    def label(self) -> Text:
        """What a person reads (指标名称)."""
        return _LABELS[self]


_LABELS: dict[RateName, Text] = {
    RateName.CATALOGUE: Text("编目率", "Catalogued"),
    RateName.COLLECTION: Text("归集率", "Collected"),
    RateName.SHARING: Text("共享率", "Shared"),
    RateName.DEMAND: Text("需求满足率", "Demands satisfied"),
    RateName.REPAIR: Text("整改率", "Repaired"),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of one organ (一项指标); ids sorted, ``done`` is part of ``due``."""

    name: RateName
    organ: str
    due: tuple[str, ...]
    done: tuple[str, ...]

    def __post_init__(self) -> None:
        due, done = set(self.due), set(self.done)
        if not done <= due:
            raise ValueError(f"done but not due: {', '.join(sorted(done - due)[:5])}")
        object.__setattr__(self, "due", tuple(sorted(due)))
        object.__setattr__(self, "done", tuple(sorted(done)))

    @property
    def value(self) -> Fraction | None:
        """Done of due, exactly; ``None`` when nothing is due (比率)."""
        return Fraction(len(self.done), len(self.due)) if self.due else None

    @property
    def open(self) -> tuple[str, ...]:
        """What is still to do (未完成)."""
        done = set(self.done)
        return tuple(one for one in self.due if one not in done)

    def meets(self, target: Fraction) -> bool | None:
        """Whether the target is reached, compared exactly; ``None`` when nothing is due (是否达标)."""
        return None if self.value is None else self.value >= target

    def percent(self, places: int = 1) -> str:
        """For display, cut off and never rounded up to a reached 100 (百分比); "—" when nothing is due."""
        if self.value is None:
            return "—"
        scaled = self.value * 100 * 10**places
        whole, rest = divmod(scaled.numerator // scaled.denominator, 10**places)
        return f"{whole}.{rest:0{places}d}" if places else str(whole)


def catalogue_rate(comparison: Comparison, organ: str = "") -> Rate:
    """编目率 from a duty comparison."""
    done = [duty for duty, _ in comparison.covered]
    return Rate(RateName.CATALOGUE, organ, (*done, *comparison.missing), tuple(done))


def collection_rate(resources: Iterable[Resource], collected: Collection[str], organ: str = "") -> Rate:
    """归集率: ``collected`` are codes of entries whose data has arrived, by the ledger of runs.

    Entries that are not shared at all stay with their organ and are not due.
    """
    due = tuple(one.code for one in resources if one.share is not ShareType.NONE)
    return Rate(RateName.COLLECTION, organ, due, tuple(code for code in due if code in collected))


def sharing_rate(resources: Iterable[Resource], available: Collection[str], organ: str = "") -> Rate:
    """共享率: ``available`` are codes of entries with a working distribution, by the watch's ledger."""
    due = tuple(one.code for one in resources if one.share is not ShareType.NONE)
    return Rate(RateName.SHARING, organ, due, tuple(code for code in due if code in available))


def demand_rate(demands: Iterable[Demand], organ: str = "") -> Rate:
    """需求满足率: satisfied demands of all but the withdrawn ones; refused ones count as not satisfied."""
    asked = [one for one in demands if one.state is not DemandState.WITHDRAWN]
    done = tuple(one.id for one in asked if one.state is DemandState.SATISFIED)
    return Rate(RateName.DEMAND, organ, tuple(one.id for one in asked), done)


def repair_rate(found: Iterable[str], repaired: Collection[str], organ: str = "") -> Rate:
    """整改率: ids of quality findings that are due, and those closed after a re-check."""
    due = tuple(found)
    return Rate(RateName.REPAIR, organ, due, tuple(one for one in due if one in repaired))


def total(name: RateName, organ: str, parts: Iterable[Rate]) -> Rate:
    """The rate of a city from those of its organs (汇总); ids must not overlap, or ``ValueError``.

    Ids count, percentages are never averaged.
    """
    due: list[str] = []
    done: list[str] = []
    for part in parts:
        if part.name is not name:
            raise ValueError(f"a {part.name.value} rate among {name.value} rates")
        due += part.due
        done += part.done
    if len(set(due)) != len(due):
        raise ValueError("an id is counted by two organs")
    return Rate(name, organ, tuple(due), tuple(done))


def difference(before: Rate, after: Rate) -> dict[str, tuple[str, ...]]:
    """Which ids moved a rate (变化原因): ``gained``, ``lost``, ``newly_due``, ``no_longer_due``."""
    old_due, new_due = set(before.due), set(after.due)
    old, new = set(before.done), set(after.done)
    return {
        "gained": tuple(sorted(new - old)),
        "lost": tuple(sorted((old - new) & new_due)),
        "newly_due": tuple(sorted(new_due - old_due)),
        "no_longer_due": tuple(sorted(old_due - new_due)),
    }


@dataclass(frozen=True, slots=True)
class FrozenMonth:
    """月度冻结: the rates of a month as they were, ``month`` as ``2026-11``; each month's digest covers the
    one before, so no month can be changed alone."""

    month: str
    rates: tuple[Rate, ...]
    previous: str
    digest: str


def freeze(month: str, rates: Iterable[Rate], previous: FrozenMonth | None = None) -> FrozenMonth:
    """Freeze a month's rates (冻结). ``ValueError`` for a malformed month, one that is not after the
    previous one, or two rates of one name and organ."""
    if not _is_month(month) or (previous is not None and month <= previous.month):
        raise ValueError(f"not a month after the previous one: {month!r}")
    ordered = tuple(sorted(rates, key=lambda rate: (rate.organ, rate.name.value)))
    keys = [(rate.organ, rate.name) for rate in ordered]
    if len(set(keys)) != len(keys):
        raise ValueError("two rates of one name and organ")
    before = previous.digest if previous is not None else ""
    return FrozenMonth(month, ordered, before, _digest(month, ordered, before))


def verify_months(months: Sequence[FrozenMonth]) -> int | None:
    """Place of the first month that was changed, removed or moved; ``None`` if all hold (校验冻结链)."""
    before = ""
    last = ""
    for place, month in enumerate(months):
        if month.previous != before or month.month <= last:
            return place
        if month.digest != _digest(month.month, month.rates, month.previous):
            return place
        before, last = month.digest, month.month
    return None


def _digest(month: str, rates: tuple[Rate, ...], previous: str) -> str:
    return digest_of({"month": month, "previous": previous, "rates": [plain(rate) for rate in rates]})


def _is_month(month: str) -> bool:
    year, dash, number = month.partition("-")
    digits = (year + number).isascii() and (year + number).isdigit()
    return digits and dash == "-" and len(year) == 4 and len(number) == 2 and 1 <= int(number) <= 12
