"""Finding rows: conditions, words, keys, order, counts, and the answers of the DataStore."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.tables import actions, queries
from quancheng.capabilities.tables.values import ColumnSpec, TableInfo, TableSchema, Total
from quancheng.capabilities.tables.view import View
from quancheng.core.exchange import AllOf, Comparison, IsIn, Operator
from quancheng.core.tabular import Kind
from quancheng.kernel.errors import InvalidInput

from .conftest import SYSTEM

SHOPS = TableSchema(
    (
        ColumnSpec("code", Kind.INTEGER, "编码"),
        ColumnSpec("name", Kind.TEXT, "名称"),
        ColumnSpec("street", Kind.TEXT, "街道"),
        ColumnSpec("rent", Kind.DECIMAL, "租金"),
        ColumnSpec("opened", Kind.DATE, "开业"),
        ColumnSpec("seen", Kind.DATETIME, "巡查"),
        ColumnSpec("open", Kind.BOOLEAN, "在营"),
    ),
    ("code",),
)
COUNT = 120


@pytest.fixture
def shops(office: Department) -> TableInfo:
    """120 shops in two row groups, four of them changed later."""
    return actions.create_table(SYSTEM, name="shops", zh="店铺", schema=SHOPS, owner=office.code)


def shop(number: int, **more: Any) -> dict[str, Any]:
    return {
        "code": number,
        "name": f"泉城Cafe{number}号店" if number % 2 else f"=小店{number}",
        "street": f"37010200{number % 4}",
        "rent": f"{number}.50" if number % 3 else None,
        "opened": f"2026-01-{number % 28 + 1:02d}",
        "seen": "2026-07-18 08:00",
        "open": number % 5 == 0,
    } | more


@pytest.fixture(params=["base", "changed"])
def view(shops: TableInfo, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> View:
    """The same rows, once as a base and once with some of them in change sets."""
    monkeypatch.setattr("quancheng.capabilities.tables.lake.GROUP", 64)
    late = {3, 64, 70, 119} if request.param == "changed" else set()
    first = [shop(n, street="old") if n in late else shop(n) for n in range(COUNT)]
    actions.apply_changes(SYSTEM, table_id=shops.table_id, upserts=first, run="")
    if late:
        actions.apply_changes(SYSTEM, table_id=shops.table_id, upserts=[shop(n) for n in late], run="")
    return queries.view(shops.table_id)


def codes(view: View, **asked: Any) -> list[int]:
    return [row["code"] for row in view.search(**asked).rows]


def test_conditions_words_and_order(view: View) -> None:
    here = IsIn("street", ("370102003", "370102000"))
    cheap = Comparison("rent", Operator.LT, Decimal(20))
    assert codes(view, where=AllOf((here, cheap))) == [n for n in range(20) if n % 4 in (0, 3) and n % 3]
    assert codes(view, q="小店 11") == [11, *range(110, 120, 2)][1:]
    assert codes(view, q="cafe3") == [3, 31, 33, 35, 37, 39], "whatever its case"
    assert codes(view, q={"street": "003"}, limit=3) == [3, 7, 11]
    assert codes(view, q="泉城", fields=["code", "street"]) == [], "columns not asked for are not looked into"
    assert codes(view, sort="open desc, code desc", limit=2) == [115, 110]
    assert codes(view, sort=["-rent"], limit=1, offset=79) == [1], "cells without a value come last"
    assert codes(view, limit=3, offset=118) == [118, 119]
    assert codes(view, filters={"code": 64}) == [64] and codes(
        view, filters={"code": "64", "open": False}
    ) == [64]
    assert codes(view, filters={"code": [64, 3]}) == [3, 64] and codes(view, filters={"rent": None})[:2] == [
        0,
        3,
    ]
    assert codes(view, filters={"code": 64, "open": True}) == []
    assert codes(view, filters={"seen": "2026-07-18T00:00:00Z", "opened": "2026年1月5日"}) == [
        4,
        32,
        60,
        88,
        116,
    ]
    day = Comparison("seen", Operator.GE, datetime(2026, 7, 18, tzinfo=UTC))
    assert view.search(where=day, limit=1).total == COUNT
    assert view.search(fields=["street"], distinct=True).total == 4


def test_counts_say_what_they_are(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quancheng.capabilities.tables.view.ESTIMATE_FROM", 10)
    q = "泉城"
    assert (view.search(q=q, limit=5).total, view.search(q=q, limit=5).total_estimated) == (10, True)
    found = view.search(q=q, limit=5, total=Total.EXACT)
    assert (found.total, found.total_estimated, found.next) == (60, False, "5")
    assert view.search(q=q, limit=5, total=Total.NONE).total is None
    assert view.search(q=q, limit=100).next is None


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"fields": ["nothing"]}, "fields"),
        ({"sort": "code; drop"}, "sort"),
        ({"limit": -1}, "limit"),
        ({"limit": 40_000}, "limit"),
        ({"offset": -1}, "offset"),
        ({"where": Comparison("code", Operator.EQ, "1")}, "where"),
        ({"filters": {"code": "one"}}, "code"),
        ({"filters": {'x" = 1 or "': 1}}, 'x" = 1 or "'),
        ({"q": " ".join("abcdefghi")}, "q"),
        ({"q": {"nothing": "x"}}, "q"),
        ({"sort": "rent", "fields": ["code"], "distinct": True}, "sort"),
    ],
)
def test_bad_questions_name_the_argument(shops: TableInfo, asked: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        queries.view(shops.table_id).search(**asked)
    assert place in refused.value.fields


def test_keys_sql_ibis_and_streams(view: View) -> None:
    assert [row["code"] for row in view.lookup([64, "3", 999])] == [3, 64]
    assert len(view.lookup(range(40))) == 40 and view.lookup([]) == []
    with pytest.raises(InvalidInput):
        view.lookup(["none"])
    assert view.sql("SELECT sum(rent) AS s FROM t WHERE code < ?", [3])["s"].to_pylist() == [Decimal("4")]
    with view.ibis() as t:
        assert t.filter(t.open).count().to_pyarrow().as_py() == 24
    for query in ("SELECT * FROM '/etc/passwd'", "SELECT nothing FROM t", "COPY t TO '/tmp/out.csv'"):
        with pytest.raises(InvalidInput):
            view.sql(query)
    where = Comparison("code", Operator.GE, 62)
    some = pa.Table.from_batches(list(view.batches(["code"], where, size=10)))
    assert some["code"].to_pylist() == list(range(62, COUNT))
    assert view.arrow(["code"], limit=66)["code"].to_pylist() == list(range(66))
    assert view.arrow(where=where, limit=3)["code"].to_pylist() == [62, 63, 64]


def test_answers_have_the_shape_of_the_datastore(view: View) -> None:
    raw = view.search_json(filters={"street": "370102001"}, fields="code,name,rent,seen", limit=2, offset=1)
    result = json.loads(raw)
    assert (result["total"], result["total_was_estimated"], result["limit"], result["offset"]) == (
        30,
        False,
        2,
        1,
    )
    assert result["records"][0] == {
        "code": 5, "name": "泉城Cafe5号店", "rent": 5.5, "seen": "2026-07-18T00:00:00Z"
    }  # fmt: skip
    assert [field["type"] for field in result["fields"]] == ["int8", "text", "numeric", "timestamptz"]
    assert b'"rent":5.5,' in raw, "a number, without the zeros of the storage"
    lists = json.loads(view.search_json(fields=["code", "open"], limit=1, records_format="lists"))
    assert lists["records"] == [[0, True]] and lists["total"] == COUNT
    text = json.loads(view.search_json(fields=["code", "name"], limit=2, records_format="csv"))["records"]
    assert text == "0,'=小店0\n1,泉城Cafe1号店\n", "nothing a spreadsheet would run"
    assert "total" not in json.loads(
        view.search_json(include_total=False, limit=0, extra={"resource_id": "r"})
    )
    with pytest.raises(InvalidInput):
        view.search_json(records_format="xml")


def test_a_version_asked_often_answers_from_memory_alike(view: View) -> None:
    answers = [codes(view, q="店", sort="name", limit=30) for _ in range(5)]
    assert all(answer == answers[0] for answer in answers)
    assert codes(view, q="店", limit=4) == [0, 1, 2, 3], "still in key order"
