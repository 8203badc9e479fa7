"""座次: who sits where, by rank and the left-first rule of Chinese meetings. Pure.

Rostrum 主席台: number one in the middle; two at one's left hand, three at the right, and so on. With an
even number one and two share the middle. The people on the rostrum face the floor, so their left is
the chart's right. The floor 台下 faces the rostrum: from the front row backwards and from the middle
outwards, left first; there left is the chart's left. The chart has the rostrum at the top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from quancheng.core.text import Text

__all__ = ["Guest", "Hall", "Seat", "SeatingError", "alternate", "arrange", "swap"]


class SeatingError(ValueError):
    """The people do not fit; ``text`` says it."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(f"{text.zh} {text.en}")


@dataclass(frozen=True, slots=True)
class Hall:
    """会场: seats at the rostrum, seats of each row from the front, aisles after these seats."""

    code: str
    name: Text
    rostrum: int
    rows: tuple[int, ...]
    aisles: tuple[int, ...] = ()

    @property
    def floor(self) -> int:
        return sum(self.rows)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who attends: lower ``rank`` sits better; ``key`` breaks ties and names the seat."""

    key: int
    name: str
    organ: str
    rank: int
    rostrum: bool = False


@dataclass(frozen=True, slots=True)
class Seat:
    """A place and who has it: row 0 is the rostrum; columns count from the chart's left, from 1."""

    row: int
    column: int
    key: int | None
    name: str = ""
    organ: str = ""


def alternate(count: int, *, facing_us: bool) -> list[int]:
    """Order of precedence of the places of one row, from the chart's left (1 is the first in rank).

    >>> alternate(7, facing_us=True)
    [7, 5, 3, 1, 2, 4, 6]
    """
    odd, even = list(range(1, count + 1, 2)), list(range(2, count + 1, 2))
    from_left = [*reversed(odd), *even]
    return from_left if facing_us else from_left[::-1]


def arrange(hall: Hall, guests: Sequence[Guest]) -> list[Seat]:
    """The whole chart, empty seats included. Raises SeatingError when somebody has no place."""
    ordered = sorted(guests, key=lambda one: (one.rank, one.key))
    above = [one for one in ordered if one.rostrum]
    below = [one for one in ordered if not one.rostrum]
    if len(above) > hall.rostrum:
        raise SeatingError(
            Text(
                f"主席台有{hall.rostrum}座，安排了{len(above)}人。",
                f"The rostrum has {hall.rostrum} seats for {len(above)} people.",
            )
        )
    if len(below) > hall.floor:
        raise SeatingError(
            Text(
                f"台下有{hall.floor}座，需要{len(below)}座。",
                f"The floor has {hall.floor} seats; {len(below)} are needed.",
            )
        )
    seats = _row(0, hall.rostrum, above, facing_us=True)
    for number, size in enumerate(hall.rows, start=1):
        here, below = below[:size], below[size:]
        seats += _row(number, size, here, facing_us=False)
    return seats


def _row(number: int, size: int, people: Sequence[Guest], *, facing_us: bool) -> list[Seat]:
    """One row: as many people as there are, in the middle of it."""
    order = alternate(len(people), facing_us=facing_us)
    # an odd place left over stays at the end that is filled last
    start = (size - len(order)) // 2
    placed: dict[int, Guest] = {start + n: people[rank - 1] for n, rank in enumerate(order)}
    return [
        Seat(number, column + 1, one.key, one.name, one.organ)
        if (one := placed.get(column)) is not None
        else Seat(number, column + 1, None)
        for column in range(size)
    ]


def swap(seats: Sequence[Seat], first: tuple[int, int], second: tuple[int, int]) -> list[Seat]:
    """Exchange who sits on two places (either may be empty). Raises SeatingError for unknown places."""
    by_place = {(one.row, one.column): one for one in seats}
    if first not in by_place or second not in by_place:
        raise SeatingError(Text("没有这个座位。", "There is no such seat."))
    a, b = by_place[first], by_place[second]
    by_place[first] = replace(a, key=b.key, name=b.name, organ=b.organ)
    by_place[second] = replace(b, key=a.key, name=a.name, organ=a.organ)
    return [by_place[one.row, one.column] for one in seats]
