"""Dated amounts of rules: by day, by region, by station."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from quancheng.capabilities.things import evaluation
from quancheng.core.rules import RuleBook
from quancheng.kernel import rulebook

BOOK = RuleBook.from_toml_dicts(
    [
        {
            "rule": [
                {
                    "id": "t.level", "name": {"zh": "警戒水位", "en": "Warning level"},
                    "value": {"JN-H-HTQ": 22.54, "JN-H-X": "?"}, "unit": "m", "authority": "a",
                    "region": "370100", "valid_from": date(2020, 1, 1), "citation": "c",
                },
                {
                    "id": "t.rain", "name": {"zh": "雨量", "en": "Rain"}, "value": 100, "unit": "mm",
                    "authority": "a", "region": "370100", "valid_from": date(2020, 1, 1), "citation": "c",
                },
            ]
        }
    ]
)  # fmt: skip


@pytest.fixture(autouse=True)
def _book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "rules", lambda: BOOK)
    monkeypatch.setattr(rulebook, "find", lambda ident, on, region: BOOK.find(ident, on=on, region=region))
    evaluation.forget_amounts()


def test_a_table_is_read_by_station() -> None:
    found = evaluation.amount_of("t.level", date(2026, 7, 18), "370102", False)
    assert evaluation.amount_at(found, "JN-H-HTQ") == Decimal("22.54")
    assert evaluation.amount_at(found, "JN-H-LK") is None
    assert evaluation.amount_at(found, "JN-H-X") is None
    assert evaluation.amount_at(None, "JN-H-HTQ") is None


def test_an_old_storm_is_rehearsed_with_the_newest_amount() -> None:
    day = date(2007, 7, 18)
    assert evaluation.amount_of("t.rain", day, "370102", False) is None
    found = evaluation.amount_of("t.rain", day, "370102", True)
    assert found is not None
    assert (evaluation.amount_at(found, "x"), found.on) == (Decimal(100), date(2020, 1, 1))
    assert evaluation.amount_of("t.none", day, "370102", True) is None
