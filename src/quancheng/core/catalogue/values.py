"""目录条目: what a catalogue holds; values without opinion, judged by :mod:`checking`.

One :class:`Resource` is one entry of the catalogue (信息资源) with the core metadata of
《政务信息资源目录编制指南（试行）》 and its :class:`Item` columns (信息项). :class:`DutyItem` is a line of
the duty list (权责清单) that says which data ought to exist, :class:`Demand` one that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from quancheng.core.catalogue.terms import (
    DataType,
    DemandState,
    DistributionKind,
    Level,
    Openness,
    ShareMode,
    ShareType,
    UpdateCycle,
)
from quancheng.core.text import Text

__all__ = ["Demand", "Distribution", "DutyItem", "Item", "Organ", "Resource"]


@dataclass(frozen=True, slots=True)
class Organ:
    """资源提供方: an organ and its code (统一社会信用代码, GB 32100)."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class Item:
    """信息项: one column of a resource.

    ``field`` is its name in the data and its identity inside the resource; ``length`` is in
    characters or digits, ``None`` where the type has none. ``share``, ``openness`` and ``level``
    as ``None`` follow the resource; :mod:`restriction` says what is then in force.
    """

    field: str
    name: Text
    type: DataType
    length: int | None = None
    share: ShareType | None = None
    openness: Openness | None = None
    level: Level | None = None
    personal: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """挂接资源: a form in which the data can be had. ``id`` is unique in the resource.

    ``format`` is a short name such as ``CSV``; ``size`` in bytes; ``sha256`` of the file in hex.
    """

    id: str
    kind: DistributionKind
    name: Text
    format: str
    url: str
    size: int | None = None
    sha256: str = ""
    modified: date | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """信息资源: one entry of the catalogue.

    ``classes`` are codes of the class tree, the home class first, others make it appear in more
    views; ``duties`` are codes of the duty list that the data comes from; ``related`` are codes of
    other resources. ``share_basis`` is the law or policy that allows not to share.
    """

    code: str
    name: Text
    provider: Organ
    abstract: Text
    classes: tuple[str, ...]
    formats: tuple[str, ...]
    share: ShareType
    openness: Openness
    level: Level
    cycle: UpdateCycle
    issued: date
    modified: date
    items: tuple[Item, ...] = ()
    share_condition: str = ""
    share_basis: str = ""
    share_modes: tuple[ShareMode, ...] = ()
    open_condition: str = ""
    related: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    version: str = "1.0.0"

    def item(self, field: str) -> Item | None:
        """The column of a name, or ``None`` (按字段名取信息项)."""
        return next((item for item in self.items if item.field == field), None)


@dataclass(frozen=True, slots=True)
class DutyItem:
    """权责清单事项: a duty of an organ; ``yields_data`` if doing it makes data worth cataloguing."""

    code: str
    name: Text
    organ: str
    yields_data: bool = True
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """数据需求: who wants which data for which duty; ``resource`` once one was found."""

    id: str
    name: Text
    organ: str
    purpose: str
    basis: str
    items: tuple[str, ...] = ()
    state: DemandState = DemandState.OPEN
    resource: str = ""
