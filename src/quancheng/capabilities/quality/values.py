"""What quality speaks in: frozen values without tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from quancheng.core.quality import Findings, Profile
from quancheng.core.text import Text


@dataclass(frozen=True, slots=True)
class Checked:
    """What a run found (检查结果), before anything of it is written.

    ``versions``: pk of the rule version behind each rule's code. ``faults``: rules that could not be
    asked of this version, with the reason. ``profile`` is None when nothing changed since the last one.
    """

    version: int
    at: datetime
    findings: Findings
    versions: Mapping[str, int]
    faults: Mapping[str, Text]
    profile: Profile | None
    took_ms: int
    doubts: Mapping[int, bool] = field(default_factory=dict)
    """Open doubts (pk) and whether each is settled."""


@dataclass(frozen=True, slots=True)
class Rate:
    """整改率 of an organ and month with the issues it is made of (numbers of work orders)."""

    organ: str
    month: str
    due: tuple[str, ...]
    repaired: tuple[str, ...]
    overdue: tuple[str, ...]

    @property
    def rate(self) -> Decimal | None:
        """Repaired ÷ due, None if nothing was due."""
        return Decimal(len(self.repaired)) / len(self.due) if self.due else None


@dataclass(frozen=True, slots=True)
class Failing:
    """A failing row for people (不合格行): ``place`` is its place in the list of this version."""

    place: int
    key: Mapping[str, object]
    values: Mapping[str, object]
    reason: Text
    cells: tuple[tuple[str, object], ...] = ()
    """The values with their columns' names for people."""


@dataclass(frozen=True, slots=True)
class FailingPage:
    """One page of failing rows of one version of a table."""

    version: int
    rows: tuple[Failing, ...]
    offset: int
    total: int
    masked: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganScore:
    """A line of the board (看板一行): mean scores of an organ's tables, its open orders and its rate."""

    code: str
    name: Text
    tables: int
    score: Decimal | None
    scores: Mapping[str, Decimal]
    open: int
    overdue: int
    rate: Rate
