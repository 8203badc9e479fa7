"""数据概况: what a table's columns hold, by one aggregate, then one for histograms and a query for top values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from quancheng.core.quality.language.typing import Sort
from quancheng.core.quality.reading import missing, sorts_of

__all__ = ["ColumnProfile", "Histogram", "Profile", "ProfilePlan", "profile_plan"]

EPOCH = date(1970, 1, 1)
_COUNTED = frozenset({Sort.TEXT, Sort.INTEGER, Sort.TRUTH, Sort.DATE})
_MEASURED = frozenset({Sort.INTEGER, Sort.DECIMAL, Sort.FLOAT, Sort.DATE})


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between edges (直方图): below the first, in each half-open interval, from the last on.

    ``counts`` has one more element than ``edges``. Days count from 1970-01-01.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column (列概况). ``least``/``most``: values, or numbers of characters for texts.

    ``top``: most frequent values with their counts, most frequent first, then by value.
    """

    name: str
    sort: Sort
    missing: int
    distinct: int | None
    least: object = None
    most: object = None
    top: tuple[tuple[object, int], ...] = ()
    histogram: Histogram | None = None

    @property
    def complete_top(self) -> bool:
        """Whether ``top`` has all values there are (是否列全)."""
        return self.distinct is not None and len(self.top) == self.distinct


@dataclass(frozen=True, slots=True)
class Profile:
    """A table's profile (数据概况)."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    def of(self, name: str) -> ColumnProfile | None:
        """One column, if it is there (按名查列)."""
        return next((each for each in self.columns if each.name == name), None)


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """Queries of a profile (概况计划): ``first()``; with its row ``second()`` and ``tops()``; then ``read``."""

    table: Any
    sorts: Mapping[str, Sort]
    bins: int
    most_top: int
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def first(self) -> Any:
        """One aggregate: rows, and of each column missing, distinct, least and most (首次聚合)."""
        counts = {"rows": self.table.count()}
        for number, (name, sort) in enumerate(self.sorts.items()):
            column = self.table[name]
            absent = missing(column, sort)
            counts[f"m{number}"] = self.table.count(where=absent)
            if sort is Sort.OTHER:
                continue
            counts[f"d{number}"] = column.nunique(where=~absent)
            if sort is not Sort.TRUTH:
                value = column.length() if sort is Sort.TEXT else column
                counts[f"l{number}"], counts[f"h{number}"] = (
                    value.min(where=~absent),
                    value.max(where=~absent),
                )
        return self.table.aggregate(**counts)

    def edges_from(self, first: Mapping[str, object]) -> dict[str, tuple[float, ...]]:
        """Edges of histograms (分箱): those given, else ``bins`` of equal width from least to most."""
        found: dict[str, tuple[float, ...]] = {}
        for number, (name, sort) in enumerate(self.sorts.items()):
            if sort not in _MEASURED:
                continue
            low, high = _place(first.get(f"l{number}")), _place(first.get(f"h{number}"))
            if name in self.edges:
                found[name] = self.edges[name]
            elif low is not None and high is not None and low < high:
                width = (high - low) / self.bins
                found[name] = tuple(low + width * place for place in range(1, self.bins))
        return found

    def second(self, first: Mapping[str, object]) -> Any | None:
        """One aggregate: counts at or above every edge (直方图聚合); ``None`` if there is no histogram."""
        counts = {}
        for name, edges in self.edges_from(first).items():
            number, sort = list(self.sorts).index(name), self.sorts[name]
            value = self._place_of(name, sort)
            for place, edge in enumerate(edges):
                counts[f"e{number}_{place}"] = self.table.count(where=value >= edge)
        return self.table.aggregate(**counts) if counts else None

    def _place_of(self, name: str, sort: Sort) -> Any:
        import ibis

        column = self.table[name]
        if sort is Sort.DATE:
            return column.delta(ibis.literal(EPOCH, type="date"), unit="day").cast("float64")
        # NaN is the greatest number of engines, so it would count above every edge.
        return ibis.ifelse(column.isnan(), None, column) if sort is Sort.FLOAT else column.cast("float64")

    def tops(self) -> Mapping[str, Any]:
        """Queries of the most frequent values, by column (高频值): columns ``value`` and ``count``."""
        found = {}
        for name, sort in self.sorts.items():
            if sort in _COUNTED:
                present = self.table.filter(~missing(self.table[name], sort)).select(value=self.table[name])
                counted = present.group_by("value").aggregate(count=present.count())
                ordered = counted.order_by([counted["count"].desc(), counted["value"].asc()])
                found[name] = ordered.limit(self.most_top)
        return found

    def read(
        self,
        first: Mapping[str, object],
        second: Mapping[str, object] | None = None,
        tops: Mapping[str, Iterable[Mapping[str, object]]] | None = None,
    ) -> Profile:
        """Profile from executed queries (读取结果)."""
        edges = self.edges_from(first)
        columns = []
        for number, (name, sort) in enumerate(self.sorts.items()):
            absent = _int(first[f"m{number}"])
            present = _int(first["rows"]) - absent
            histogram = None
            if second is not None and name in edges:
                above = [_int(second[f"e{number}_{place}"]) for place in range(len(edges[name]))]
                histogram = Histogram(edges[name], _between(present, above))
            rows = (tops or {}).get(name, ())
            columns.append(
                ColumnProfile(
                    name,
                    sort,
                    absent,
                    _int(first[f"d{number}"]) if f"d{number}" in first else None,
                    first.get(f"l{number}"),
                    first.get(f"h{number}"),
                    tuple((row["value"], _int(row["count"])) for row in rows),
                    histogram,
                )
            )
        return Profile(_int(first["rows"]), tuple(columns))


def profile_plan(
    table: Any, *, bins: int = 10, top: int = 20, baseline: Profile | None = None
) -> ProfilePlan:
    """Plan the profile of an Ibis table (编制概况).

    With a ``baseline`` histograms use its edges, so that the two can be compared by ``drift``.
    """
    if not 2 <= bins <= 100 or not 1 <= top <= 1000:
        raise ValueError("bins from 2 to 100, top from 1 to 1000")
    known = baseline.columns if baseline else ()
    edges = {each.name: each.histogram.edges for each in known if each.histogram is not None}
    return ProfilePlan(table, sorts_of(table.schema()), bins, top, edges)


def _place(value: object) -> float | None:
    if isinstance(value, date):
        return float((value - EPOCH) / timedelta(days=1))
    if isinstance(value, int | float | Decimal) and abs(float(value)) <= 1e300:
        return float(value)
    return None


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _between(present: int, above: Sequence[int]) -> tuple[int, ...]:
    bounds = [present, *above, 0]
    return tuple(high - low for high, low in pairwise(bounds))
