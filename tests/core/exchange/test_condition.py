"""Row conditions: one meaning in Python, SQL and Ibis; nothing unsafe can be said."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core.exchange import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    ConditionError,
    FieldType,
    IbisAlgebra,
    IsIn,
    IsMissing,
    Not,
    Operator,
    check,
    condition_from_json,
    condition_to_json,
    fields_of,
    fold,
    matches,
    to_sql,
)

CALM = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIXIA = Comparison("district", Operator.EQ, "370102")

COLUMNS = {
    "district": st.sampled_from(["370102", "370103", "3701", "", "O'Neil", '"; --']),
    "age": st.integers(0, 5),
    "paid": st.booleans(),
    "amount": st.decimals(0, 3, places=1),
    "born": st.dates(date(2000, 1, 1), date(2000, 1, 4)),
}
ORDERED = [operator for operator in Operator if operator.ordered]


def comparisons(names: list[str]) -> st.SearchStrategy[Condition]:
    def of(name: str) -> st.SearchStrategy[Condition]:
        operators = [Operator.EQ, Operator.NE]
        operators += ORDERED if name != "paid" else []
        operators += [Operator.STARTS] if name == "district" else []
        one = st.builds(Comparison, st.just(name), st.sampled_from(operators), COLUMNS[name])
        many = st.lists(COLUMNS[name], min_size=1, max_size=3).map(lambda items: IsIn(name, tuple(items)))
        return one | many | st.just(IsMissing(name))

    return st.one_of([of(name) for name in names])


def trees(names: list[str]) -> st.SearchStrategy[Condition]:
    return st.recursive(
        comparisons(names),
        lambda inner: (
            inner.map(Not)
            | st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts)))
            | st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts)))
        ),
        max_leaves=5,
    )


ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in COLUMNS.items()}), max_size=6
)


@CALM
@given(trees(["district", "age", "paid"]), ROWS)
def test_python_and_sql_select_the_same_rows(condition: Condition, rows: list[dict[str, Any]]) -> None:
    base = sqlite3.connect(":memory:")
    base.execute("create table t (n integer, district text, age integer, paid integer)")
    for number, row in enumerate(rows):
        base.execute("insert into t values (?, ?, ?, ?)", (number, row["district"], row["age"], row["paid"]))
    text, values = to_sql(condition)
    found = [n for (n,) in base.execute(f"select n from t where {text} order by n", values)]  # type: ignore[arg-type]
    base.close()
    assert found == [number for number, row in enumerate(rows) if matches(condition, row)]


def test_ibis_on_duckdb_selects_the_same_rows() -> None:
    ibis, pyarrow = pytest.importorskip("ibis"), pytest.importorskip("pyarrow")
    rows = [
        {
            "n": 0,
            "district": "370102",
            "age": 61,
            "paid": True,
            "born": date(1964, 1, 1),
            "amount": Decimal("1.5"),
        },
        {"n": 1, "district": "370103", "age": None, "paid": None, "born": None, "amount": None},
        {
            "n": 2,
            "district": None,
            "age": 5,
            "paid": False,
            "born": date(2020, 1, 1),
            "amount": Decimal("2.0"),
        },
    ]
    table = ibis.memtable(pyarrow.Table.from_pylist(rows))
    conditions: list[Condition] = [
        LIXIA,
        Not(LIXIA),
        AnyOf((IsMissing("district"), Comparison("age", Operator.GT, 60))),
        AllOf((Comparison("district", Operator.STARTS, "3701"), Not(IsMissing("age")))),
        IsIn("born", (date(2020, 1, 1), date(1999, 1, 1))),
        Not(IsIn("age", (5,))),
        Comparison("amount", Operator.LE, Decimal("1.5")),
        Comparison("paid", Operator.EQ, False),
    ]
    expressions = [fold(condition, IbisAlgebra(table)).fill_null(False) for condition in conditions]
    named = {f"c{number}": expression for number, expression in enumerate(expressions)}
    answer = ibis.duckdb.connect().to_pyarrow(table.select("n", **named).order_by("n")).to_pylist()
    for number, condition in enumerate(conditions):
        assert [row[f"c{number}"] for row in answer] == [matches(condition, row) for row in rows], condition


@CALM
@given(trees(list(COLUMNS)))
def test_conditions_travel_as_json(condition: Condition) -> None:
    assert condition_from_json(condition_to_json(condition)) == condition


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"op": "eq", "field": "x"},
        {"op": "eq", "field": "x", "text": 5},
        {"op": "eq", "field": "x", "text": "a", "integer": 1},
        {"op": "drop table", "field": "x", "text": "a"},
        {"op": "in", "field": "x", "text": []},
        {"op": "in", "field": "x", "text": "abc"},
        {"op": "in", "field": "x", "integer": [1, True]},
        {"op": "lt", "field": "x", "boolean": True},
        {"op": "eq", "field": "x", "date": "2026-02-30"},
        {"op": "eq", "field": "x", "decimal": "NaN"},
        {"op": "eq", "field": "", "text": "a"},
        {"op": "eq", "field": "a\x00b", "text": "a"},
        {"op": "all", "parts": "abc"},
        {"op": "not"},
    ],
)
def test_bad_conditions_have_a_place(bad: Any) -> None:
    with pytest.raises(ConditionError) as caught:
        condition_from_json(bad)
    assert caught.value.place
    assert "行条件" in caught.value.text.zh


def test_conditions_too_deep_are_refused() -> None:
    tree: Condition = LIXIA
    for _ in range(15):
        tree = Not(tree)
    with pytest.raises(ConditionError):
        Not(tree)
    form: Any = {"op": "missing", "field": "x"}
    for _ in range(2000):
        form = {"op": "not", "part": form}
    with pytest.raises(ConditionError):
        condition_from_json(form)


def test_surprises_hide_rows() -> None:
    for row in ({}, {"district": None}, {"district": 370102}, {"district": b"370102"}, {"age": float("nan")}):
        assert not matches(LIXIA, row)
        assert not matches(Not(LIXIA), row)
        assert not matches(Comparison("age", Operator.NE, 5), row)
    assert not matches(IsMissing("district"), {})
    assert not matches(Comparison("age", Operator.EQ, 1), {"age": True})
    assert matches(Comparison("age", Operator.EQ, 1), {"age": Decimal("1.0")})
    naive, aware = datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
    assert not matches(Comparison("t", Operator.LE, aware), {"t": naive})
    assert not matches(Comparison("t", Operator.LE, date(2026, 1, 1)), {"t": naive})


def test_conditions_are_checked_against_the_columns() -> None:
    types = {"district": FieldType.TEXT, "age": FieldType.INTEGER}
    check(AllOf((LIXIA, Not(IsMissing("age")), Comparison("age", Operator.LT, Decimal("1.5")))), types)
    for bad in (IsMissing("x"), Comparison("age", Operator.EQ, "1"), AnyOf((IsIn("district", (1, 2)),))):
        with pytest.raises(ConditionError):
            check(bad, types)
    assert fields_of(Not(LIXIA)) == {"district": {Operator.EQ, Operator.NE}}
