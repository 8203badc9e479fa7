"""Tables of the lake, declared in code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound
from quancheng.kernel.store.errors import BadBatch

PartitionKind = Literal["hour", "day", "month", "text"]

_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62})?")
_PARTITIONS: Mapping[PartitionKind, tuple[str, re.Pattern[str]]] = {
    "hour": ("%Y-%m-%dT%H", re.compile(r"\d{4}-\d\d-\d\dT\d\d")),
    "day": ("%Y-%m-%d", re.compile(r"\d{4}-\d\d-\d\d")),
    "month": ("%Y-%m", re.compile(r"\d{4}-\d\d")),
    "text": ("", re.compile(r"[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff=_.-]{0,99}")),
}
_specs: dict[str, TableSpec] = {}


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What a table holds and how its files are ordered and divided."""

    name: str
    schema: pa.Schema
    sort: tuple[str, ...]
    partition: PartitionKind
    upkeep: bool = True
    """False: its owner joins its files itself; the nightly compaction passes it by."""

    def partition_of(self, moment: datetime) -> str:
        """The partition of a moment, by local time of the city; ValueError for text partitions."""
        pattern = _PARTITIONS[self.partition][0]
        if not pattern:
            raise ValueError(f"{self.name}: text partitions have no moment 该表不按时间分区")
        return moment.astimezone(clock.LOCAL).strftime(pattern)

    def check_partition(self, partition: str) -> None:
        """Raise :class:`BadBatch` unless the partition is named as this table names them."""
        if not _PARTITIONS[self.partition][1].fullmatch(partition):
            raise BadBatch(
                Text(
                    f"表 {self.name} 按 {self.partition} 分区，“{partition}”不是这样的分区名。",
                    f"Table {self.name} is partitioned by {self.partition};"
                    f" {partition!r} is not such a partition.",
                )
            )

    def columns(self) -> dict[str, str]:
        """Type by column name, as remembered in the manifest."""
        return {field.name: str(field.type) for field in self.schema}


def define(
    name: str,
    schema: pa.Schema,
    sort: tuple[str, ...] = ("stream", "time"),
    partition: PartitionKind = "day",
    upkeep: bool = True,
) -> TableSpec:
    """Declare a table; declaring it again the same way is harmless.

    ``upkeep=False`` for a table whose owner joins its files itself, to an order or with a lineage
    that plain compaction would destroy.

    Raises ValueError for a bad name, an unknown sort column or a second, different declaration.
    Later releases may add nullable columns, nothing else.
    """
    if not _TABLE_NAME.fullmatch(name):
        raise ValueError(f"table name {name!r}: lower-case identifier, one dot allowed 表名不合规")
    if partition not in _PARTITIONS:
        raise ValueError(f"partition {partition!r} is none of {sorted(_PARTITIONS)} 分区方式未知")
    if missing := [column for column in sort if column not in schema.names]:
        raise ValueError(f"{name}: sort columns {missing} are not in the schema 排序列不在表中")
    if len(set(schema.names)) != len(schema.names):
        raise ValueError(f"{name}: column names repeat 列名重复")
    spec = TableSpec(name, schema.remove_metadata(), tuple(sort), partition, upkeep)
    known = _specs.setdefault(name, spec)
    if known != spec:
        raise ValueError(f"{name} was declared differently before 同名表声明不一致")
    return known


def spec_of(name: str) -> TableSpec:
    """The declaration of a table; raises NotFound and names those there are."""
    try:
        return _specs[name]
    except KeyError:
        known = "、".join(sorted(_specs)) or "-"
        raise NotFound(
            Text(f"没有名为 {name} 的表，现有:{known}。", f"No table {name}; there are: {known}.")
        ) from None


def tables() -> Mapping[str, TableSpec]:
    """All declared tables by name."""
    return MappingProxyType(_specs)


def partition_of(table: str, moment: datetime) -> str:
    """The partition of a table a moment belongs to."""
    return spec_of(table).partition_of(moment)
