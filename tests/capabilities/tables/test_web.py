"""Pages, API, export and masks: what each reader gets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.tables import actions, queries
from quancheng.capabilities.tables.models import Change, DataTable
from quancheng.capabilities.tables.tasks import upkeep
from quancheng.capabilities.tables.values import ColumnSpec, TableInfo, TableSchema
from quancheng.core.tabular import Kind
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry

from .conftest import BUREAU, STRANGER, SYSTEM, steward

ROWS = [
    {"id": f"{n:03d}", "name": "王秀英", "age": n, "paid": "1.5", "since": "2026-07-18", "alive": n % 2 == 0}
    for n in range(60)
]


@pytest.fixture
def elders(people: TableInfo) -> TableInfo:
    actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=ROWS, run="first")
    actions.apply_changes(
        SYSTEM, table_id=people.table_id, upserts=[ROWS[1] | {"age": 99}], deletes=["059"], run="second"
    )
    return queries.info(people.table_id)


def everything(client: Client, table_id: str) -> dict[str, int]:
    """Status of every list, page and address of a table."""
    page, api = f"/work/tables/{table_id}/", f"/api/v1/tables/{table_id}"
    urls = [page, f"{page}columns/", f"{page}versions/", f"{page}changes/", f"{page}export/"]
    urls += [api, f"{api}/rows", f"{api}/versions", f"{api}/changes?since=1", f"{api}/export"]
    return {url: client.get(url).status_code for url in urls}


def test_what_each_sees(
    elders: TableInfo, office: Department, other: Department, signed_in: Callable[[Actor], Client]
) -> None:
    client = signed_in(steward(office))
    assert set(everything(client, elders.table_id).values()) == {200}
    assert "老年人" in client.get("/work/tables/").content.decode()
    stranger = signed_in(STRANGER)
    assert stranger.get("/work/tables/").status_code == 403
    assert not set(everything(stranger, elders.table_id).values()) & {200}
    assert stranger.get("/api/v1/tables/").json()["items"] == []
    elsewhere = signed_in(Actor(**{**_as_dict(steward(other)), "name": "elsewhere"}))
    assert "老年人" not in elsewhere.get("/work/tables/").content.decode()
    assert set(everything(elsewhere, elders.table_id).values()) == {404}
    body = json.dumps({"run": "x", "upserts": [{"id": "1"}]})
    url = f"/api/v1/tables/{elders.table_id}/changes"
    assert elsewhere.post(url, body, content_type="application/json").status_code == 403
    assert not set(everything(Client(), elders.table_id).values()) & {200}


def _as_dict(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in ("kind", "name", "user_id", "grants")}


def test_persons_are_masked_for_the_bureau_and_recorded_for_the_owner(
    elders: TableInfo, office: Department, signed_in: Callable[[Actor], Client]
) -> None:
    bureau = signed_in(BUREAU)
    url = f"/api/v1/tables/{elders.table_id}"
    rows = bureau.get(f"{url}/rows?limit=1").json()
    assert rows["masked"] and rows["rows"][0]["name"] == "王**"
    assert bureau.get(f"{url}/rows?q=王").json()["rows"] == [], "what is masked is not found either"
    for hidden in ('filters={"name":"王秀英"}', "sort=name"):
        assert bureau.get(f"{url}/rows?{hidden}").status_code == 422
    for address in (f"{url}/export?format=csv", f"{url}/changes?since=0", f"/work/tables/{elders.table_id}/"):
        response = bureau.get(address)
        text = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        assert "王秀英" not in text.decode() and "王**" in text.decode()
    assert not AuditEntry.objects.filter(action="tables.reveal_rows").exists()
    mine = signed_in(steward(office))
    assert mine.get(f"{url}/rows?q=王&limit=1").json()["rows"][0]["name"] == "王秀英"
    assert AuditEntry.objects.filter(action="tables.reveal_rows").count() == 1


def test_rows_are_filtered_sorted_and_paged_in_the_address(
    elders: TableInfo, office: Department, signed_in: Callable[[Actor], Client]
) -> None:
    client = signed_in(steward(office))
    page = f"/work/tables/{elders.table_id}/"
    found = client.get(page, {"column": "age", "operator": "ge", "value": "58", "sort": "-age"})
    assert [row[2][2] for row in found.context["rows"]] == [99, 58]
    second = client.get(page, {"cursor": client.get(page).context["page"].next})
    assert len(second.context["rows"]) == 9 and second.context["page"].previous == "0"
    refused = client.get(page, {"column": "age", "operator": "eq", "value": "many"})
    assert refused.status_code == 422 and "这个值与该列的类型不符" in refused.content.decode()
    assert client.get(page, {"cursor": "x"}).status_code == 422
    changed = client.get(f"{page}changes/", {"since": 1, "until": 2})
    assert [(gone, cells[0][2]) for gone, _, cells in changed.context["changes"]] == [
        (False, "001"),
        (True, "059"),
    ]
    assert client.get(f"{page}changes/", {"since": 5}).status_code == 422
    versions = client.get(f"/api/v1/tables/{elders.table_id}/versions").json()["items"]
    assert [(one["version"], one["run"], one["inserted"], one["deleted"]) for one in versions] == [
        (2, "second", 0, 1),
        (1, "first", 60, 0),
    ]
    old = client.get(f"/api/v1/tables/{elders.table_id}/rows?version=1&limit=100").json()
    assert len(old["rows"]) == 60
    assert client.get(f"/api/v1/tables/{elders.table_id}/rows?version=7").status_code == 410


def test_a_table_is_made_filled_and_changed_by_api(
    office: Department, signed_in: Callable[[Actor], Client]
) -> None:
    client = signed_in(steward(office))

    def send(method: str, path: str, body: Any, **headers: str) -> Any:
        call = getattr(client, method)
        return call(
            f"/api/v1/tables/{path}", json.dumps(body), content_type="application/json", headers=headers
        )

    table = {
        "name": "civil.shops", "zh": "店铺", "owner": office.code, "key": ["id"],
        "columns": [{"name": "id"}, {"name": "n", "kind": "integer"}],
    }  # fmt: skip
    made = send("post", "", table, **{"Idempotency-Key": "one"})
    assert made.status_code == 201
    again = send("post", "", table, **{"Idempotency-Key": "one"})
    assert again.json()["table_id"] == made.json()["table_id"] and DataTable.objects.count() == 1
    assert send("post", "", table).status_code == 409
    assert send("post", "", table | {"columns": [{"name": "id", "kind": "colour"}]}).status_code == 422
    path = made.json()["table_id"]
    rows = {"run": "r1", "upserts": [{"id": "1", "n": 3}, {"id": "2", "n": "5"}]}
    assert send("post", f"{path}/changes", rows).json()["inserted"] == 2
    assert send("post", f"{path}/changes", rows).json()["version"] == 1
    wrong = send("post", f"{path}/changes", {"run": "r2", "upserts": [{"id": "3", "n": "x"}]})
    assert wrong.status_code == 422 and "1.n" in wrong.content.decode()
    assert (
        send("post", f"{path}/changes", {"run": "r3", "deletes": [["1"]], "expect_version": 0}).status_code
        == 409
    )
    assert send("post", f"{path}/changes", {"run": "r3", "deletes": [["1"]]}).json()["deleted"] == 1
    wider = {"key": ["id"], "columns": [*table["columns"], {"name": "m"}]}
    assert send("put", f"{path}/schema", wider).status_code == 200
    assert client.get(f"/api/v1/tables/{path}/rows").json()["rows"] == [{"id": "2", "n": 5, "m": None}]
    lines = client.get(f"/api/v1/tables/{path}/changes?since=1")
    assert [json.loads(line)["kind"] for line in b"".join(lines.streaming_content).splitlines()] == ["delete"]  # type: ignore[attr-defined]


PLACES = TableSchema(
    (ColumnSpec("id"), ColumnSpec("lon", Kind.DECIMAL), ColumnSpec("lat", Kind.DECIMAL), ColumnSpec("word")),
    ("id",),
)


def test_exports_are_whole_and_safe(
    office: Department, monkeypatch: pytest.MonkeyPatch, signed_in: Any
) -> None:
    made = actions.create_table(SYSTEM, name="places", zh="点位", schema=PLACES, owner=office.code)
    rows = [{"id": f"{n}", "lon": "117.02", "lat": "36.66", "word": "=cmd|' /C calc'!A0"} for n in range(3)]
    actions.apply_changes(SYSTEM, table_id=made.table_id, upserts=[*rows, {"id": "9"}], run="")
    client = signed_in(steward(office))

    def take(kind: str) -> bytes:
        response = client.get(f"/work/tables/{made.table_id}/export/?format={kind}")
        assert response.status_code == 200 and f"places-v1.{kind}" in response["Content-Disposition"]
        return b"".join(response.streaming_content)

    text = take("csv").decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[1] == ["0", "117.02", "36.66", "'=cmd|' /C calc'!A0"] and len(lines) == 5
    assert json.loads(take("json"))[0]["lon"] == 117.02
    assert len(take("ndjson").splitlines()) == 4
    features = json.loads(take("geojson"))["features"]
    assert features[0]["geometry"]["coordinates"] == [117.02, 36.66] and features[3]["geometry"] is None
    assert pq.read_table(io.BytesIO(take("parquet"))).num_rows == 4
    assert client.get(f"/work/tables/{made.table_id}/export/?format=xls").status_code == 422
    monkeypatch.setattr(actions, "MOST_TEXT_ROWS", 2)
    assert client.get(f"/work/tables/{made.table_id}/export/?format=csv").status_code == 413


def test_the_night_joins_change_sets_and_versions_stay(people: TableInfo) -> None:
    for turn in range(6):
        rows = [{"id": f"{n}", "age": turn * n % 3} for n in range(20)]
        actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=rows, run=f"{turn}")
    row = DataTable.objects.get()
    before = {v: queries.view(people.table_id, v).search().rows for v in range(1, row.version + 1)}
    assert row.sets >= 4
    assert upkeep()["compacted"] == 1 and DataTable.objects.get().sets == 0
    assert {v: queries.view(people.table_id, v).search().rows for v in before} == before
    assert list(queries.changes(people.table_id, 1)), "and what changed is still known"
    assert upkeep()["compacted"] == 0
    assert Change.objects.filter(moved=True).count() == row.version


def test_the_demo_is_made_once(office: Department, other: Department) -> None:
    import numpy as np

    from quancheng.capabilities.tables import indicators, simulate

    assert simulate.seed(None, np.random.default_rng(1)) and not simulate.seed(None, np.random.default_rng(1))
    assert DataTable.objects.filter(simulated=True).count() == 3
    assert indicators.rows_held()["value"] == 178 + 400 + 600
    assert indicators.fresh_tables()["numerator"] == 3
