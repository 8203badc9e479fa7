"""Texts as parts that a handset joins again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.cmpp import ASCII, UCS2, CmppError, joined, parts_of, split

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=600)


@given(TEXTS, st.integers(0, 255))
def test_a_handset_reads_what_was_written(text: str, reference: int) -> None:
    parts = split(text, reference)
    assert joined(tuple(reversed(parts))) == text
    assert all(len(one.content) <= (160 if one.format == ASCII else 140) for one in parts)
    assert [one.part for one in parts] == list(range(1, len(parts) + 1))


@pytest.mark.parametrize(
    ("text", "count", "form"),
    [
        ("x" * 160, 1, ASCII),
        ("x" * 161, 2, ASCII),
        ("x" * 306, 2, ASCII),
        ("x" * 307, 3, ASCII),
        ("暴" * 70, 1, UCS2),
        ("暴" * 71, 2, UCS2),
        ("暴" * 134, 2, UCS2),
        ("暴" * 135, 3, UCS2),
        ("𠮷" * 35, 1, UCS2),
        ("𠮷" * 36, 2, UCS2),
    ],
)
def test_how_many_messages_a_text_costs(text: str, count: int, form: int) -> None:
    """3GPP TS 23.040: 140 bytes, or 134 behind the six of the header; 160 or 153 signs of seven bits."""
    assert parts_of(text) == count
    assert {one.format for one in split(text, 1)} == {form}


def test_the_header_says_reference_total_and_place() -> None:
    second = split("暴雨" * 50, 9)[1]
    assert second.content[:6] == bytes((5, 0, 3, 9, 2, 2))


def test_a_sign_of_two_units_is_never_cut() -> None:
    for length in range(60, 75):
        for part in split("a暴" + "𠮷" * length, 1):
            part.content[6 if part.header else 0 :].decode("utf-16-be")


@pytest.mark.parametrize("text", ["", "暴" * 671, "\ud800"])
def test_what_cannot_be_sent_is_refused(text: str) -> None:
    with pytest.raises(CmppError):
        split(text, 1)
