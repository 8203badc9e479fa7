"""比对: two lists against each other, by key or by name and date of birth. Purely.

Counts add up: left = only left + differing + same + doubled or keyless left, and so for the right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from quancheng.core.linkage import forms, jaro_winkler, one_to_one

Row = Mapping[str, str]


class Side(StrEnum):
    """比对结果类别."""

    LEFT = "left"
    RIGHT = "right"
    DIFFERING = "differing"
    SAME = "same"
    UNSURE = "unsure"
    """Rows that could not be compared: no key, a key that stands twice, several equally likely partners."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How rows find each other. ``key``: pairs of column names (left, right); or ``name`` and ``birth``
    (each a pair) with ``least`` likeness of names."""

    key: tuple[tuple[str, str], ...] = ()
    name: tuple[str, str] | None = None
    birth: tuple[str, str] | None = None
    least: float = 0.85


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the result. ``cells``: names of the columns that differ. ``why`` for what is unsure."""

    side: Side
    key: str
    left: Row | None
    right: Row | None
    cells: tuple[str, ...] = ()
    likeness: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures that add up."""

    left: int = 0
    right: int = 0
    only_left: int = 0
    only_right: int = 0
    differing: int = 0
    same: int = 0
    unsure_left: int = 0
    unsure_right: int = 0

    @property
    def sound(self) -> bool:
        """Whether every row of both lists is in exactly one class."""
        both = self.differing + self.same
        return (
            self.left == self.only_left + both + self.unsure_left
            and self.right == self.only_right + both + self.unsure_right
        )

    def to_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Tally:
    figures: dict[str, int] = field(default_factory=dict)

    def add(self, name: str) -> None:
        self.figures[name] = self.figures.get(name, 0) + 1


def compare(
    left: Sequence[Row], right: Sequence[Row], matching: Matching, columns: Sequence[tuple[str, str]]
) -> tuple[list[Compared], Counts]:
    """Compare two lists; ``columns`` are pairs of names whose cells are compared (the left one names it)."""
    if matching.key:
        lines = _by_key(left, right, matching.key, columns)
    else:
        lines = _by_name(left, right, matching, columns)
    found = list(lines)
    tally = _Tally()
    for one in found:
        match one.side:
            case Side.LEFT:
                tally.add("only_left")
            case Side.RIGHT:
                tally.add("only_right")
            case Side.UNSURE:
                tally.add("unsure_left" if one.left is not None else "unsure_right")
            case _:
                tally.add(one.side.value)
    return found, Counts(left=len(left), right=len(right), **tally.figures)


def plain(text: str) -> str:
    """A cell as it is compared: half-width, without spare white space."""
    return forms.PLAIN.make(text) or ""


def _by_key(
    left: Sequence[Row],
    right: Sequence[Row],
    key: Sequence[tuple[str, str]],
    columns: Sequence[tuple[str, str]],
) -> Iterator[Compared]:
    ours, unsure_ours = _indexed(left, [one for one, _ in key])
    others, unsure_others = _indexed(right, [one for _, one in key])
    doubled = unsure_ours.keys() | unsure_others.keys()
    for name, rows in unsure_ours.items():
        yield from (Compared(Side.UNSURE, name, row, None, why=_why(name)) for row in rows)
    for name, rows in unsure_others.items():
        yield from (Compared(Side.UNSURE, name, None, row, why=_why(name)) for row in rows)
    for name, row in ours.items():
        if name in doubled:
            yield Compared(Side.UNSURE, name, row, None, why="doubled")
        elif name in others:
            yield _pair(name, row, others[name], columns)
        else:
            yield Compared(Side.LEFT, name, row, None)
    for name, row in others.items():
        if name in doubled:
            yield Compared(Side.UNSURE, name, None, row, why="doubled")
        elif name not in ours:
            yield Compared(Side.RIGHT, name, None, row)


def _why(name: str) -> str:
    return "doubled" if name else "no_key"


def _indexed(rows: Sequence[Row], names: Sequence[str]) -> tuple[dict[str, Row], dict[str, list[Row]]]:
    """Rows by key, and those whose key is missing ("") or stands twice."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        parts = [plain(row.get(name, "")) for name in names]
        found.setdefault("\u241f".join(parts) if all(parts) else "", []).append(row)
    doubled = {name: same for name, same in found.items() if not name or len(same) > 1}
    return {name: same[0] for name, same in found.items() if name not in doubled}, doubled


def _pair(
    key: str, left: Row, right: Row, columns: Sequence[tuple[str, str]], alike: float = 1.0
) -> Compared:
    cells = tuple(a for a, b in columns if plain(left.get(a, "")) != plain(right.get(b, "")))
    side = Side.DIFFERING if cells else Side.SAME
    return Compared(side, key.replace("\u241f", " / "), left, right, cells, alike)


def _by_name(
    left: Sequence[Row], right: Sequence[Row], how: Matching, columns: Sequence[tuple[str, str]]
) -> Iterator[Compared]:
    """Name and date of birth: names alike among those born on one day; each row has one partner at most."""
    assert how.name is not None and how.birth is not None
    ours = [_named(row, how.name[0], how.birth[0]) for row in left]
    others = [_named(row, how.name[1], how.birth[1]) for row in right]
    born: dict[str, list[int]] = {}
    for at, (_, birth) in enumerate(others):
        born.setdefault(birth, []).append(at)
    pairs = [
        (i, j, score)
        for i, (name, birth) in enumerate(ours)
        if name and birth
        for j in born.get(birth, ())
        if (score := _alike(name, others[j][0])) >= how.least
    ]
    partners, unclear = _partners(pairs)
    taken = {j for j, _ in partners.values()}
    for i, row in enumerate(left):
        name = " / ".join(ours[i])
        if i in partners:
            j, score = partners[i]
            yield _pair(name, row, right[j], columns, round(score, 3))
        elif i in unclear[0] or not all(ours[i]):
            yield Compared(Side.UNSURE, name, row, None, why="several" if all(ours[i]) else "no_key")
        else:
            yield Compared(Side.LEFT, name, row, None)
    for j, row in enumerate(right):
        if j in taken:
            continue
        name = " / ".join(others[j])
        if j in unclear[1] or not all(others[j]):
            yield Compared(Side.UNSURE, name, None, row, why="several" if all(others[j]) else "no_key")
        else:
            yield Compared(Side.RIGHT, name, None, row)


def _named(row: Row, name: str, birth: str) -> tuple[str, str]:
    return plain(row.get(name, "")), forms.DATE.make(row.get(birth, "")) or ""


def _alike(first: str, second: str) -> float:
    return 1.0 if first == second else jaro_winkler(first, second)


def _partners(
    pairs: Sequence[tuple[int, int, float]],
) -> tuple[dict[int, tuple[int, float]], tuple[set[int], set[int]]]:
    if not pairs:
        return {}, (set(), set())
    a = np.array([one for one, _, _ in pairs], np.int32)
    b = np.array([one for _, one, _ in pairs], np.int32)
    weight = np.array([one for _, _, one in pairs], np.float32)
    chosen = one_to_one(a, b, weight, margin=0.01)
    found = {int(a[at]): (int(b[at]), float(weight[at])) for at in chosen.picked}
    unclear = ({int(a[at]) for at in chosen.unclear}, {int(b[at]) for at in chosen.unclear})
    return found, unclear
