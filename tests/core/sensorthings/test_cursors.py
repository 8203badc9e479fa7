"""Tokens of pages: what is written is read, anything else refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.sensorthings import cursors
from quancheng.core.sensorthings.cursors import Cursor
from quancheng.core.sensorthings.faults import BadQuery

TEXTS = st.text(max_size=40).filter(lambda text: "\x00" not in text)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.none() | st.booleans() | NUMBERS | TEXTS


@given(st.lists(KEYS, max_size=4), st.integers(0, 2**63 - 1), st.text(max_size=20))
def test_round_trip(keys: list[cursors.Key], id: int, order: str) -> None:
    token = cursors.write(Cursor(tuple(keys), id), order)
    assert token is not None and cursors.read(token, order) == Cursor(tuple(keys), id)
    with pytest.raises(BadQuery):
        cursors.read(token, order + "x")


@given(st.text(max_size=60))
def test_noise_is_refused(noise: str) -> None:
    with pytest.raises(BadQuery):
        cursors.read(noise, "")


@pytest.mark.parametrize("key", [float("nan"), float("inf"), "a\x00b", "x" * 3_000, 2**70, [1], b"x"])
def test_what_cannot_be_said_has_no_token(key: object) -> None:
    assert cursors.write(Cursor((key,), 1), "") is None  # type: ignore[arg-type]
