"""Values of sharing: what can be asked for, what is asked, what is granted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from quancheng.core.exchange import Mask, Mode, ShareType
from quancheng.core.text import Text

NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be asked for (可申请字段). ``share`` of the column may be stricter than the entry's."""

    name: str
    text: Text
    share: ShareType
    personal: bool = False
    level: int = 1


@dataclass(frozen=True, slots=True)
class Holding:
    """A catalogue entry as sharing sees it (可共享资源). ``table_id`` empty: no table of the platform."""

    code: str
    text: Text
    provider: str
    """Code of the department."""
    share: ShareType
    columns: tuple[Column, ...]
    table_id: str = ""
    abstract: Text = NOTHING
    condition: str = ""
    basis: str = ""
    simulated: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Names of its columns."""
        return frozenset(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a consumer asks for (申请内容); ``condition`` is the core's JSON."""

    resource: str
    fields: tuple[str, ...]
    purpose: str
    basis_title: str
    basis_clause: str
    way: str
    starts: date
    ends: date
    calls_per_day: int = 1000
    condition: Any = None
    rows_note: str = ""
    contact: str = ""
    renews: str = ""
    """Number of the grant this continues; empty for a new one."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a provider gives (授权内容): never wider than what was asked."""

    fields: dict[str, Mask]
    ends: date
    calls_per_day: int
    rows_per_call: int = 100
    rows_per_day: int = 10_000
    rate_per_second: float = 20.0
    condition: Any = None
    search: tuple[str, ...] = ()
    hours: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    case_required: bool = False
    modes: tuple[Mode, ...] = field(default=())
    """Empty: what the way of sharing needs."""


MODES = {
    "api": (Mode.QUERY,),
    "table": (Mode.SUBSCRIPTION, Mode.BATCH),
    "file": (Mode.BATCH,),
    "subscription": (Mode.SUBSCRIPTION,),
}
"""Modes of a grant by the way that was asked for."""
