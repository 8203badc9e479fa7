"""Rows and versions: what a change set does, what is refused, what stays readable."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from django.db import transaction

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.tables import actions, planning, queries
from quancheng.capabilities.tables.models import Change, DataTable
from quancheng.capabilities.tables.values import Applied, ChangeKind, ColumnSpec, TableInfo, TableSchema
from quancheng.core.tabular import Kind
from quancheng.kernel import audit
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.events.models import OutboxEvent
from quancheng.kernel.store import SnapshotExpired

from .conftest import SCHEMA, STRANGER, SYSTEM, steward

ROWS = [
    {"id": "3", "name": "王秀英", "age": 67, "paid": "12.50", "since": "2026年7月18日", "alive": "是"},
    {
        "id": "1",
        "name": "李静",
        "age": "34",
        "paid": Decimal("100"),
        "since": date(2026, 1, 2),
        "alive": False,
    },
    {"id": "2", "name": "赵建军", "seen": "2026-07-18 17:05"},
]


def apply(table: TableInfo, upserts: Any = (), deletes: Any = (), run: str = "", **more: Any) -> Applied:
    return actions.apply_changes(
        SYSTEM, table_id=table.table_id, upserts=upserts, deletes=deletes, run=run, **more
    )


def ids(table: TableInfo, version: int | None = None) -> list[str]:
    return [row["id"] for row in queries.view(table.table_id, version).search(limit=1000).rows]


def test_rows_come_in_as_written_in_offices_and_go_out_as_values(people: TableInfo) -> None:
    assert apply(people, ROWS) == Applied(1, inserted=3)
    found = queries.view(people.table_id).search()
    assert [row["id"] for row in found.rows] == ["1", "2", "3"], "in key order"
    assert (found.total, found.total_estimated, found.next) == (3, False, None)
    assert found.rows[0]["paid"] == Decimal("100") and str(found.rows[0]["paid"]) == "100"
    assert found.rows[2]["paid"] == Decimal("12.5") and found.rows[2]["since"] == date(2026, 7, 18)
    assert found.rows[1]["seen"] == datetime(2026, 7, 18, 9, 5, tzinfo=UTC), "city time is kept in UTC"
    assert found.rows[2]["alive"] is True and found.rows[0]["alive"] is False
    assert queries.info(people.table_id).rows == 3


def test_only_touched_keys_are_changes(people: TableInfo) -> None:
    apply(people, ROWS)
    result = apply(people, [ROWS[0], ROWS[1] | {"age": 35}, {"id": "9", "name": "新人"}], deletes=["2", "77"])
    assert result == Applied(2, inserted=1, updated=1, deleted=1, unchanged=1)
    assert ids(people) == ["1", "3", "9"]
    assert ids(people, 1) == ["1", "2", "3"], "the version before stays readable"
    assert apply(people, [ROWS[0]], deletes=["2"]) == Applied(2, unchanged=1), "nothing touched, no version"
    found = list(queries.changes(people.table_id, 1))
    assert [(one.kind, one.key, one.version) for one in found] == [
        (ChangeKind.UPSERT, ("1",), 2),
        (ChangeKind.DELETE, ("2",), 2),
        (ChangeKind.UPSERT, ("9",), 2),
    ]
    assert found[0].row is not None and found[0].row["age"] == 35
    assert [one.key for one in queries.changes(people.table_id, 0)] == [("1",), ("3",), ("9",)]
    assert list(queries.changes(people.table_id, 2)) == []


def test_a_run_counts_once(people: TableInfo) -> None:
    first = apply(people, ROWS, run="job-1")
    assert apply(people, [{"id": "8"}], run="job-1") == first
    assert ids(people) == ["1", "2", "3"]
    apply(people, [], run="job-2")
    assert Change.objects.filter(run="job-2", moved=False).exists(), "also what changed nothing is remembered"
    assert len(OutboxEvent.objects.filter(type="tables.changed")) == 1


def test_what_was_expected_must_be_there(people: TableInfo) -> None:
    apply(people, ROWS, expect_version=0)
    with pytest.raises(Conflict):
        apply(people, [{"id": "8"}], expect_version=0)
    assert apply(people, [{"id": "8"}], expect_version=1).version == 2


@pytest.mark.parametrize(
    ("rows", "deletes", "place"),
    [
        ([{"name": "无号"}], (), "1.id"),
        ([{"id": ""}], (), "1.id"),
        ([{"id": "1"}, {"id": "2", "age": "不详"}], (), "2.age"),
        ([{"id": "1", "since": "2026-02-30"}], (), "1.since"),
        ([{"id": "1", "paid": 10**28}], (), "1.paid"),
        ([{"id": "1"}, {"id": "1", "age": 3}], (), "2.id"),
        ([{"id": "1", "sex": "1"}], (), "sex"),
        ([{"id": "1"}], ["1"], "deletes"),
        ([], [("1", "2")], "1.key"),
        ([{"id": "1", "name": "\ud800"}], (), "1.name"),
    ],
)
def test_a_bad_row_refuses_the_delivery(people: TableInfo, rows: Any, deletes: Any, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        apply(people, [{"id": "0"}, *rows][1:] if rows else rows, deletes)
    assert place in refused.value.fields
    assert queries.info(people.table_id).version == 0 and not Change.objects.exists()


def test_arrow_is_taken_as_it_comes(people: TableInfo) -> None:
    table = pa.table(
        {
            "id": pa.array(["1", "2"]).dictionary_encode(),
            "age": pa.array([1, 2], pa.int8()),
            "paid": pa.array([0.1, None]),
            "seen": pa.array([datetime(2026, 7, 18, 17, 5), None]),
            "name": pa.array(["甲", "乙"], pa.large_string()),
            "alive": pa.nulls(2),
        }
    )
    apply(people, table)
    rows = queries.view(people.table_id).search().rows
    assert (rows[0]["paid"], rows[0]["seen"]) == (Decimal("0.1"), datetime(2026, 7, 18, 9, 5, tzinfo=UTC))
    with pytest.raises(InvalidInput) as refused:
        apply(people, pa.table({"id": ["3", "4"], "age": ["7", "seven"]}))
    assert "2.age" in refused.value.fields


def test_replacing_all_rows_finds_the_difference_itself(people: TableInfo) -> None:
    whole = pa.table({"id": [str(n) for n in range(100)], "age": list(range(100))})
    replace = actions.replace_rows
    assert replace(SYSTEM, table_id=people.table_id, rows=whole, run="a") == Applied(1, inserted=100)
    assert replace(SYSTEM, table_id=people.table_id, rows=whole, run="b") == Applied(1, unchanged=100)
    other = pa.table({"id": [str(n) for n in range(1, 102)], "age": [7, *range(2, 102)]})
    assert replace(SYSTEM, table_id=people.table_id, rows=other, run="c") == Applied(2, 2, 1, 1, 98)
    assert [one.key[0] for one in queries.changes(people.table_id, 1)] == ["0", "1", "100", "101"]
    batches = iter(other.slice(0, 0).to_batches())
    assert replace(SYSTEM, table_id=people.table_id, rows=batches, run="d") == Applied(3, deleted=101)
    assert ids(people) == [] and len(ids(people, 2)) == 101
    assert replace(SYSTEM, table_id=people.table_id, rows=whole, run="a") == Applied(1, inserted=100)
    again = replace(SYSTEM, table_id=people.table_id, rows=other, run="e")
    assert again == Applied(4, inserted=101)
    assert len(list(queries.changes(people.table_id, 2))) == 101


def test_a_replacement_with_doubled_keys_names_the_rows(people: TableInfo) -> None:
    whole = pa.table({"id": ["1", "2", "1", "3", "2"]})
    with pytest.raises(InvalidInput) as refused:
        actions.replace_rows(SYSTEM, table_id=people.table_id, rows=whole, run="")
    assert set(refused.value.fields) == {"3.id", "5.id"} and refused.value.extra["faults"] == 2


def test_columns_are_added_and_old_rows_are_empty_there(people: TableInfo) -> None:
    apply(people, ROWS)
    wider = TableSchema((*SCHEMA.columns, ColumnSpec("street", Kind.TEXT, "街道")), ("id",))
    actions.evolve_table(SYSTEM, table_id=people.table_id, schema=wider)
    assert queries.view(people.table_id).search().rows[0]["street"] is None
    apply(people, [{"id": "4", "street": "解放路"}])
    view = queries.view(people.table_id)
    assert [row["street"] for row in view.search().rows] == [None, None, None, "解放路"]
    assert view.search(q="解放").total == 1
    for columns, key in (
        (SCHEMA.columns[:-1], ("id",)),
        (SCHEMA.columns, ("id", "name")),
        ((*wider.columns, ColumnSpec("must", required=True)), ("id",)),
        (tuple(ColumnSpec(c.name, Kind.TEXT) for c in wider.columns), ("id",)),
    ):
        with pytest.raises(Conflict):
            actions.evolve_table(SYSTEM, table_id=people.table_id, schema=TableSchema(columns, key))


def test_names_and_schemas_that_cannot_be(office: Department) -> None:
    for wrong in (
        {"name": "Elders"},
        {"schema": TableSchema((), ())},
        {"schema": TableSchema((ColumnSpec("a"), ColumnSpec("A")), ("a",))},
        {"schema": TableSchema((ColumnSpec("_gone"),), ("_gone",))},
        {"schema": TableSchema((ColumnSpec("a"),), ("b",))},
        {"owner": "jn-nowhere"},
        {"zh": " "},
    ):
        asked: dict[str, Any] = {"name": "a.b", "zh": "表", "schema": SCHEMA, "owner": office.code} | wrong
        with pytest.raises(InvalidInput):
            actions.create_table(SYSTEM, **asked)
    first = actions.create_table(SYSTEM, name="a.b", zh="表", schema=SCHEMA, owner=office.code, key="k")
    same = actions.create_table(SYSTEM, name="a.b", zh="表", schema=SCHEMA, owner=office.code, key="k")
    assert first == same
    with pytest.raises(Conflict):
        actions.create_table(SYSTEM, name="a.b", zh="表", schema=SCHEMA, owner=office.code)


def test_a_dropped_table_is_gone_and_its_name_free(people: TableInfo, office: Department) -> None:
    apply(people, ROWS)
    actions.drop_table(SYSTEM, table_id=people.table_id, reason="合并")
    with pytest.raises(NotFound):
        queries.view(people.table_id)
    assert queries.named("civil.elders") is None
    actions.create_table(SYSTEM, name="civil.elders", zh="老年人", schema=SCHEMA, owner=office.code)


def test_another_department_and_a_stranger_write_nothing(
    people: TableInfo, office: Department, other: Department
) -> None:
    for actor in (steward(other), STRANGER):
        with pytest.raises(Forbidden):
            actions.apply_changes(Call(actor), table_id=people.table_id, upserts=ROWS, run="")
        with pytest.raises(Forbidden):
            actions.create_table(Call(actor), name="x", zh="表", schema=SCHEMA, owner=office.code)
        with pytest.raises(NotFound):
            queries.table(actor, people.table_id)
    mine = Call(steward(office))
    assert actions.apply_changes(mine, table_id=people.table_id, upserts=ROWS, run="").inserted == 3
    assert audit.verify().ok


def test_a_version_that_was_rolled_back_is_not_remembered(people: TableInfo, fixed_time: datetime) -> None:
    """The same version number may come to hold other rows; readers of this process must not see the first ones."""
    apply(people, ROWS)
    with transaction.atomic():
        apply(people, [{"id": "ghost"}])
        assert "ghost" in ids(people)
        transaction.set_rollback(True)
    assert ids(people) == ["1", "2", "3"]
    apply(people, [{"id": "real"}])
    assert ids(people) == ["1", "2", "3", "real"] and ids(people, 2) == ["1", "2", "3", "real"]


KEYED = TableSchema(
    (ColumnSpec("a"), ColumnSpec("b", Kind.INTEGER), ColumnSpec("c", Kind.INTEGER)), ("a", "b")
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_history_gives_the_rows_a_dict_would(
    office: Department, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes in any order, over merged sets and new bases: rows, pages, versions and net changes as of a dict."""
    monkeypatch.setattr(planning, "LEAST", 40)
    monkeypatch.setattr(planning, "MOST_SETS", 3)
    monkeypatch.setattr("quancheng.capabilities.tables.lake.GROUP", 16)
    chance = random.Random(seed)
    table = actions.create_table(SYSTEM, name="t", zh="表", schema=KEYED, owner=office.code)
    rows: dict[tuple[str, int], int] = {}
    history = {0: dict(rows)}
    for turn in range(14):
        keys = {(chance.choice("甲乙abc"), chance.randrange(40)) for _ in range(chance.randrange(1, 60))}
        if chance.random() < 0.2:
            rows = {key: chance.randrange(3) for key in keys | set(list(rows)[::2])}
            whole = pa.table({"a": [k[0] for k in rows], "b": [k[1] for k in rows], "c": list(rows.values())})
            result = actions.replace_rows(SYSTEM, table_id=table.table_id, rows=whole, run=str(turn))
        else:
            gone = {key for key in keys if chance.random() < 0.3}
            new = {key: chance.randrange(3) for key in keys - gone}
            result = actions.apply_changes(
                SYSTEM,
                table_id=table.table_id,
                upserts=[{"a": a, "b": b, "c": c} for (a, b), c in new.items()],
                deletes=sorted(gone),
                run=str(turn),
            )
            rows = {key: value for key, value in (rows | new).items() if key not in gone}
        history[result.version] = dict(rows)
    for version, expected in history.items():
        view = queries.view(table.table_id, version)
        ordered = sorted((a, b, c) for (a, b), c in expected.items())
        assert [tuple(row.values()) for row in view.search(limit=1000).rows] == ordered
        assert view.rows == len(expected)
        assert [tuple(row.values()) for row in view.search(limit=7, offset=11).rows] == ordered[11:18]
        by_c = view.search(sort="-c", limit=9, offset=3).rows
        wanted = sorted(ordered, key=lambda row: (-row[2], row[0], row[1]))[3:12]
        assert [tuple(row.values()) for row in by_c] == wanted
        assert [tuple(row.values()) for row in view.arrow().to_pylist()] == ordered
    newest = max(history)
    for since in history:
        changed = dict(history[since])
        for one in queries.changes(table.table_id, since):
            key = (one.key[0], one.key[1])
            if one.kind is ChangeKind.DELETE:
                changed.pop(key, None)
            else:
                assert one.row is not None
                changed[key] = one.row["c"]
        assert changed == history[newest]
    with pytest.raises(SnapshotExpired):
        queries.view(table.table_id, newest + 1)
    assert DataTable.objects.get().rows == len(rows)
