"""座次: the left-first rule at the rostrum and on the floor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.internal.seating import Guest, Hall, SeatingError, alternate, arrange, swap
from quancheng.core.text import Text

HALL = Hall("h", Text("厅", "Hall"), 7, (6, 6), (3,))


def guests(rostrum: int, floor: int) -> list[Guest]:
    people = [Guest(n, f"台{n}", "甲", n, True) for n in range(1, rostrum + 1)]
    return people + [Guest(100 + n, f"下{n}", "乙", n) for n in range(1, floor + 1)]


def names(seats, row: int) -> list[str]:
    return [one.name for one in seats if one.row == row]


def test_rostrum_as_the_public_diagrams_show_it():
    assert alternate(7, facing_us=True) == [7, 5, 3, 1, 2, 4, 6], (
        "odd: one in the middle, two at the left hand"
    )
    assert alternate(6, facing_us=True) == [5, 3, 1, 2, 4, 6], "even: one and two in the middle"
    assert alternate(5, facing_us=False) == [4, 2, 1, 3, 5], "who faces the rostrum has the left at the left"


def test_rows_fill_from_the_front_and_the_middle():
    seats = arrange(HALL, guests(3, 8))
    assert names(seats, 0) == ["", "", "台3", "台1", "台2", "", ""]
    assert names(seats, 1) == ["下6", "下4", "下2", "下1", "下3", "下5"]
    assert names(seats, 2) == ["", "", "下8", "下7", "", ""]


def test_who_does_not_fit_is_said():
    with pytest.raises(SeatingError, match="主席台有7座"):
        arrange(HALL, guests(8, 0))
    with pytest.raises(SeatingError, match="台下有12座"):
        arrange(HALL, guests(0, 13))


def test_swap_with_a_person_and_with_an_empty_seat():
    seats = arrange(HALL, guests(2, 2))
    places = {one.name: (one.row, one.column) for one in seats if one.name}
    changed = swap(seats, places["台1"], places["下1"])
    assert {one.name: (one.row, one.column) for one in changed if one.name}["台1"] == places["下1"]
    empty = next((one.row, one.column) for one in seats if not one.name)
    moved = swap(seats, places["台2"], empty)
    assert next(one.name for one in moved if (one.row, one.column) == empty) == "台2"
    with pytest.raises(SeatingError):
        swap(seats, (0, 1), (9, 9))


@given(st.integers(0, 7), st.integers(0, 12), st.randoms())
def test_everybody_has_one_seat_and_rank_decides(above, below, chance):
    people = guests(above, below)
    chance.shuffle(people)
    seats = arrange(HALL, people)
    taken = [one.key for one in seats if one.key is not None]
    assert sorted(taken) == sorted(one.key for one in people)
    assert len(seats) == 7 + 12
    front = [one.key - 100 for one in seats if one.row == 1 and one.key]
    behind = [one.key - 100 for one in seats if one.row == 2 and one.key]
    assert not behind or max(front) < min(behind)
