"""Cursor pages: complete, without repetition, forward and back, and deaf to broken cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.kernel import pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.idempotency.models import Deed

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(times: list[int]) -> None:
    Deed.objects.bulk_create(
        Deed(action="a", scope="s", key=str(number), digest="d", created_at=START + timedelta(seconds=second))
        for number, second in enumerate(times)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5), max_size=17), st.integers(1, 6))
def test_walking_forward_and_back_visits_each_row_once_in_order(times: list[int], size: int) -> None:
    Deed.objects.all().delete()
    fill(times)
    order = ("-created_at", "-id")
    expected = list(Deed.objects.order_by(*order))
    seen: list[Deed] = []
    cursor: str | None = ""
    pages = []
    while cursor is not None:
        found = pagination.page(Deed.objects.all(), order, {"cursor": cursor, "size": str(size)})
        pages.append(list(found))
        seen.extend(found)
        cursor = found.next
    assert seen == expected
    for earlier in reversed(pages[:-1]):
        found = pagination.page(Deed.objects.all(), order, {"cursor": found.previous, "size": str(size)})
        assert list(found) == earlier
    assert found.previous is None


def test_rows_added_meanwhile_do_not_shift_the_walk() -> None:
    fill([1, 2, 3, 4])
    first = pagination.page(Deed.objects.all(), ("created_at", "id"), {"size": "2"})
    Deed.objects.create(action="a", scope="s", key="new", digest="d", created_at=START)
    second = pagination.page(Deed.objects.all(), ("created_at", "id"), {"size": "2", "cursor": first.next})
    assert [row.key for row in second] == ["2", "3"]
    assert len(second) == 2


@pytest.mark.parametrize(
    "cursor",
    ["x", "!!!", "W10", "WzAsMV0", "bnVsbA", "WzUsMSwyXQ", "é", "WzAsW10sW11d", "WzAsIm5vIGRhdGUiLDFd"],
)
def test_broken_cursors_get_a_clear_answer(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        pagination.page(Deed.objects.all(), ("created_at", "id"), {"cursor": cursor})


@pytest.mark.parametrize("size", ["0", "-1", "201", "x", "1.5", "９９９"])
def test_sizes_out_of_range_are_refused(size: str) -> None:
    with pytest.raises(InvalidInput, match="page size"):
        pagination.page(Deed.objects.all(), ("id",), {"size": size})


@pytest.mark.parametrize("values", [["Infinity", 1], [1e400, 1], ["2026-01-01T00:00:00", 1], ["2026-01-01", 1e400]])  # fmt: skip
def test_cursors_with_impossible_values_get_a_clear_answer(values: list[object]) -> None:
    import base64
    import json

    cursor = base64.urlsafe_b64encode(json.dumps([0, *values]).encode()).decode()
    with pytest.raises(InvalidInput, match="cursor"):
        pagination.page(Deed.objects.all(), ("created_at", "id"), {"cursor": cursor})


def test_an_empty_list_has_no_neighbours() -> None:
    found = pagination.page(Deed.objects.none(), ("id",))
    assert (found.items, found.next, found.previous, found.size) == ([], None, None, 25)
