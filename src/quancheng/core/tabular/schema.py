"""模式与漂移: what columns a table has, and what changed between two deliveries of it.

A change is never applied by itself: whatever touches the meaning of a column is held until a person
decides (the capability keeps the decision).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from quancheng.core.tabular.kinds import Kind
from quancheng.core.text import Text

__all__ = ["Change", "Drift", "DriftKind", "Field", "Schema", "drift"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column (字段)."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in order, and the names of those that identify a row (模式)."""

    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError("a schema names a column twice")
        if not set(self.key) <= set(names):
            raise ValueError("a key names a column that is not there")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(field.name for field in self.fields)

    @property
    def key_columns(self) -> tuple[int, ...]:
        """Indexes of the key's columns, in the key's order."""
        return tuple(self.names.index(name) for name in self.key)


class DriftKind(StrEnum):
    """What happened to a column (变化类别). ``REORDERED`` is harmless: columns go by name."""

    ADDED = "added"
    MISSING = "missing"
    RENAMED = "renamed"
    WIDENED = "widened"
    TYPE_CHANGED = "type_changed"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class Change:
    """One change (变化). ``likeness`` is 0..1 for a guessed renaming, 1 otherwise."""

    kind: DriftKind
    before: Field | None
    after: Field | None
    likeness: float = 1.0

    @property
    def breaking(self) -> bool:
        """Whether rows of the new shape cannot be kept in the old one (破坏性变化)."""
        return self.kind in (DriftKind.MISSING, DriftKind.RENAMED, DriftKind.TYPE_CHANGED)

    @property
    def text(self) -> Text:
        """The change in words."""
        old = self.before or self.after
        new = self.after or self.before
        assert old and new
        a, b = f"“{old.name}”", f"“{new.name}”"
        kinds = f"{old.kind.value} → {new.kind.value}"
        return {
            DriftKind.ADDED: Text(f"新增列{b}。", f"Column {b} is new."),
            DriftKind.MISSING: Text(f"缺少列{a}。", f"Column {a} is missing."),
            DriftKind.RENAMED: Text(f"列{a}疑似改名为{b}。", f"Column {a} seems to be called {b} now."),
            DriftKind.WIDENED: Text(f"列{b}的类型放宽：{kinds}。", f"Column {b} became wider: {kinds}."),
            DriftKind.TYPE_CHANGED: Text(
                f"列{b}的类型改变：{kinds}。", f"Column {b} changed its type: {kinds}."
            ),
            DriftKind.REORDERED: Text("列的顺序改变。", "The columns have another order."),
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Drift:
    """All changes between two schemas (模式漂移)."""

    changes: tuple[Change, ...]

    @property
    def held(self) -> bool:
        """Whether a person has to decide before anything is applied (待决)."""
        return any(change.kind is not DriftKind.REORDERED for change in self.changes)

    @property
    def breaking(self) -> bool:
        """Whether any change is breaking."""
        return any(change.breaking for change in self.changes)


_WIDER = {
    Kind.INTEGER: {Kind.DECIMAL, Kind.TEXT},
    Kind.DECIMAL: {Kind.TEXT},
    Kind.DATE: {Kind.DATETIME, Kind.TEXT},
    Kind.DATETIME: {Kind.TEXT},
    Kind.BOOLEAN: {Kind.TEXT},
    Kind.RESIDENT_ID: {Kind.TEXT},
    Kind.USCC: {Kind.TEXT},
    Kind.PHONE: {Kind.TEXT},
    Kind.TEXT: set(),
}


def drift(before: Schema, after: Schema, *, likeness: float = 0.5) -> Drift:
    """Compare two schemas by column names (比较模式).

    A missing and an added column of compatible kinds whose likeness reaches the threshold are proposed
    as one renaming: Ratcliff/Obershelp similarity of the names, and half of what is missing to 1 if the
    column stands in the same position. The best pairs are taken first.
    """
    old = {field.name: (at, field) for at, field in enumerate(before.fields)}
    new = {field.name: (at, field) for at, field in enumerate(after.fields)}
    missing = [item for name, item in old.items() if name not in new]
    added = [item for name, item in new.items() if name not in old]
    renamed = _pairs(missing, added, likeness)
    changes = list(renamed)
    gone = {change.before for change in renamed}
    come = {change.after for change in renamed}
    changes += [Change(DriftKind.MISSING, field, None) for _, field in missing if field not in gone]
    changes += [Change(DriftKind.ADDED, None, field) for _, field in added if field not in come]
    for name in before.names:
        if name in new and old[name][1].kind is not new[name][1].kind:
            wider = new[name][1].kind in _WIDER[old[name][1].kind]
            kind = DriftKind.WIDENED if wider else DriftKind.TYPE_CHANGED
            changes.append(Change(kind, old[name][1], new[name][1]))
    if [name for name in before.names if name in new] != [name for name in after.names if name in old]:
        changes.append(Change(DriftKind.REORDERED, before.fields[0], after.fields[0]))
    return Drift(tuple(changes))


def _pairs(
    missing: Sequence[tuple[int, Field]], added: Sequence[tuple[int, Field]], threshold: float
) -> list[Change]:
    scored = sorted(
        (
            (_likeness(a, b), -a[0], -b[0], a[1], b[1])
            for a in missing
            for b in added
            if a[1].kind is b[1].kind or b[1].kind in _WIDER[a[1].kind]
        ),
        key=lambda item: item[:3],
        reverse=True,
    )
    taken: set[Field] = set()
    changes = []
    for score, _, _, a, b in scored:
        if score >= threshold and a not in taken and b not in taken:
            taken |= {a, b}
            changes.append(Change(DriftKind.RENAMED, a, b, round(score, 3)))
    return changes


def _likeness(a: tuple[int, Field], b: tuple[int, Field]) -> float:
    score = SequenceMatcher(None, a[1].name, b[1].name, autojunk=False).ratio()
    return score + (1 - score) / 2 if a[0] == b[0] else score
