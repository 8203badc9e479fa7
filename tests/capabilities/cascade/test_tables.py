"""Rows of data tables: gathered, given by jurisdiction, landed with their origin, foreign ones never overwritten."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from tests.capabilities.cascade.conftest import SYSTEM, join
from tests.capabilities.cascade.peer import DjangoTransport, Peer

from quancheng.capabilities.cascade import actions, moving
from quancheng.capabilities.cascade.bodies import ORIGIN, arrow_of, body_of, key_of, key_values, rows_of
from quancheng.capabilities.cascade.forms_of_tables import TABLES, form_out, stream_of_table
from quancheng.capabilities.cascade.models import Book, Remark, Wish
from quancheng.capabilities.cascade.network import own_name, signer
from quancheng.capabilities.people.models import Department
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_queries
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.cascade import Remove, RowId, Upsert, settle
from quancheng.core.tabular import Kind
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.models import writing

SHOPS = stream_of_table("shops")
SCHEMA = TableSchema(
    (
        ColumnSpec("code", Kind.TEXT, zh="编码", required=True),
        ColumnSpec("name", Kind.TEXT, zh="名称"),
        ColumnSpec("region", Kind.TEXT, zh="区域"),
        ColumnSpec("fee", Kind.DECIMAL, zh="费用"),
        ColumnSpec("since", Kind.DATE, zh="日期"),
    ),
    ("code",),
)


def _shop(code: str, name: str = "泉水书店", region: str = "370102") -> dict[str, object]:
    return {"code": code, "name": name, "region": region, "fee": Decimal("12.5"), "since": date(2026, 1, 5)}


def _edit(code: str, name: str = "泉水书店", region: str = "370102") -> Upsert:
    return Upsert(RowId("370102", code), region, "", body_of(_shop(code, name, region)))


@pytest.fixture
def bureau(db: None) -> Department:
    with writing("test"):
        found: Department = Department.objects.create(code="jn-data", zh="市大数据局", en="Big Data Bureau")
    return found


def _describe(peer: Peer) -> None:
    form = form_out(SCHEMA, "商户", "Shops", "370102", "", "region", "")
    peer.edit(TABLES, Upsert(RowId("370102", "shops"), "370102", "", json.dumps(form)))


def _table() -> str:
    return str(Book.objects.get(name="shops").table_id)


def _rows() -> dict[str, dict[str, object]]:
    return {str(one["code"]): one for one in table_queries.view(_table()).arrow().to_pylist()}


def test_bodies_are_canonical_and_come_back_as_they_went() -> None:
    schema = pa.schema(
        [
            ("a", pa.string()), ("b", pa.int64()), ("c", pa.decimal128(38, 10)), ("d", pa.date32()),
            ("e", pa.timestamp("us", tz="UTC")), ("f", pa.bool_()),
        ]
    )  # fmt: skip
    first = {
        "f": True, "a": "泉\t\"", "b": -7, "c": Decimal("-0.10"), "d": date(2026, 2, 28),
        "e": datetime(2026, 2, 28, 1, 2, 3, 4, tzinfo=UTC), ORIGIN: "x",
    }  # fmt: skip
    rows = [first, dict.fromkeys("abcdef")]
    bodies = [body_of(one) for one in rows]
    assert bodies[1] == "{}" and ORIGIN not in bodies[0]
    back = arrow_of(rows_of(bodies), schema).to_pylist()
    assert back == [{name: one.get(name) for name in "abcdef"} for one in rows]
    assert [body_of(one) for one in back] == bodies


@pytest.mark.parametrize("key", [["泉A1"], ["[x"], [" a"], ["a\u3000b"], ["a", 7], [7], ["x\n"], [True, "b"]])
def test_keys_become_names_of_rows_and_come_back(key: list[object]) -> None:
    local = key_of(key)
    assert local.isprintable() and local == local.strip()
    assert key_values(local) == key


def test_rows_heard_land_in_a_table_made_for_them_once(joined: Peer, bureau: Department) -> None:
    _describe(joined)
    joined.edit(SHOPS, *(_edit(f"{n:03}") for n in range(40)))
    moving.talk_with("370102")
    assert moving.land_all() == 40
    info = table_queries.info(_table())
    assert (info.rows, info.owner, info.schema.key) == (40, "jn-data", (ORIGIN, "code"))
    assert _rows()["007"] == {ORIGIN: "370102", **_shop("007"), "fee": Decimal("12.5000000000")}
    assert (moving.land_all(), moving.gather_all()) == (0, 0)
    joined.edit(SHOPS, Remove(RowId("370102", "007")), _edit("008", "改名"))
    moving.talk_with("370102")
    moving.land_all()
    assert "007" not in _rows() and _rows()["008"]["name"] == "改名"
    version = table_queries.info(_table()).version
    moving.talk_with("370102")
    assert (moving.land_all(), moving.gather_all(), table_queries.info(_table()).version) == (0, 0, version)


def test_a_local_change_of_a_foreign_row_is_asked_for_and_undone_until_answered(
    joined: Peer, bureau: Department
) -> None:
    _describe(joined)
    joined.edit(SHOPS, _edit("001"), _edit("002"))
    moving.talk_with("370102")
    moving.land_all()
    own = {**_shop("900", "本市自有"), ORIGIN: own_name()}
    changed = {**_shop("001", "本地改的"), ORIGIN: "370102"}
    tables.apply_changes(
        SYSTEM, table_id=_table(), upserts=[own, changed], deletes=[("370102", "002")], run="by-hand"
    )
    assert moving.gather_all() == 3
    assert {one.row_local: one.deletes for one in Wish.objects.all()} == {"001": False, "002": True}
    assert (_rows()["001"]["name"], _rows()["002"]["name"]) == ("泉水书店", "泉水书店")
    assert _rows()["900"]["name"] == "本市自有"
    assert moving.gather_all() == 0
    wish = Wish.objects.get(row_local="001")
    with joined.client(signer().public_der, DjangoTransport()) as client:
        joined.pull(client, [SHOPS, *_corrections()])
    answered = settle(
        joined.node, joined.ledger, SHOPS, RowId(wish.origin, wish.local), True, "是", joined.now
    )
    joined.ledger.write(answered.writes)
    moving.talk_with("370102")
    moving.land_all()
    assert _rows()["001"]["name"] == "本地改的"
    assert joined.ledger.get(SHOPS, RowId(own_name(), "900")) is not None


def _corrections() -> list:  # type: ignore[type-arg]
    from quancheng.core.cascade import correction_stream

    return [correction_stream(SHOPS)]


def test_a_shared_table_goes_to_a_district_by_jurisdiction(peer: Peer, bureau: Department) -> None:
    join(peer, gives=[{"kinds": ["catalogue"]}, {"kinds": ["table"], "regions": ["370102"]}])
    made = tables.create_table(SYSTEM, name="shops", zh="商户", schema=SCHEMA, owner="jn-data")
    rows = [_shop(f"{n:03}", region="370102001" if n % 2 else "370103") for n in range(10)]
    tables.apply_changes(SYSTEM, table_id=made.table_id, upserts=rows, run="one")
    with pytest.raises(InvalidInput) as refused:
        actions.share_table(SYSTEM, name="shops", table_id=str(made.table_id), region_column="place")
    assert set(refused.value.fields) == {"region_column"}
    actions.share_table(SYSTEM, name="shops", table_id=str(made.table_id), region_column="region")
    assert moving.gather_all() == 10
    with peer.client(signer().public_der, DjangoTransport()) as client:
        peer.pull(client, [TABLES, SHOPS])
        assert peer.has(SHOPS).count == 5
        moved = {**_shop("001"), "region": "370103"}
        tables.apply_changes(SYSTEM, table_id=made.table_id, upserts=[moved], run="two")
        moving.gather_all()
        peer.pull(client, [SHOPS])
        assert peer.has(SHOPS).count == 4
        assert client.counts(SHOPS) == peer.has(SHOPS)
    assert peer.ledger.get(TABLES, RowId(own_name(), "shops")) is not None


def test_a_key_too_long_for_a_name_is_told_of_and_the_others_go(db: None, bureau: Department) -> None:
    made = tables.create_table(SYSTEM, name="shops", zh="商户", schema=SCHEMA, owner="jn-data")
    rows = [_shop("x" * 300), _shop("ok")]
    tables.apply_changes(SYSTEM, table_id=made.table_id, upserts=rows, run="one")
    actions.share_table(SYSTEM, name="shops", table_id=str(made.table_id))
    moving.gather_all()
    assert Remark.objects.get().finding == "BAD_NAME"
    assert Book.objects.get(name="shops").holding_set.count() == 1
