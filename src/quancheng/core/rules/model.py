"""参数与规则: what one dated parameter is, and the administrative region it holds for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite

from quancheng.core.rules.errors import InvalidRegion, RuleValueType
from quancheng.core.text import Text

__all__ = ["NATIONAL", "Rule", "RuleTable", "freeze", "region_prefix", "thaw"]

NATIONAL = "000000"


def region_prefix(code: str) -> str:
    """Significant part of an administrative code (行政区划代码的有效前缀).

    GB/T 2260: province, city and district of two digits each, zeros for "all of it"; GB/T 10114:
    three more for the street or town, three more for the community. "000000" is the nation and
    has the empty prefix; "370100" gives "3701"; "370102000" is the district 370102.
    """
    if len(code) not in (6, 9, 12) or not (code.isascii() and code.isdigit()):
        raise InvalidRegion(code)
    parts = [code[0:2], code[2:4], code[4:6], code[6:9], code[9:12]]
    while parts and not parts[-1].strip("0"):
        parts.pop()
    return "".join(parts)


class RuleTable(Mapping[str, object]):
    """A table value that cannot be changed (表值): a mapping of frozen values."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, object]) -> None:
        self._items: dict[str, object] = {key: freeze(item) for key, item in items.items()}

    def __getitem__(self, key: str) -> object:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"RuleTable({self._items!r})"


def freeze(value: object) -> object:
    """Make a TOML value immutable; refuse what a rule may not hold (冻结取值)."""
    if isinstance(value, Mapping):
        return RuleTable({str(key): item for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, float) and not isfinite(value):
        raise RuleValueType("a rule's number must be finite")
    if isinstance(value, bool | int | float | str) or type(value) is date:
        return value
    raise RuleValueType(f"a rule cannot hold a {type(value).__name__}")


def thaw(value: object) -> object:
    """Plain lists and dicts of a frozen value, for JSON (还原取值)."""
    if isinstance(value, RuleTable):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Rule:
    """One value of a parameter, in one region, for one period, by one authority (参数).

    ``valid_to`` is exclusive; ``None`` leaves the end open. ``simulated`` marks a value made up for
    demonstration (模拟), which every page must show as such.
    """

    id: str
    name: Text
    value: object
    authority: str
    region: str
    valid_from: date
    citation: str
    valid_to: date | None = None
    unit: str = ""
    note: str = ""
    simulated: bool = False
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", freeze(self.value))
        region_prefix(self.region)
        for key in ("id", "authority", "citation"):
            if not getattr(self, key).strip():
                raise ValueError(f"{key} must not be empty")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from: it is the first day without effect")

    @property
    def prefix(self) -> str:
        """Significant part of the region; the longer, the more specific (区划前缀)."""
        return region_prefix(self.region)

    def in_force(self, on: date) -> bool:
        """Whether the rule is in force on a day (是否有效)."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    def covers(self, region: str) -> bool:
        """Whether the rule's region is or contains a region (是否覆盖该区域)."""
        return region_prefix(region).startswith(self.prefix)

    def overlaps(self, other: Rule) -> bool:
        """Whether both are in force on some common day (有效期是否重叠)."""
        return (other.valid_to is None or self.valid_from < other.valid_to) and (
            self.valid_to is None or other.valid_from < self.valid_to
        )

    def superseded_by(self, other: Rule) -> bool:
        """Whether a later rule replaces this open-ended one (新的规定优先).

        《立法法》第一百零三条: between provisions *of the same organ* the new one prevails. So it
        needs the same authority and region, an open end here and a later start there. A stated
        end that reaches into the other's time is a contradiction instead.
        """
        return (
            self.id == other.id
            and self.prefix == other.prefix
            and self.authority == other.authority
            and self.valid_to is None
            and self.valid_from < other.valid_from
        )

    def conflicts_with(self, other: Rule) -> bool:
        """Whether two rules say different things with equal right (规则冲突)."""
        return (
            self.id == other.id
            and self.prefix == other.prefix
            and self.overlaps(other)
            and not self.superseded_by(other)
            and not other.superseded_by(self)
        )

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON and evidence (转为普通字典)."""
        return {
            "id": self.id,
            "name": self.name.to_dict(),
            "value": thaw(self.value),
            "unit": self.unit,
            "authority": self.authority,
            "region": self.region,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
            "citation": self.citation,
            "note": self.note,
            "simulated": self.simulated,
        }

    def label(self) -> str:
        """Short reference for messages (简称)."""
        end = "" if self.valid_to is None else self.valid_to.isoformat()
        return f"{self.id}@{self.region} {self.valid_from.isoformat()}..{end}"
