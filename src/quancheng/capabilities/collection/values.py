"""Values of collection 归集: what other modules and the pure parts speak in. No tables, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from quancheng.core.tabular import Column, Dataset, Field, OnDouble, Schema
from quancheng.core.text import Text

__all__ = [
    "Column",
    "Connector",
    "Counts",
    "Dataset",
    "Hold",
    "HoldKind",
    "Lateness",
    "Layout",
    "Mode",
    "Plan",
    "Rate",
    "RunState",
    "Thresholds",
    "Verdict",
]
"""``Dataset`` and ``Column`` are the contract of a module's room ``datasets.py`` (see docs/modules/collection.md)."""


class Connector(StrEnum):
    """接入方式: how a source is reached."""

    UPLOAD = "upload"
    FOLDER = "folder"
    HTTP = "http"
    POSTGRES = "postgres"
    MYSQL = "mysql"
    SFTP = "sftp"
    S3 = "s3"
    OWN = "own"
    ROBOT = "robot"


class Mode(StrEnum):
    """归集方式: a delivery is the whole table, or only rows that are new or changed."""

    FULL = "full"
    INCREMENTAL = "incremental"


class RunState(StrEnum):
    """运行状态."""

    QUEUED = "queued"
    FETCHED = "fetched"
    HELD = "held"
    PLANNED = "planned"
    DONE = "done"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def open(self) -> bool:
        """Whether something is still to happen."""
        return self in (RunState.QUEUED, RunState.FETCHED, RunState.HELD, RunState.PLANNED)

    @property
    def good(self) -> bool:
        """Whether the source is known to be current."""
        return self in (RunState.DONE, RunState.UNCHANGED)


class Lateness(StrEnum):
    """及时性: of a feed against its agreed time."""

    FRESH = "fresh"
    LATE = "late"
    SILENT = "silent"
    NEVER = "never"
    NONE = "none"


class HoldKind(StrEnum):
    """暂停原因: why a run waits for a person."""

    COLUMN_MISSING = "column_missing"
    COLUMN_ADDED = "column_added"
    COLUMN_RENAMED = "column_renamed"
    COLUMN_TYPE = "column_type"
    REFUSALS = "refusals"
    DELETIONS = "deletions"
    EMPTY = "empty"


class Verdict(StrEnum):
    """处理决定."""

    ACCEPT = "accept"
    MAP = "map"
    EXTEND = "extend"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the source's columns become the table's (列对应).

    ``columns``: source name → column of the table. ``ignored``: source names that are not taken, known as
    such. ``head``: row numbers of the head as somebody named them, empty = found anew each time.
    ``sheet``: empty = the first visible one.
    """

    columns: Mapping[str, str]
    ignored: tuple[str, ...] = ()
    head: tuple[int, ...] = ()
    sheet: str = ""
    formulas: str = "saved"
    hidden: bool = True
    on_double: OnDouble = OnDouble.REFUSE

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Layout:
        """From JSON as :meth:`to_dict` makes it."""
        return cls(
            dict(facts.get("columns", {})),
            tuple(facts.get("ignored", ())),
            tuple(facts.get("head", ())),
            str(facts.get("sheet", "")),
            str(facts.get("formulas", "saved")),
            bool(facts.get("hidden", True)),
            OnDouble(facts.get("on_double", "refuse")),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"columns": dict(self.columns), "on_double": self.on_double.value}


@dataclass(frozen=True, slots=True)
class Counts:
    """计数: ``rows_in == rows_out + refused``; the four others add up to what the table gets or keeps."""

    rows_in: int = 0
    rows_out: int = 0
    refused: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    before: int = 0
    """Rows of the table before."""

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for."""
        return (
            self.rows_in == self.rows_out + self.refused
            and self.rows_out == self.inserted + self.updated + self.unchanged
        )

    @property
    def changed(self) -> int:
        """Rows that would be written or removed."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Thresholds:
    """阈值 in force: shares are 0…1 and inclusive, ``deleted_least``: fewer deletions never hold a run."""

    refused_share: float
    deleted_share: float
    deleted_least: int
    type_share: float


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason to wait (待决事项): ``subject`` is a column or empty; ``guess`` a source column it may be now."""

    kind: HoldKind
    text: Text
    subject: str = ""
    guess: str = ""
    kind_of: str = ""
    """Kind of a new column, as it was guessed."""
    number: int = 0
    """For figures: how many rows. A decision about 50 deletions is none about 5,000."""

    @property
    def code(self) -> str:
        """What a decision covers: the same hold again needs no second decision in the same run."""
        return f"{self.kind.value}:{self.subject}" + (f":{self.number}" if self.number else "")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind.value,
            "text": self.text.to_dict(),
            "subject": self.subject,
            "guess": self.guess,
            "kind_of": self.kind_of,
            "number": self.number,
            "code": self.code,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """计划: what applying would do, and why it waits, if it does."""

    counts: Counts
    holds: tuple[Hold, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Refused rows by reason."""
    columns: Mapping[str, int] = field(default_factory=dict)
    """Refused rows by source column."""
    examples: Mapping[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether a person has to decide."""
        return bool(self.holds)


@dataclass(frozen=True, slots=True)
class Rate:
    """归集率: entries that have to be collected against those with a fresh successful run."""

    organ: str
    due: int
    fresh: int
    missing: tuple[str, ...] = ()
    """Codes of entries that are due and not fresh."""

    @property
    def percent(self) -> float | None:
        """0…100; ``None`` when nothing is due."""
        return round(self.fresh * 100 / self.due, 2) if self.due else None


def schema_from(rows: list[Mapping[str, Any]], key: tuple[str, ...]) -> Schema:
    """Core schema of columns kept as JSON."""
    from quancheng.core.tabular import Kind

    return Schema(
        tuple(Field(str(one["name"]), Kind(one["kind"]), bool(one.get("required"))) for one in rows), key
    )
