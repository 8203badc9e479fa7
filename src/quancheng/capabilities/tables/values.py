"""Values of data tables 数据表: columns, schemas, what a change did, what was found.

Kinds of columns and what holds them (Arrow types, which Parquet, DuckDB and JSON follow):

===========================  ======================  ============================================
``core.tabular.Kind``        Arrow                   notes
===========================  ======================  ============================================
INTEGER                      int64                   at most 18 digits
DECIMAL                      decimal128(38, 10)      more than ten decimals are rounded half even;
                                                     never a float: sums of money stay exact
DATE                         date32
DATETIME                     timestamp[us, UTC]      without a zone it is the city's local time
BOOLEAN                      bool
TEXT RESIDENT_ID USCC PHONE  string                  leading zeros stay; geometry is WKT or GeoJSON text
===========================  ======================  ============================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import pyarrow as pa

from quancheng.core.exchange import FieldType
from quancheng.core.tabular import Field, Kind, Schema
from quancheng.core.text import Text

_ARROW: dict[Kind, pa.DataType] = {
    Kind.INTEGER: pa.int64(),
    Kind.DECIMAL: pa.decimal128(38, 10),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("us", tz="UTC"),
    Kind.BOOLEAN: pa.bool_(),
}
_FIELD_TYPES: dict[Kind, FieldType] = {
    Kind.INTEGER: FieldType.INTEGER,
    Kind.DECIMAL: FieldType.DECIMAL,
    Kind.DATE: FieldType.DATE,
    Kind.DATETIME: FieldType.MOMENT,
    Kind.BOOLEAN: FieldType.BOOLEAN,
}


def arrow_type(kind: Kind) -> pa.DataType:
    """The Arrow type that holds a kind of column (列的存储类型)."""
    return _ARROW.get(kind, pa.string())


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column (列). ``level`` is the class of the data, 1 (open) … 4; ``personal`` columns are masked."""

    name: str
    kind: Kind = Kind.TEXT
    zh: str = ""
    en: str = ""
    required: bool = False
    level: int = 1
    personal: bool = False

    @property
    def text(self) -> Text:
        """Its name for people."""
        return Text(self.zh or self.name, self.en or self.name)

    def to_json(self) -> dict[str, Any]:
        """As kept in the data base and shown by the API."""
        return {
            "name": self.name, "kind": str(self.kind), "zh": self.zh, "en": self.en,
            "required": self.required, "level": self.level, "personal": self.personal,
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ColumnSpec:
        """From its JSON form; ValueError for an unknown kind."""
        return cls(
            str(raw["name"]), Kind(raw.get("kind", "text")), str(raw.get("zh", "")), str(raw.get("en", "")),
            bool(raw.get("required", False)), int(raw.get("level", 1)), bool(raw.get("personal", False)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableSchema:
    """Columns in order and the names of those that identify a row (表结构)."""

    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnSpec | None:
        """A column by its name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def personal(self) -> frozenset[str]:
        """Names of the columns about persons."""
        return frozenset(column.name for column in self.columns if column.personal)

    def tabular(self) -> Schema:
        """For ``core.tabular``: key columns count as required."""
        key = set(self.key)
        fields = (Field(c.name, c.kind, c.required or c.name in key) for c in self.columns)
        return Schema(tuple(fields), self.key)

    def arrow(self) -> pa.Schema:
        """For the files."""
        return pa.schema([pa.field(c.name, arrow_type(c.kind)) for c in self.columns])

    def field_types(self) -> dict[str, FieldType]:
        """For ``core.exchange.check`` of a condition."""
        return {c.name: _FIELD_TYPES.get(c.kind, FieldType.TEXT) for c in self.columns}

    def to_json(self) -> dict[str, Any]:
        """As kept in the data base and shown by the API."""
        return {"columns": [column.to_json() for column in self.columns], "key": list(self.key)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> TableSchema:
        """From its JSON form."""
        return cls(tuple(ColumnSpec.from_json(one) for one in raw["columns"]), tuple(raw["key"]))


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What is known of a table without opening its files (表信息)."""

    table_id: str
    name: str
    zh: str
    en: str
    owner: str
    """Code of the department."""
    schema: TableSchema
    version: int
    rows: int
    updated_at: datetime
    simulated: bool = False

    @property
    def text(self) -> Text:
        """Its name for people."""
        return Text(self.zh, self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change did (变更结果). ``version`` is the table's after it; nothing touched: the same as before."""

    version: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def touched(self) -> int:
        """Keys whose row is another than before."""
        return self.inserted + self.updated + self.deleted


class ChangeKind(StrEnum):
    """变更类型."""

    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class RowChange:
    """The net change of one key between two versions (行变更). ``row`` is None for a deletion."""

    version: int
    kind: ChangeKind
    key: tuple[Any, ...]
    row: dict[str, Any] | None


class Total(StrEnum):
    """How exactly a search counts (计数方式)."""

    EXACT = "exact"
    ESTIMATE = "estimate"
    """Exact up to a bound; beyond it "at least"."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a search (检索结果). ``next`` is the offset of the rows after them, as text; None at the end."""

    rows: list[dict[str, Any]]
    total: int | None
    total_estimated: bool
    next: str | None
    fields: Sequence[str] = field(default=())
