"""法定退休时间 against the published tables and examples, from the dated parameters."""

from __future__ import annotations

from itertools import pairwise

import pytest

from quancheng.capabilities.internal import dossiers
from quancheng.capabilities.internal.retirement import Category, Month, Schedule, retirement
from quancheng.kernel import rulebook

# Rows of the tables annexed to 《国务院关于渐进式延迟法定退休年龄的办法》: birth, age, month, delay.
TABLES = {
    "male": [
        ("1964-12", "60岁", "2024-12", 0), ("1965-01", "60岁1个月", "2025-02", 1),
        ("1965-04", "60岁1个月", "2025-05", 1), ("1965-05", "60岁2个月", "2025-07", 2),
        ("1965-12", "60岁3个月", "2026-03", 3), ("1968-12", "61岁", "2029-12", 12),
        ("1969-01", "61岁1个月", "2030-02", 13), ("1972-09", "62岁", "2034-09", 24),
        ("1972-12", "62岁", "2034-12", 24), ("1976-08", "62岁11个月", "2039-07", 35),
        ("1976-09", "63岁", "2039-09", 36), ("1976-12", "63岁", "2039-12", 36), ("1995-12", "63岁", "2058-12", 36),
    ],
    "female_55": [
        ("1969-12", "55岁", "2024-12", 0), ("1970-01", "55岁1个月", "2025-02", 1),
        ("1971-04", "55岁4个月", "2026-08", 4), ("1973-12", "56岁", "2029-12", 12),
        ("1981-08", "57岁11个月", "2039-07", 35), ("1981-09", "58岁", "2039-09", 36), ("2000-12", "58岁", "2058-12", 36),
    ],
    "female_50": [
        ("1974-12", "50岁", "2024-12", 0), ("1975-01", "50岁1个月", "2025-02", 1),
        ("1975-02", "50岁1个月", "2025-03", 1), ("1975-03", "50岁2个月", "2025-05", 2),
        ("1976-12", "51岁", "2027-12", 12), ("1984-10", "54岁11个月", "2039-09", 59),
        ("1984-11", "55岁", "2039-11", 60), ("1995-12", "55岁", "2050-12", 60),
    ],
}  # fmt: skip


def schedule(category: str) -> Schedule:
    return Schedule.of(rulebook.find(f"internal.retirement.{category}").table())


@pytest.mark.parametrize(
    ("category", "birth", "age", "month", "delay"),
    [(category, *row) for category, rows in TABLES.items() for row in rows],
)
def test_published_tables(category, birth, age, month, delay):
    found = retirement(Month.parse(birth), schedule(category))
    assert (found.age.zh, str(found.statutory), found.delay) == (age, month, delay)


@pytest.mark.parametrize("category", list(Category))
def test_properties_of_the_raise(category):
    """The age never falls with later birth; nobody overtakes an older colleague's month of retirement."""
    table = schedule(category)
    months = [Month(1955, 1).plus(n) for n in range(60 * 12)]
    found = [retirement(one, table) for one in months]
    for older, younger in pairwise(found):
        assert older.age_months <= younger.age_months <= older.age_months + 1
        assert older.statutory < younger.statutory
        assert younger.earliest <= younger.statutory <= younger.latest
        assert younger.statutory.since(younger.earliest) <= table.early_months
        assert younger.earliest.since(younger.birth) >= table.original_months, "never before the original age"
    assert found[-1].delay == table.most and found[0].delay == 0


def test_contributions_rise_from_2030_to_2039():
    assert [dossiers.contribution_needed(year) for year in (2025, 2029, 2030, 2031, 2038, 2039, 2050)] == [
        180, 180, 186, 192, 234, 240, 240,
    ]  # fmt: skip


def test_a_day_of_a_shorter_month():
    assert dossiers.day_in(Month(2027, 2), 31).isoformat() == "2027-02-28"
    with pytest.raises(ValueError):
        Month(2027, 13)
