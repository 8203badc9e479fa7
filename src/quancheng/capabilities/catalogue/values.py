"""What the catalogue speaks in: frozen values, no tables, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from quancheng.core.catalogue import Change, Excerpt, Impact, Resource

FACETS = ("organ", "classes", "share", "openness", "cycle", "formats")
"""Names of filters that search counts (分面)."""


@dataclass(frozen=True, slots=True)
class EntryInfo:
    """An entry as somebody may see it (条目): ``resource`` without the items above their level.

    ``hidden`` is how many items were left out, ``tables`` maps distribution ids to data tables,
    ``number`` is how often it was published (0: never).
    """

    entry_id: UUID
    code: str
    organ: str
    resource: Resource
    state: str
    live: bool
    public: bool
    number: int
    changed_at: datetime
    state_label: str = ""
    hidden: int = 0
    tables: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False

    @property
    def name(self) -> str:
        """Its Chinese name."""
        return self.resource.name.zh

    @property
    def table_id(self) -> str | None:
        """The first data table behind it."""
        return next(iter(self.tables.values()), None)


@dataclass(frozen=True, slots=True)
class Filters:
    """筛选条件: values of facets (classes by code or the beginning of one), and a state of the working copy."""

    organ: str = ""
    classes: str = ""
    share: str = ""
    openness: str = ""
    cycle: str = ""
    formats: str = ""
    level: str = ""
    state: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return self == Filters()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text, lit when it answers a search."""

    text: str
    lit: bool


@dataclass(frozen=True, slots=True)
class Part:
    """摘录 in pieces for a page; ``cut_before`` and ``cut_after`` tell that more is there."""

    pieces: tuple[Piece, ...]
    cut_before: bool
    cut_after: bool

    @classmethod
    def of(cls, found: Excerpt) -> Part:
        """The pieces of an excerpt."""
        pieces: list[Piece] = []
        place = 0
        for start, end in found.spans:
            pieces += [Piece(found.text[place:start], False), Piece(found.text[start:end], True)]
            place = end
        pieces.append(Piece(found.text[place:], False))
        return cls(tuple(one for one in pieces if one.text), found.cut_before, found.cut_after)


@dataclass(frozen=True, slots=True)
class Hit:
    """命中: an entry with its score and the parts that answer."""

    entry: EntryInfo
    score: float
    title: Part
    text: Part


@dataclass(frozen=True, slots=True)
class Found:
    """检索结果: one page of hits, how many there are in all, and counts by facet value (most first).

    ``widened``: nothing had all the words, these have some of them.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    widened: bool = False
    next: str | None = None
    previous: str | None = None

    def __len__(self) -> int:
        """Hits on this page."""
        return len(self.hits)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """发布版本."""

    number: int
    version: str
    digest: str
    impact: str
    at: datetime
    by: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Difference:
    """版本差异: what changed from one version to another, and what it means at most."""

    before: VersionInfo
    after: VersionInfo
    changes: tuple[Change, ...]
    impact: Impact | None


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row of a file that was not taken: where it stands and every reason, in both languages."""

    place: Mapping[str, str]
    reasons: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """导入结果: ``rows == created + changed + unchanged + len(refused)``."""

    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: tuple[RowRefused, ...] = ()
