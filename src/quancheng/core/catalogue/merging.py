"""三方合并: two people, or two nodes, changed the same entry since a common version.

What only one side changed is taken; what both changed alike is taken once; what both changed
differently is a conflict, shown with all three values. Lists without order are merged member by
member, items and distributions attribute by attribute; removing what the other side changed is a
conflict. The result is independent of which side is called which, but for the order of lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from quancheng.core.catalogue.paths import KEYED, SETS, Path, label_of, leaves, rebuild
from quancheng.core.catalogue.values import Resource
from quancheng.core.catalogue.versions import version_key
from quancheng.core.text import Text

__all__ = ["Conflict", "Merge", "Side", "merge"]


class Side(Enum):
    """Whose value (一方)."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both changed it, differently (冲突): JSON values, ``None`` for "removed" of a whole member."""

    path: Path
    base: Any
    ours: Any
    theirs: Any

    @property
    def text(self) -> Text:
        """The conflict in a sentence (冲突说明)."""
        label = label_of(self.path if len(self.path) != 2 else self.path[:1])
        name = f"“{self.path[1]}”" if len(self.path) == 2 else ""
        return Text(
            f"双方都修改了{label.zh}{name}，且不一致。", f"Both sides changed {label.en} {name} differently."
        )


@dataclass(frozen=True, slots=True)
class Merge:
    """合并结果: ``resource`` is ``None`` while a conflict waits for a decision."""

    resource: Resource | None
    conflicts: tuple[Conflict, ...]


def merge(
    base: Resource,
    ours: Resource,
    theirs: Resource,
    decisions: Mapping[Path, Side] | None = None,
    prefer: Side | None = None,
) -> Merge:
    """Merge two versions over their common one (三方合并).

    ``decisions`` settle conflicts by path, ``prefer`` all others ("source wins" of a cascade: the
    source's side). All conflicts are listed, settled or not.
    """
    work = _Work(leaves(base), leaves(ours), leaves(theirs), decisions or {}, prefer)
    for path in sorted(work.base.keys() | work.ours.keys() | work.theirs.keys()):
        if len(path) == 1 and path[0] not in KEYED:
            work.leaf(path)
    for name in KEYED:
        work.members(name)
    merged = rebuild(work.merged) if work.settled else None
    return Merge(merged, tuple(work.conflicts))


class _Work:
    def __init__(
        self,
        base: dict[Path, Any],
        ours: dict[Path, Any],
        theirs: dict[Path, Any],
        decisions: Mapping[Path, Side],
        prefer: Side | None,
    ) -> None:
        self.base, self.ours, self.theirs = base, ours, theirs
        self.decisions, self.prefer = decisions, prefer
        self.merged: dict[Path, Any] = {}
        self.conflicts: list[Conflict] = []
        self.settled = True

    def leaf(self, path: Path) -> None:
        base, ours, theirs = _at(self.base, path), _at(self.ours, path), _at(self.theirs, path)
        if ours == theirs or theirs == base:
            self.merged[path] = ours
        elif ours == base:
            self.merged[path] = theirs
        elif path[0] in SETS:
            self.merged[path] = _sets(base or [], ours, theirs)
        elif path in _LATER:
            self.merged[path] = max(ours, theirs, key=_LATER[path])
        elif path == ("classes",) and _home_agrees(base, ours, theirs):
            self.merged[path] = _classes(base, ours, theirs)
        else:
            side = self.decide(path, base, ours, theirs)
            self.merged[path] = theirs if side is Side.THEIRS else ours

    def members(self, name: str) -> None:
        base, ours, theirs = self.base[(name,)], self.ours[(name,)], self.theirs[(name,)]
        kept: list[str] = []
        for key in _order(base, ours, theirs):
            if self.stays(name, key):
                kept.append(key)
                attributes = [
                    path
                    for path in self.ours.keys() | self.theirs.keys()
                    if path[:2] == (name, key) and len(path) == 3
                ]
                for path in sorted(attributes):
                    self.attribute(path)
        self.merged[(name,)] = kept

    def attribute(self, path: Path) -> None:
        if path not in self.ours or path not in self.theirs:
            self.merged[path] = self.ours.get(path, self.theirs.get(path))
        else:
            self.leaf(path)

    def stays(self, name: str, key: str) -> bool:
        had, we, they = (key in side[(name,)] for side in (self.base, self.ours, self.theirs))
        if we and they:
            return True
        if not had:
            return we or they
        if not we and not they:
            return False
        changed = self.ours if we else self.theirs
        if _member(changed, name, key) == _member(self.base, name, key):
            return False
        side = self.decide(
            (name, key), *(_member(side, name, key) for side in (self.base, self.ours, self.theirs))
        )
        return we if side is Side.OURS else they

    def decide(self, path: Path, base: Any, ours: Any, theirs: Any) -> Side:
        self.conflicts.append(Conflict(path, base, ours, theirs))
        side = self.decisions.get(path, self.prefer)
        if side is None:
            self.settled = False
            return Side.OURS
        return side


def _at(side: Mapping[Path, Any], path: Path) -> Any:
    return side.get(path)


def _member(side: Mapping[Path, Any], name: str, key: str) -> dict[str, Any] | None:
    if key not in side[(name,)]:
        return None
    return {path[2]: value for path, value in side.items() if path[:2] == (name, key) and len(path) == 3}


def _order(base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    """The order of the side that sorted; what the other side has more goes behind its neighbour."""
    first, second = (
        (theirs, ours) if [k for k in ours if k in base] == [k for k in base if k in ours] else (ours, theirs)
    )
    order = list(first)
    for place, key in enumerate(second):
        if key not in order:
            before = next((k for k in reversed(second[:place]) if k in order), None)
            order.insert(order.index(before) + 1 if before is not None else 0, key)
    return order


def _sets(base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    gone = (set(base) - set(ours)) | (set(base) - set(theirs))
    return [one for one in dict.fromkeys([*ours, *theirs]) if one not in gone]


def _home_agrees(base: Any, ours: Any, theirs: Any) -> bool:
    homes = [side[0] if side else "" for side in (base, ours, theirs)]
    return homes[1] == homes[2] or homes[0] in homes[1:]


def _classes(base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    moved = theirs if (ours and base and ours[0] == base[0]) else ours
    home = moved[:1]
    return home + [one for one in _sets(base, ours, theirs) if one not in home]


_LATER: dict[Path, Any] = {("version",): version_key, ("modified",): str}
