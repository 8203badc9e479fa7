"""String comparators: published examples, an independent library as oracle, the bulk kernels as the scalar ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.linkage import alignment_distance, jaro, jaro_winkler, levenshtein
from quancheng.core.linkage.kernels import distances, jaro_winklers

WORDS = st.text(alphabet="abc张章é", max_size=16)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [  # Winkler's table (1994, "Advanced methods for record linkage", table 1)
        ("MARTHA", "MARHTA", 0.961),
        ("DWAYNE", "DUANE", 0.840),
        ("DIXON", "DICKSONX", 0.813),
        ("SHACKLEFORD", "SHACKELFORD", 0.982),
        ("JONES", "JOHNSON", 0.832),
        ("DUNNINGHAM", "CUNNIGHAM", 0.896),
        ("NICHLESON", "NICHULSON", 0.956),
    ],
)
def test_winklers_own_table(first: str, second: str, expected: float) -> None:
    assert jaro_winkler(first, second) == pytest.approx(expected, abs=0.0006)


def test_a_swap_of_neighbours_is_one_slip_and_two_edits() -> None:
    assert (levenshtein("370102", "371002"), alignment_distance("370102", "371002")) == (2, 1)
    assert alignment_distance("ca", "abc") == 3  # restricted: no edit inside a swapped pair


@settings(max_examples=150, deadline=None)
@given(WORDS, WORDS)
def test_an_independent_library_agrees(first: str, second: str) -> None:
    jellyfish = pytest.importorskip("jellyfish")
    assert levenshtein(first, second) == jellyfish.levenshtein_distance(first, second)
    if first and second:  # the library calls two empty strings unlike
        assert jaro(first, second) == pytest.approx(jellyfish.jaro_similarity(first, second))
        assert jaro_winkler(first, second) == pytest.approx(jellyfish.jaro_winkler_similarity(first, second))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=30), st.sampled_from([16, 32, 64]))
def test_kernels_say_what_the_scalar_comparators_say(pairs: list[tuple[str, str]], width: int) -> None:
    (a, la), (b, lb) = (_matrix([pair[side] for pair in pairs], width) for side in (0, 1))
    assert jaro_winklers(a, la, b, lb) == pytest.approx([jaro_winkler(*pair) for pair in pairs])
    assert distances(a, la, b, lb).tolist() == [alignment_distance(*pair) for pair in pairs]
    assert distances(a, la, b, lb, swaps=False).tolist() == [levenshtein(*pair) for pair in pairs]


@pytest.mark.parametrize("width", [8, 16, 32, 64])
def test_strings_that_fill_the_whole_word(width: int) -> None:
    first = "ab" * (width // 2)
    pairs = [(first, first), (first, first[::-1]), (first, first[1:]), (first, ""), ("", first), ("", "")]
    (a, la), (b, lb) = (_matrix([pair[side] for pair in pairs], width) for side in (0, 1))
    assert jaro_winklers(a, la, b, lb) == pytest.approx([jaro_winkler(*pair) for pair in pairs])
    assert distances(a, la, b, lb).tolist() == [alignment_distance(*pair) for pair in pairs]


def test_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="not 7"):
        distances(np.zeros((1, 7), np.uint8), np.ones(1, int), np.zeros((1, 7), np.uint8), np.ones(1, int))


def _matrix(values: list[str], width: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.array(values, dtype=f"<U{width}").view(np.uint32).reshape(len(values), width)
    return points, np.array([len(value) for value in values])
