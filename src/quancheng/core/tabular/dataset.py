"""数据集: what a module of the platform offers to be collected; the contract of ``datasets.py``.

A module that owns rows worth collecting has a room ``datasets.py`` with ``DATASETS``, a sequence of
:class:`Dataset`. Modules below the collecting one cannot import it, so the contract lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from quancheng.core.tabular.kinds import Kind, Typed
from quancheng.core.tabular.schema import Field, Schema

__all__ = ["Column", "Dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a dataset (信息项). ``level``: 1 the least … 4 the most sensitive (数据分级)."""

    name: str
    kind: Kind
    zh: str
    en: str
    required: bool = False
    level: int = 1
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One dataset (数据集): ``owner`` is a department code of the city profile.

    ``rows(since)`` gives mappings of column names to values, ordered by ``key``. With ``since`` it may
    leave out what did not change after that moment, if ``incremental``; then nothing is ever said about
    deleted rows. Otherwise it always gives all rows, and what is missing is gone.
    """

    name: str
    zh: str
    en: str
    owner: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: Callable[[datetime | None], Iterator[Mapping[str, Typed]]]
    incremental: bool = False
    simulated: bool = False

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError(f"dataset {self.name} has no key")
        self.schema()  # refuses doubled names and keys that are no columns

    def schema(self) -> Schema:
        """Its columns as a schema (模式)."""
        required = set(self.key)
        return Schema(
            tuple(Field(one.name, one.kind, one.required or one.name in required) for one in self.columns),
            self.key,
        )
