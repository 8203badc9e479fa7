"""Values of ledgers: columns 字段, outcomes of sending 报送结果, matches with what the city holds 已有数据.

No tables, no Django. Cells are texts everywhere (dates 2026-07-18, 是/否, numbers without commas): the same
on a phone, in a spreadsheet and in a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quancheng.core.tabular import Kind
from quancheng.core.text import Text

Cells = Mapping[str, str]
"""Name of a column → its text; a blank cell is missing or empty."""


class Filling(StrEnum):
    """Who gives a column its value (填写方式)."""

    BASE = "base"
    """Pre-filled from what the city knows; the field worker only corrects it."""
    ASKED = "asked"
    """Asked of the field worker."""


@dataclass(frozen=True, slots=True)
class Column:
    """字段: one column of a ledger book. ``name`` is what people read and what identifies it in the book.

    ``table`` and ``source`` name the data table and its column a base column comes from. ``exception`` says
    why a column is asked although the city holds it; the approver reads it.
    """

    name: str
    kind: Kind = Kind.TEXT
    filling: Filling = Filling.ASKED
    choices: tuple[str, ...] = ()
    required: bool = False
    help: str = ""
    table: str = ""
    source: str = ""
    exception: str = ""

    @property
    def prefilled(self) -> bool:
        return self.filling is Filling.BASE

    def to_dict(self) -> dict[str, Any]:
        """Its JSON form; what is not set is left out."""
        found: dict[str, Any] = {"name": self.name, "kind": self.kind.value, "filling": self.filling.value}
        extra = {
            "choices": list(self.choices), "required": self.required, "help": self.help,
            "table": self.table, "source": self.source, "exception": self.exception,
        }  # fmt: skip
        return found | {key: value for key, value in extra.items() if value}


@dataclass(frozen=True, slots=True)
class Held:
    """全市已有: a column of the city's data that says the same as one to be asked.

    ``likeness`` 0 to 1. ``item`` is the column there, ``data`` the name of the table or catalogue entry,
    ``organ`` who keeps it; ``table`` is its table if rows of it can pre-fill a ledger.
    """

    column: str
    item: str
    data: str
    organ: str
    likeness: float
    refused: bool
    table: str = ""
    source: str = ""

    @property
    def text(self) -> Text:
        """What the clerk reads: the name of the existing data."""
        zh = f"“{self.column}”与{self.organ}《{self.data}》的“{self.item}”相同，全市已有，不得重复采集。"
        en = f"“{self.column}” is held already: “{self.item}” in “{self.data}” of {self.organ}."
        if not self.refused:
            zh = f"“{self.column}”与{self.organ}《{self.data}》的“{self.item}”相近，请先看能否预填。"
            en = f"“{self.column}” resembles “{self.item}” in “{self.data}” of {self.organ}; can it be pre-filled?"
        return Text(zh, en)


class Outcome(StrEnum):
    """报送结果: what became of cells that were sent."""

    APPLIED = "applied"
    MERGED = "merged"
    """Somebody else had changed other cells of the row; both are kept."""
    CONFLICT = "conflict"
    """Somebody else had changed the same cells to something else; kept until decided."""


@dataclass(frozen=True, slots=True)
class Clash:
    """冲突单元格: three versions of one cell."""

    column: str
    before: str
    mine: str
    theirs: str

    def to_dict(self) -> dict[str, str]:
        return {"column": self.column, "before": self.before, "mine": self.mine, "theirs": self.theirs}


@dataclass(frozen=True, slots=True)
class Sent:
    """What an action of collection answers, in plain values so that a key sent twice gets the same answer."""

    outcome: str
    row: dict[str, Any]
    submission: int
    clashes: list[dict[str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome, "row": self.row,
            "submission": self.submission, "clashes": list(self.clashes),
        }  # fmt: skip
