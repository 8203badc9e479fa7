"""The engine and the plain evaluator say the same of whatever table comes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from quancheng.core.identity import compute_check, compute_uscc_check
from quancheng.core.quality import QualityError, Reason, compile_rules, evaluate_rows
from tests.core.quality.worlds import AS_OF, PARENTS, SCHEMA, full, parents, rules, run, table

NO_SHRINKING = [Phase.explicit, Phase.generate]
"""A run takes a second: what differs is named by the rule, smaller rows would not say more."""
RULES = (
    {"kind": "complete", "column": "name"},
    {"kind": "complete", "column": "price"},
    {"kind": "complete", "column": "born", "when": "active = true"},
    {"kind": "format", "column": "phone", "named": "mobile"},
    {"kind": "format", "column": "name", "pattern": "[^0-9]{1,3}"},
    {"kind": "format", "column": "age", "pattern": "[0-9]{2}"},
    {"kind": "range", "column": "age", "least": 0, "most": 120},
    {"kind": "range", "column": "price", "least": "0.5", "most": 100},
    {"kind": "range", "column": "amount", "least": "-0.5"},
    {"kind": "range", "column": "written", "least": 0, "most": 50},
    {"kind": "range", "column": "written", "least": date(2000, 1, 1), "most": "2030-01-01"},
    {"kind": "range", "column": "updated", "most": "2026-03-01"},
    {"kind": "range", "column": "name", "least": 2, "most": 3, "length": True},
    {"kind": "allowed", "column": "name", "values": ["汉", "it's", "a\\b", "回族"]},
    {"kind": "allowed", "column": "age", "values": [1, 18, 120]},
    {"kind": "allowed", "column": "active", "values": [True]},
    {"kind": "unique", "columns": ["name"]},
    {"kind": "unique", "columns": ["age", "active"], "when": "age > 0"},
    {"kind": "reference", "columns": ["name"], "table": "民族", "target": ["code"]},
    {"kind": "timely", "column": "updated", "days": 30, "ahead_minutes": 5},
    {"kind": "timely", "column": "born", "days": 30},
    {"kind": "timely", "column": "written", "days": 365},
    {"kind": "timely", "column": "updated", "hours": 12, "scope": "newest"},
    {"kind": "consistent", "expression": "total = price * age + amount"},
    {"kind": "consistent", "expression": "total / age >= price - 1 or not total < amount"},
    {"kind": "consistent", "expression": "moved >= born and born <= today"},
    {"kind": "consistent", "expression": "if name is missing then phone is present"},
    {"kind": "consistent", "expression": "if name in ('汉', '回族') then age between 1 and 18"},
    {"kind": "consistent", "expression": "days(moved, born) > 10 or year(born) = year(moved)"},
    {"kind": "consistent", "expression": "number(written) > age or date(written) < born"},
    {"kind": "consistent", "expression": "left(idn, 6) = '370102' or length(name) != 2"},
    {"kind": "consistent", "expression": "right(name, 1) >= middle(phone, 2, 1)"},
    {"kind": "consistent", "expression": "name matches '[^a-z]*' and abs(-price) in (0.5, 3, 100)"},
    {"kind": "consistent", "expression": "date(updated) = born or price = amount"},
    {"kind": "consistent", "expression": "not (active = true or month(born) in (1, 2))"},
    {"kind": "checksum", "column": "idn", "scheme": "resident_id"},
    {"kind": "checksum", "column": "uscc", "scheme": "uscc"},
    {"kind": "checksum", "column": "card", "scheme": "bank_card"},
    {"kind": "row_count", "least": 2, "most": 5},
    {"kind": "updated", "hours": 24},
)
UPDATED = AS_OF - timedelta(hours=23, minutes=59)
ALL = rules(*RULES, missing=["无", "-"])
SPACES = ["", " ", "\t\n", "　", "\u00a0 ", "\u2003", "无", "-", "汉 "]
TEXTS = st.sampled_from(
    ["汉", "回族", "it's", "a\\b", "abc", "王小明", "𠮷野", "e\u0301", "é", "汉\n", *SPACES]
)
FREE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)) | st.sampled_from(
    [date(2026, 3, 2), date(2026, 1, 31), date(2026, 1, 30), date(2026, 3, 3), date(2000, 2, 29)]
)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)) | st.sampled_from(
    [AS_OF, datetime(2026, 3, 2, 9, 35), datetime(2026, 3, 2, 9, 35, 1), datetime(2026, 1, 31, 9, 30)]
)
FLOATS = st.floats() | st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 0.5, 3.0, 100.0, 1e308])
WRITTEN = st.sampled_from(
    [
        "12",
        "12.50",
        "-3",
        "1e5",
        "NaN",
        "Infinity",
        "1,000",
        "0x10",
        "١٢",
        "1_0",
        "999999999999999",
        "2024-02-29",
        "2023-02-29",
        "20240229",
        "20241301",
        "0000-01-01",
        "9999-12-31",
        "2026-03-02T08:00",
        "2026-03-02T25:00",
        "2026-03-02\n",
    ]
)


def _resident(day: date, sequence: int, wrong: str) -> str:
    body = f"370102{day:%Y%m%d}".replace(f"{day:%Y}", f"{day.year:04d}", 1) + f"{sequence:03d}"
    return body + (wrong or compute_check(body))


IDNS = (
    st.builds(
        _resident, st.dates(date(1000, 1, 1)), st.integers(0, 999), st.sampled_from(["", "", "0", "X", "x"])
    )
    | st.from_regex(r"[0-9X]{15,19}", fullmatch=True)
    | st.sampled_from(
        ["37010220230229001X", "370102000001010010", "９90102199001010010", "-9e18", "9e18", " 1", "1"]
    )
)
USCC_BODIES = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9)
USCCS = st.builds(
    lambda body, wrong: (code := f"91370102{body}") + (wrong or compute_uscc_check(code)),
    USCC_BODIES,
    st.sampled_from(["", "", "0", "I", "x"]),
) | st.sampled_from(["91370102MA3C", "", "9137010200000000000"])
CARDS = st.from_regex(r"[0-9]{10,20}", fullmatch=True) | st.sampled_from(
    ["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "4111111111111112"]
)


def _row() -> st.SearchStrategy[dict[str, object]]:
    def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | strategy

    return st.fixed_dictionaries(
        {
            "name": maybe(TEXTS | FREE),
            "idn": maybe(IDNS),
            "uscc": maybe(USCCS),
            "card": maybe(CARDS),
            "phone": maybe(
                st.sampled_from(["13912345678", "12912345678", "139123456789", "１3912345678", *SPACES])
            ),
            "age": maybe(st.sampled_from([0, 1, 18, 120, 121, -5, 2**31 - 1])),
            "price": maybe(FLOATS),
            "total": maybe(FLOATS),
            "amount": maybe(st.decimals(-99999, 99999, places=2)),
            "written": maybe(WRITTEN),
            "born": maybe(DAYS),
            "moved": maybe(DAYS),
            "updated": maybe(MOMENTS),
            "active": maybe(st.booleans()),
        }
    )


@settings(
    max_examples=8,
    deadline=None,
    phases=NO_SHRINKING,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(st.lists(_row(), max_size=30))
def test_every_kind_of_rule_counts_the_same(rows: list[dict[str, object]]) -> None:
    rows = full(rows)
    expected, _ = evaluate_rows(ALL, rows, tables={"民族": PARENTS}, as_of=AS_OF, updated_at=UPDATED)
    found = run(compile_rules(ALL, table(rows), tables=parents(), as_of=AS_OF, updated_at=UPDATED))
    differing = [
        (each.rule.kind, each.rule.columns, each.applicable, each.failed, each.groups, other)
        for each, other in zip(found.outcomes, expected.outcomes, strict=True)
        if each != other
    ]
    assert not differing
    assert found == expected


@settings(
    max_examples=1,
    deadline=None,
    phases=NO_SHRINKING,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(st.lists(_row(), min_size=12, max_size=30))
def test_failing_rows_are_the_same_with_the_same_reasons(rows: list[dict[str, object]]) -> None:
    rows = full(rows)
    _, expected = evaluate_rows(ALL, rows, tables={"民族": PARENTS}, as_of=AS_OF, updated_at=UPDATED)
    plan = compile_rules(ALL, table(rows), tables=parents(), as_of=AS_OF, updated_at=UPDATED)
    for rule in ALL.rules:
        if rule.by_row:
            shown = plan.failing(rule.id, 1000).to_pyarrow().to_pylist()
            found = Counter((row["key_id"], row["reason"]) for row in shown)
            assert found == Counter((each.key["id"], each.reason) for each in expected[rule.id]), rule


def test_a_table_of_one_kind_of_trouble_is_counted_by_hand() -> None:
    rows = full(
        [{"name": "汉"}, {"name": "汉"}, {"name": None}, {"name": "　"}, {"name": "无"}, {"name": "满"}]
    )
    spoken = rules(
        {"kind": "complete", "column": "name"},
        {"kind": "unique", "columns": ["name"]},
        {"kind": "reference", "columns": ["name"], "table": "民族", "target": ["code"]},
        missing=["无"],
    )
    complete, unique, reference = run(compile_rules(spoken, table(rows), tables=parents())).outcomes
    assert (complete.applicable, complete.failed) == (6, 3)
    assert (unique.applicable, unique.failed, unique.groups) == (3, 2, 1)
    assert (reference.applicable, reference.failed) == (3, 1)
    assert complete.rate == Decimal("0.5")


def test_an_empty_table_breaks_no_rule_of_rows_but_has_no_rate() -> None:
    found = run(compile_rules(ALL, table([]), tables=parents(), as_of=AS_OF, updated_at=UPDATED))
    assert found.rows == 0
    assert {each.rate for each in found.outcomes if each.rule.by_row} == {None}
    assert [each.rule.id for each in found.broken] == ["r22", "r38"]  # no fresh row, too few rows


@pytest.mark.parametrize("name", SCHEMA.names)
def test_the_world_of_the_property_test_has_a_rule_for_every_column(name: str) -> None:
    used = {column for rule in ALL.rules for column in rule.columns}
    assert name in used | {"id"}
    assert pa.types.is_int64(SCHEMA.field("id").type)


def test_a_table_is_fresh_by_its_own_last_change() -> None:
    asked = rules({"kind": "updated", "hours": 1}, {"kind": "updated", "days": 1})
    rows = full([{"name": "汉"}])
    moments = {"as_of": AS_OF, "updated_at": AS_OF - timedelta(minutes=90)}
    found = run(compile_rules(asked, table(rows), **moments))
    assert [(each.failed, each.measured) for each in found.outcomes] == [(1, 90), (0, 90)]
    assert evaluate_rows(asked, rows, **moments)[0] == found
    for missing in ({"as_of": AS_OF}, {"as_of": AS_OF, "updated_at": AS_OF.replace(tzinfo=UTC)}):
        with pytest.raises(QualityError) as caught:
            compile_rules(asked, table(rows), **missing)
        assert caught.value.reason is Reason.AS_OF


def test_failing_rows_come_in_pages() -> None:
    rows = full([{"name": None}] * 7)
    plan = compile_rules(rules({"kind": "complete", "column": "name"}), table(rows))
    pages = [plan.failing("r0", 3, offset).to_pyarrow()["key_id"].to_pylist() for offset in (0, 3, 6)]
    assert pages == [[0, 1, 2], [3, 4, 5], [6]]
    with pytest.raises(QualityError):
        plan.failing("r0", 3, -1)
