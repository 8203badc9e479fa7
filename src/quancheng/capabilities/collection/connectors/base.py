"""共同约定: what a connector is asked and what it gives; rows on their way become lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from quancheng.core.text import Text

Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """来源: as lineage calls it (OpenLineage naming: ``postgres://host:port`` + ``database.schema.table``)."""

    namespace: str
    name: str


@dataclass(slots=True)
class Delivered:
    """一次取数: the content in pieces; ``cursor`` is asked after the last piece.

    ``trace`` fills while pieces are read: one line for each request of an interface or robot.
    """

    name: str
    pieces: Iterator[bytes]
    source: Source
    cursor: Callable[[], dict[str, Any]] = dict
    trace: list[dict[str, Any]] = field(default_factory=list)


class SourceKind(Protocol):
    """What every connector is: a class without state."""

    secrets: tuple[str, ...]
    """Names of the secrets it needs; they never stand among its settings."""

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """What is wrong with settings, by field."""
        ...

    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Any
    ) -> AbstractContextManager[Delivered | None]:
        """Connect; ``None`` when the source says that nothing is new. Raises PartnerFailed, Forbidden."""
        ...


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Rows as lines of JSON (NDJSON), a hundred a piece."""
    waiting: list[str] = []
    for row in rows:
        waiting.append(json.dumps(dict(row), ensure_ascii=False, default=_plain, allow_nan=False))
        if len(waiting) >= 100:
            yield ("\n".join(waiting) + "\n").encode("utf-8", "replace")
            waiting = []
    if waiting:
        yield ("\n".join(waiting) + "\n").encode("utf-8", "replace")


def _plain(value: object) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple | set):
        return list(value)
    return str(value)


def finite(value: Any) -> Any:
    """A value that JSON has: NaN and infinities of databases become their names, which no number column takes."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


def missing(settings: Mapping[str, Any], *names: str) -> dict[str, Text]:
    """Faults of settings that must not be empty."""
    return {
        name: Text("请填写。", "Please fill this in.")
        for name in names
        if not str(settings.get(name, "")).strip()
    }
