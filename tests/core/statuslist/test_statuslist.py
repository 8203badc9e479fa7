"""Status lists against the examples of the draft, and a million of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.statuslist import StatusFault, StatusList

# draft-ietf-oauth-status-list-12, section 4: "Status List of 16 statuses, one bit each" -> bytes B9 A3
_ONE_BIT = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
# and "of 12 statuses, two bits each" -> bytes C9 44 F9
_TWO_BITS = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]


def test_the_one_bit_example_of_the_draft() -> None:
    made = StatusList.of(1, 16, dict(enumerate(_ONE_BIT)))
    assert made.data.hex() == "b9a3"
    assert made.to_json() == {"bits": 1, "lst": "eNrbuRgAAhcBXQ"}
    read = StatusList.from_json({"bits": 1, "lst": "eNrbuRgAAhcBXQ"})
    assert [read[index] for index in range(16)] == _ONE_BIT


def test_the_two_bit_example_of_the_draft() -> None:
    made = StatusList.of(2, 12, dict(enumerate(_TWO_BITS)))
    assert made.data.hex() == "c944f9"
    assert made.to_json() == {"bits": 2, "lst": "eNo76fITAAPfAgc"}
    read = StatusList.from_json({"bits": 2, "lst": "eNo76fITAAPfAgc"})
    assert [read[index] for index in range(12)] == _TWO_BITS


def test_a_million_with_one_in_a_hundred_revoked_fits_in_20_kb() -> None:
    chosen = random.Random(6).sample(range(1_000_000), 10_000)
    made = StatusList.of(1, 1_000_000, dict.fromkeys(chosen, 1))
    assert len(made.compressed()) <= 20_000
    read = StatusList.from_json(made.to_json())
    assert sum(read[index] for index in chosen) == 10_000


@given(st.sampled_from([1, 2, 4, 8]), st.lists(st.integers(0, 255), max_size=40))
def test_there_and_back(bits: int, values: list[int]) -> None:
    statuses = {index: value % (1 << bits) for index, value in enumerate(values)}
    read = StatusList.from_json(StatusList.of(bits, len(values), statuses).to_json())
    assert {index: read[index] for index in statuses} == statuses


@pytest.mark.parametrize(
    "value",
    [None, {}, {"bits": 3, "lst": "eNrbuRgAAhcBXQ"}, {"bits": 1}, {"bits": 1, "lst": "eNrbuRgAAhcBXQ=="},
     {"bits": 1, "lst": "!"}, {"bits": 1, "lst": "eNrbuRgAAhcB"}, {"bits": True, "lst": "eNrbuRgAAhcBXQ"}],
)  # fmt: skip
def test_what_is_no_list_is_refused(value: object) -> None:
    with pytest.raises(StatusFault):
        StatusList.from_json(value)


def test_outside_of_the_list_there_is_no_status() -> None:
    made = StatusList.of(1, 8, {})
    for index in (-1, 8):
        with pytest.raises(StatusFault):
            _status = made[index]
    for wrong in ((1, 8, {8: 1}), (1, 8, {0: 2}), (3, 8, {})):
        with pytest.raises(StatusFault):
            StatusList.of(*wrong)


def test_a_bomb_is_refused() -> None:
    import base64
    import zlib

    lst = base64.urlsafe_b64encode(zlib.compress(bytes(20_000_000), 9)).rstrip(b"=").decode()
    with pytest.raises(StatusFault):
        StatusList.from_json({"bits": 1, "lst": lst})
