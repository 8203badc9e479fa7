"""From proposal to tombstone, through actions, pages and the job."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.test import Client
from tests.capabilities.catalogue.conftest import resource
from tests.capabilities.opening.conftest import OPENED, SYSTEM, Homes, row

from quancheng.capabilities.catalogue import actions as catalogue
from quancheng.capabilities.opening import actions, queries, simulate, tasks
from quancheng.capabilities.opening.models import Dataset, State
from quancheng.capabilities.people.actions import sync_departments
from quancheng.capabilities.tables import queries as tables
from quancheng.core.catalogue import Openness
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

STRANGER = Actor(ActorKind.PERSON, "stranger", user_id=99)


def test_a_second_person_opens_what_the_test_lets_through(homes: Homes) -> None:
    publisher, approver = Call(homes.official("publisher")), Call(homes.official("approver", user=8))
    asked = {"table_id": homes.table_id, "fields": OPENED}
    for wrong in (STRANGER, homes.official("publisher", "jn-market")):
        with pytest.raises(Forbidden):
            actions.propose_dataset(Call(wrong), **asked)
    with pytest.raises(InvalidInput) as refused:
        actions.propose_dataset(publisher, table_id=homes.table_id, fields=[*OPENED, "phone"])
    assert "phone" in refused.value.fields["fields"].en
    with pytest.raises(InvalidInput) as refused:
        actions.propose_dataset(publisher, **asked, quasi=["beds"])  # each number of beds is one home
    assert "60" in refused.value.fields["quasi"].en
    made = actions.propose_dataset(publisher, **asked, quasi=["kind"])
    assert made.smallest == 30 and queries.opened(made.name) is None
    with pytest.raises(Conflict):
        actions.propose_dataset(publisher, **asked)
    with pytest.raises(Forbidden):
        actions.approve_dataset(publisher, dataset=made.pk)
    both = Actor(ActorKind.OFFICIAL, "both", user_id=7, grants=homes.official("approver").grants)
    with pytest.raises(Forbidden):
        actions.approve_dataset(Call(both), dataset=made.pk)
    done = actions.approve_dataset(approver.with_key("once"), dataset=made.pk)
    assert actions.approve_dataset(approver.with_key("once"), dataset=made.pk).pk == done.pk
    assert done.live and done.rows == 60
    view = queries.opened_view(homes.table_id)
    assert view.schema.names == ("_id", *OPENED) and view.schema.key == ("_id",)
    assert not queries.worked_on(homes.official("publisher", "jn-market")).exists()
    assert queries.worked_on(homes.official("publisher")).count() == 1


def test_the_copy_follows_its_source_and_numbers_last(homes: Homes) -> None:
    made = homes.publish("kind")
    assert tasks.follow() == {"updated": 0}
    before = {one["code"]: one["_id"] for one in queries.opened_view(homes.table_id).search().rows}
    homes.put(row(2, beds=999), row(61), run="r2", deletes=(("H001",), ("H060",)))
    assert tasks.follow() == {"updated": 1}
    after = {one["code"]: one for one in queries.opened_view(homes.table_id).search().rows}
    assert after["H002"]["beds"] == 999 and after["H002"]["_id"] == before["H002"]
    assert after["H061"]["_id"] == 61 and "H001" not in after and len(after) == 59
    homes.put(run="r3", deletes=(("H061",),))
    homes.put(row(62), run="r4")
    tasks.follow()
    assert max(one["_id"] for one in queries.opened_view(homes.table_id).search().rows) == 62
    homes.put(row(63, kind="外资"), run="r5")  # one of its kind
    assert tasks.follow() == {"updated": 0}
    made.refresh_from_db()
    assert made.findings[0]["field"] == "quasi" and made.live
    assert queries.opened_view(homes.table_id).search(filters={"kind": "外资"}).total == 0
    homes.put(run="r6", deletes=(("H063",),))
    assert tasks.follow() == {"updated": 1}
    made.refresh_from_db()
    assert not made.findings
    catalogue.register_entry(SYSTEM, resource=resource("养老院名录", openness=Openness.CLOSED))
    assert tasks.follow() == {"updated": 0}
    made.refresh_from_db()
    assert made.state == State.WITHDRAWN and made.reason_en


def test_everybody_finds_reads_and_downloads(homes: Homes) -> None:
    made = homes.publish()
    address = f"/open/dataset/{made.name}/"
    everybody = Client()
    listed = everybody.get("/open/data/?q=养老&organ=jn-civil&theme=&cycle=monthly").content.decode()
    assert address in listed and "养老院名录" in listed
    assert address not in everybody.get("/open/data/?q=没有的").content.decode()
    assert everybody.get("/api/v1/opening/datasets").json()["items"][0]["rows"] == 60
    feed = everybody.get("/open/data/atom.xml?q=养老")
    assert feed["Content-Type"].startswith("application/atom+xml") and address in feed.content.decode()
    assert "<entry>" not in everybody.get("/open/data/atom.xml?q=没有的").content.decode()
    page = everybody.get(f"{address}?q=第7养老院&sort=-beds").content.decode()
    assert "第7养老院" in page and "第8养老院" not in page and "13800000000" not in page
    assert everybody.get(f"{address}?column=beds&value=abc").status_code == 200
    assert everybody.get(f"{address}?cursor=20&column=kind&value=公办").status_code == 200
    got = {kind: b"".join(everybody.get(f"{address}data.{kind}").streaming_content)
           for kind in ("csv", "json", "ndjson", "geojson", "parquet")}  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(got["csv"].decode("utf-8-sig"))))
    assert len(rows) == 60 and list(rows[0]) == OPENED and b"13800000000" not in got["csv"]
    assert pq.read_table(io.BytesIO(got["parquet"])).num_rows == 60
    assert b'"coordinates":[117.05,36.66]' in got["geojson"] and got["ndjson"].count(b"\n") == 60
    assert everybody.get(f"{address}data.exe").status_code == 404
    actions.withdraw_dataset(Call(homes.official("publisher")), dataset=made.pk, reason="内容有误")
    gone = everybody.get(address)
    assert gone.status_code == 410 and "内容有误" in gone.content.decode()
    assert everybody.get(f"{address}data.csv").status_code == 404
    assert everybody.get(f"/api/v1/opening/datasets/{made.name}").json()["state"] == "withdrawn"
    with pytest.raises(NotFound):
        queries.opened_view(homes.table_id)
    with pytest.raises(NotFound):
        tables.info(made.copy_id)
    assert everybody.get("/open/dataset/nothing/").status_code == 404


def test_the_desk_proposes_returns_and_approves(homes: Homes, sign_in) -> None:
    assert Client().get("/work/opening/").status_code in (302, 401)
    officer = sign_in(homes.official("publisher"))
    assert "civil.homes" in officer.get("/work/opening/").content.decode()
    form = f"/work/opening/propose/{homes.table_id}/"
    assert 'value="phone"' not in officer.get(form).content.decode()
    refused = officer.post(form, {"fields_": OPENED, "quasi": ["beds"]})
    assert refused.status_code == 422 and "不足 5 行" in refused.content.decode()
    assert officer.post(form, {"fields_": OPENED}).status_code == 302
    one = Dataset.objects.get()
    assert "由另一人审核" not in officer.get(f"/work/opening/{one.pk}/").content.decode()
    assert officer.post(f"/work/opening/{one.pk}/approve/").status_code == 403
    bureau = sign_in(homes.official("approver", user=8))
    assert bureau.post(f"/work/opening/{one.pk}/return/", {"reason": ""}).status_code == 422
    assert bureau.post(f"/work/opening/{one.pk}/return/", {"reason": "请补充说明"}).status_code == 302
    again = actions.propose_dataset(Call(homes.official("publisher")), table_id=homes.table_id, fields=OPENED)
    page = bureau.get(f"/work/opening/{again.pk}/").content.decode()
    assert "通过并开放" in page
    assert bureau.post(f"/work/opening/{again.pk}/approve/").status_code == 302
    assert bureau.get("/work/opening/?state=published").status_code == 200
    stranger = sign_in(homes.official("publisher", "jn-market", user=12))
    assert stranger.get(f"/work/opening/{again.pk}/").status_code == 404


def test_the_demo_city_opens_data_once_and_reads_in_english(db: None) -> None:
    sync_departments(Call.system("people"))
    assert simulate.seed(None, np.random.default_rng(1))
    assert simulate.seed(None, np.random.default_rng(1)) is None
    live = Dataset.objects.filter(state=State.PUBLISHED)
    assert live.count() == 15 and {State.PROPOSED, State.WITHDRAWN} <= set(
        Dataset.objects.values_list("state", flat=True)
    )
    reader = Client()
    reader.cookies["qc_language"] = "en"
    found = reader.get("/open/data/?q=公交&theme=212").content.decode()
    assert "Bus stops" in found and "公交站点" not in found
    page = reader.get(f"/open/dataset/{live.get(zh='公交站点').name}/").content.decode()
    assert "Lines" in page and "停靠线路数" not in page
    gone = Dataset.objects.get(state=State.WITHDRAWN)
    assert "replaced by the new list" in reader.get(f"/open/dataset/{gone.name}/").content.decode()


def test_charts_maps_and_the_console_answer(homes: Homes) -> None:
    made = homes.publish()
    everybody, address = Client(), f"/open/dataset/{made.name}"
    usual = everybody.get(f"{address}/chart/").content.decode()
    assert "2020-05-01" in usual and ">305" in usual  # the mean of 10 … 600 beds, all opened on one day
    counted = everybody.get(f"{address}/chart/?x=kind&measure=sum&y=beds").content.decode()
    assert "9300" in counted and "9000" in counted
    assert everybody.get(f"{address}/chart/?x=kind&measure=sum").status_code == 422
    assert everybody.get(f"{address}/chart/?x=phone&measure=count").status_code == 422
    assert "places.geojson" in everybody.get(f"{address}/map/").content.decode()
    assert len(everybody.get(f"{address}/places.geojson").json()["features"]) == 60
    tried = everybody.get(f"{address}/console/?q=第12养老院").content.decode()
    assert "H012" in tried and "RemoteCKAN" in tried
    assert "Validation Error" in everybody.get(f"{address}/console/?sort=nothing").content.decode()
    assert everybody.get(f"{address}/console/?limit=9999").status_code == 422
    for path in ("chart/", "map/", "console/", "places.geojson"):
        assert everybody.get(f"/open/dataset/nothing/{path}").status_code == 404
