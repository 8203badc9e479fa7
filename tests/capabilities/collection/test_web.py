"""Pages and API: who sees what, forms that keep what was entered, a feed set up from a sample."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from tests.capabilities.collection import peers
from tests.capabilities.collection.conftest import COLUMNS, LAYOUT, NOW, csv_of, official, row
from tests.capabilities.collection.peers import RECIPE, serving

from quancheng.capabilities.collection import actions, engine, queries, tasks
from quancheng.capabilities.collection.models import Address, Feed, LineageEvent, Run
from quancheng.capabilities.messages.models import Message
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

SYSTEM = Call.system("collection")


def file_of(content: bytes, name: str = "名册.csv") -> io.BytesIO:
    stream = io.BytesIO(content)
    stream.name = name
    return stream


@pytest.fixture
def held(feed, deliver) -> Run:
    deliver(csv_of(*[row(n) for n in range(30)]))
    return deliver(csv_of(*[row(n) for n in range(9)], row(9, day="坏")))


PATHS = [
    "/work/collection/", "/work/collection/runs/", "/work/collection/new/", "/work/collection/new/?connector=http",
    "/work/collection/new/?connector=robot", "/work/collection/new/?connector=postgres", "/work/collection/addresses/",
    "/work/collection/rates/", "/work/collection/elders/", "/work/collection/elders/source/",
    "/work/collection/elders/columns/", "/work/collection/elders/lineage/",
]  # fmt: skip
APIS = ["feeds", "runs", "feeds/elders", "feeds/elders/lineage", "lineage/events", "lineage/export"]


def test_the_owner_sees_every_page(held, officer, signed_in) -> None:
    client = signed_in(officer)
    for path in [*PATHS, held.get_absolute_url(), f"{held.get_absolute_url()}refused.csv"]:
        assert client.get(path).status_code == 200, path
    said = client.get(held.get_absolute_url()).content.decode()
    assert "将删除现有 30 行中的 21 行" in said and "第 11 行" in said
    for path in APIS:
        assert client.get(f"/api/v1/collection/{path}").status_code == 200, path


def test_what_a_stranger_another_department_a_district_and_the_bureau_see(
    held, organs, bureau, signed_in, officer
) -> None:
    own = [f"/work/collection/elders/{rest}" for rest in ("", "source/", "columns/", "lineage/")]
    own += [held.get_absolute_url(), f"{held.get_absolute_url()}refused.csv", "/api/v1/collection/feeds/elders",
            f"/api/v1/collection/runs/{held.pk}", f"/api/v1/collection/runs/{held.pk}/refused"]  # fmt: skip
    stranger = Client()
    for path in own:
        assert stranger.get(path).status_code in (302, 401, 403), path
    for organ in ("jn-market", "jn-lixia"):
        other = official(f"他人{organ}", organs[organ], "collection.officer")
        client = signed_in(other)
        for path in own:
            assert client.get(path).status_code == 404, path
        assert client.get("/api/v1/collection/feeds").json()["items"] == []
        assert client.get("/api/v1/collection/runs").json()["items"] == []
        assert "老年人名册" not in client.get("/work/collection/").content.decode()
        assert client.get("/api/v1/collection/lineage/events").json()["items"] == []
        for deed, facts in (
            (actions.start_run, {"code": "elders"}),
            (actions.change_feed, {"code": "elders", "zh": "x"}),
            (actions.set_state, {"code": "elders", "state": "paused"}),
            (actions.decide, {"run_id": str(held.pk), "verdict": "reject", "reason": "无权"}),
            (actions.deliver, {"code": "elders", "digest": "0" * 64, "name": "x"}),
        ):
            with pytest.raises((Forbidden, NotFound)):
                deed(other, **facts)
        with pytest.raises(Forbidden):
            actions.create_feed(other, code=f"x-{organ}", zh="越权", organ="jn-civil", connector="upload")
        with pytest.raises(Forbidden):
            actions.register_address(other, host="x.cn", organ="jn-civil")
    nobody = signed_in(official("别的角色", organs["jn-civil"], "services.clerk"))
    assert nobody.get("/work/collection/").status_code == 403
    client = signed_in(bureau)
    assert client.get(held.get_absolute_url()).status_code == 200
    assert (
        client.get(f"{held.get_absolute_url()}refused.csv").status_code == 403
    )  # originals are the source's
    assert client.get("/api/v1/collection/lineage/events").json()["items"]
    assert not Feed.objects.filter(code__startswith="x-").exists()


def test_a_feed_from_sample_to_first_delivery(officer, organs, signed_in) -> None:
    client = signed_in(officer)
    said = {
        "code": "Bad Code",
        "zh": "",
        "organ": "jn-civil",
        "mode": "full",
        "period_minutes": "0",
        "sla_minutes": "1440",
    }
    answer = client.post("/work/collection/new/?connector=upload", said)
    assert answer.status_code == 422 and "Bad Code" in answer.content.decode()
    answer = client.post(
        "/work/collection/new/?connector=upload", said | {"code": "centres", "zh": "养老服务中心"}
    )
    assert answer.status_code == 302 and answer["Location"] == "/work/collection/centres/columns/"
    assert client.get(answer["Location"]).status_code == 200
    content = "养老服务中心名单\n\n编号,名称,电话,床位,开业日期\n" + "".join(
        f"C{n},中心{n},0531-8851{n:04d},{n},2026年1月{n % 27 + 1}日\n" for n in range(1, 20)
    )
    answer = client.post("/work/collection/centres/sample/", {"sample": file_of(content.encode("gb18030"))})
    assert answer.status_code == 302
    page = client.get("/work/collection/centres/columns/")
    proposal = page.context["proposal"]
    assert [(one["name"], one["kind"]) for one in proposal.rows] == [
        ("编号", "text"), ("名称", "text"), ("电话", "phone"), ("床位", "integer"), ("开业日期", "date"),
    ]  # fmt: skip
    assert (
        proposal.rows[0]["key"] and proposal.rows[2]["personal"] and proposal.titles == ["养老服务中心名单"]
    )
    posted = {"what": "agree", "on_double": "refuse", "formulas": "saved", "head": "", "sheet": ""}
    for one in proposal.rows:
        posted |= {
            f"c{one['at']}-source": one["source"],
            f"c{one['at']}-name": one["name"],
            f"c{one['at']}-kind": one["kind"],
            f"c{one['at']}-take": "1",
            f"c{one['at']}-level": "1",
        }
    answer = client.post("/work/collection/centres/columns/", posted)
    assert answer.status_code == 422 and "主键" in answer.content.decode()
    answer = client.post("/work/collection/centres/columns/", posted | {"c0-key": "1"})
    assert answer.status_code == 302, answer.content.decode()[:500]
    answer = client.post(
        "/work/collection/centres/", {"file": file_of(content.encode("gb18030")), "idempotency_key": "up-1"}
    )
    assert answer.status_code == 302
    jobs.run_due()
    run = Run.objects.get()
    assert run.state == "done" and run.counts["inserted"] == 19
    assert client.get(run.get_absolute_url()).status_code == 200


def test_a_decision_on_the_page_and_by_two_at_once(held, officer, signed_in, feed) -> None:
    client = signed_in(officer)
    answer = client.post(held.get_absolute_url(), {"verdict": "accept", "reason": "", "stage": "0"})
    assert answer.status_code == 422
    answer = client.post(
        held.get_absolute_url(), {"verdict": "accept", "reason": "名册确实减少", "stage": "7"}
    )
    assert answer.status_code == 422 and "别人刚刚" in answer.content.decode()
    answer = client.post(
        held.get_absolute_url(), {"verdict": "accept", "reason": "名册确实减少", "stage": "0"}
    )
    assert answer.status_code == 302
    jobs.run_due()
    assert held.refresh().state == "done" and held.counts["deleted"] == 21
    assert "名册确实减少" in client.get(held.get_absolute_url()).content.decode()


def test_the_api_delivers_and_answers_the_same_key_once(feed, officer, signed_in) -> None:
    client = signed_in(officer)
    made = []
    for _ in range(2):
        answer = client.post(
            "/api/v1/collection/feeds/elders/deliveries", {"file": file_of(csv_of(row(1))), "supplement": "true"},
            headers={"Idempotency-Key": "one"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.content
        made.append(answer.json()["id"])
    assert made[0] == made[1] and Run.objects.count() == 1
    assert (
        client.post(
            "/api/v1/collection/feeds/elders/deliveries", {"file": file_of(csv_of(row(2)))}
        ).status_code
        == 409
    )
    jobs.run_due()
    assert client.get(f"/api/v1/collection/runs/{made[0]}").json()["state"] == "done"
    answer = client.post("/api/v1/collection/feeds/elders/runs", headers={"Idempotency-Key": "two"})
    assert answer.status_code == 422


def test_late_feeds_are_told_once_and_recover(feed, deliver, officer, organs) -> None:
    with clock.at(NOW + timedelta(days=1, minutes=1)):
        assert (
            actions.mark_freshness(Call.system("collection")) == 1
            and actions.mark_freshness(Call.system("collection")) == 0
        )
    assert feed.refresh().lateness == "never"
    assert (
        Message.objects.filter(user_id=officer.actor.user_id, source__startswith="collection:late").count()
        == 1
    )
    assert list(queries.overdue(officer.actor)) == [feed]
    with clock.at(NOW + timedelta(days=2)):
        deliver(csv_of(row(1)))
    assert feed.refresh().lateness == "fresh" and feed.late_since is None
    with clock.at(NOW + timedelta(days=9)):
        actions.mark_freshness(Call.system("collection"))
    assert feed.refresh().lateness == "silent"


def http_feed(officer: Call, bureau: Call, url: str, port: int) -> Feed:
    actions.register_address(bureau, host="127.0.0.1", port=port, private=True, organ="jn-civil")
    settings = {"url": url, "auth": "bearer", "paging": "page", "page_param": "page", "items": "data.rows"}
    actions.create_feed(
        officer, code="stations", zh="站点", organ="jn-civil", connector="http", settings=settings,
        secrets={"token": "geheim"}, period_minutes=60, sla_minutes=120,
    )  # fmt: skip
    columns = [
        {"name": "id", "kind": "integer"},
        {"name": "name", "kind": "text"},
        {"name": "level", "kind": "decimal"},
        {"name": "changed", "kind": "date"},
    ]
    layout = {"columns": {one["name"]: one["name"] for one in columns}}
    return actions.agree_layout(officer, code="stations", columns=columns, key=["id"], layout=layout)


def test_a_scheduled_feed_retries_trips_and_is_closed_by_a_person(officer, bureau, signed_in) -> None:
    with serving(peers.interface) as peer:
        feed = http_feed(officer, bureau, peer.url + "/page", peer.port)
        assert tasks.tick() == {"started": 1}
        jobs.run_due()
        run = Run.objects.get()
        assert run.state == "done" and run.counts["inserted"] == 25 and len(run.trace) == 4
        assert feed.refresh().next_at == NOW + timedelta(hours=1)
        page = signed_in(officer).get("/api/v1/collection/feeds/stations").content.decode()
        assert "geheim" not in page and "geheim" not in str(Feed.objects.filter(pk=feed.pk).values().get())
        with clock.at(NOW + timedelta(hours=1)):
            tasks.tick()
            jobs.run_due()
        assert Run.objects.order_by("-began_at")[0].state == "unchanged"
    at = NOW + timedelta(hours=2)
    for number in range(1, 7):  # the peer is gone
        with clock.at(at):
            assert tasks.tick() == {"started": 1}, number
            jobs.run_due()
        feed.refresh()
        assert feed.failures == number
        at = feed.next_at or at
    assert feed.state == "tripped" and feed.next_at is None
    assert Message.objects.filter(source__startswith="collection:tripped").exists()
    actions.set_state(officer, code="stations", state="active")
    assert feed.refresh().failures == 0 and feed.next_at is not None


def test_an_unregistered_address_fails_and_says_what_to_do(officer, bureau) -> None:
    with serving(peers.interface) as peer:
        http_feed(officer, bureau, peer.url + "/page", peer.port)
        actions.remove_address(bureau, address_id=Address.objects.get().pk)
        run = actions.start_run(officer, code="stations")
        assert engine.work(str(run.pk)) == "failed"
        assert "没有登记" in run.refresh().failure["text"]["zh"] and not peer.asked
        actions.register_address(bureau, host="A.cn", organ="jn-civil")
        with pytest.raises(Conflict):
            actions.register_address(bureau, host="a.cn.", organ="jn-civil")


def test_the_robot_is_tried_before_it_is_agreed(officer, bureau, signed_in) -> None:
    with serving(peers.old_site) as peer:
        actions.register_address(bureau, host="127.0.0.1", private=True, organ="jn-civil")
        actions.create_feed(
            officer, code="archive", zh="档案系统", organ="jn-civil", connector="robot",
            settings={"recipe": json.dumps({"start": peer.url + "/", **RECIPE})}, secrets={"user": "u", "password": "开门"},
        )  # fmt: skip
        client = signed_in(officer)
        assert client.post("/work/collection/archive/sample/", {"what": "trial"}).status_code == 302
        jobs.run_due()
        page = client.get("/work/collection/archive/columns/")
        said = page.content.decode()
        assert [one["source"] for one in page.context["proposal"].rows] == ["档号", "题名", "页数"]
        assert "/list.asp" in said and "开门" not in said
        columns = [
            {"name": "档号", "kind": "text"},
            {"name": "题名", "kind": "text"},
            {"name": "页数", "kind": "decimal"},
        ]
        actions.agree_layout(
            officer,
            code="archive",
            columns=columns,
            key=["档号"],
            layout={"columns": {one["name"]: one["name"] for one in columns}},
        )
        run = actions.start_run(officer, code="archive")
        assert engine.work(str(run.pk)) == "done" and run.refresh().counts["inserted"] == 10


def test_lineage_of_others_is_merged_never_replaced(feed, deliver, bureau, officer, signed_in) -> None:
    deliver(csv_of(row(1)))
    name = f"tables/{feed.table_id}"
    run = "6f1c1d3e-0000-4000-8000-000000000001"
    body = {
        "eventType": "START", "eventTime": "2026-07-20T10:00:00+08:00", "producer": "https://elsewhere",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": {"runId": run}, "job": {"namespace": "spark", "name": "report"}, "inputs": [{"namespace": "quancheng", "name": name}],
        "outputs": [{"namespace": "quancheng", "name": "reports/1", "facets": {"columnLineage": {"fields": {
            "人数": {"inputFields": [{"namespace": "quancheng", "name": name, "field": "编号"}]}}}}}],
    }  # fmt: skip
    client = signed_in(bureau)

    def post(event: dict) -> object:
        return client.post("/api/v1/collection/lineage", json.dumps(event), content_type="application/json")

    assert post(body).json() == {"recorded": True} and post(body).json() == {"recorded": False}
    assert post(body | {"eventType": "COMPLETE", "inputs": [], "outputs": []}).json() == {"recorded": True}
    graph = queries.lineage(str(feed.table_id))
    assert graph["down"][0]["name"] == "quancheng|reports/1" and graph["down"][0]["columns"] == {
        "人数": ["编号"]
    }
    assert graph["up"][0]["name"].startswith("file|")
    assert (
        post({"eventType": "X"}).status_code == 422
        and post(body | {"run": {"runId": "x"}}).status_code == 422
    )
    lines = b"".join(client.get("/api/v1/collection/lineage/export").streaming_content).splitlines()
    assert len(lines) == LineageEvent.objects.count() == 4
    with pytest.raises(Forbidden):
        actions.record_lineage(officer, event=body)


def test_wrong_columns_and_layouts_are_refused_by_field(officer, feed) -> None:
    cases = [
        ([], ["a"], {}, "columns"), ([{"name": "a", "kind": "x"}], ["a"], {}, "columns"),
        ([{"name": "a", "kind": "text"}, {"name": "A", "kind": "text"}], ["a"], {}, "columns"),
        ([{"name": "a", "kind": "text"}], [], {}, "key"), ([{"name": "a", "kind": "text"}], ["a"], {"columns": {}}, "layout"),
        ([{"name": "a", "kind": "text"}], ["a"], {"columns": {"x": "a", "y": "a"}}, "layout"),
    ]  # fmt: skip
    for columns, key, layout, field in cases:
        with pytest.raises(InvalidInput) as caught:
            actions.agree_layout(officer, code="elders", columns=columns, key=key, layout=layout)
        assert field in caught.value.fields


def test_an_entry_gets_the_feeds_table_and_counts_in_the_rate(
    organs, officer, bureau, deliver, signed_in
) -> None:
    from types import SimpleNamespace

    from tests.capabilities.catalogue.conftest import resource

    from quancheng.capabilities.catalogue import actions as catalogue
    from quancheng.capabilities.catalogue import queries as entries
    from quancheng.capabilities.collection import entry_panel
    from quancheng.kernel.actor import Actor

    made = catalogue.register_entry(SYSTEM, resource=resource())
    assert queries.rate("jn-civil").percent == 0 and queries.rate("jn-civil").missing == (made.code,)
    with pytest.raises(InvalidInput) as caught:
        actions.create_feed(officer, code="elders", zh="x", organ="jn-civil", connector="upload", entry="404")
    assert "entry" in caught.value.fields
    actions.create_feed(
        officer,
        code="elders",
        zh="老年人",
        organ="jn-civil",
        connector="upload",
        entry=made.code,
        sla_minutes=60,
    )
    feed = actions.agree_layout(officer, code="elders", columns=COLUMNS, key=["编号"], layout=LAYOUT)
    info = entries.entry_of_table(feed.table_id)
    assert info is not None and info.code == made.code
    deliver(csv_of(row(1)))
    assert queries.rate("jn-civil").percent == 100 and queries.rate("jn-market").due == 0
    assert "100" in signed_in(officer).get("/work/collection/rates/").content.decode()
    shown = entry_panel.context(SimpleNamespace(actor=officer.actor), info)
    assert shown is not None and shown["feeds"] == [feed]
    assert entry_panel.context(SimpleNamespace(actor=Actor.anonymous()), info) is None
    with clock.at(NOW + timedelta(hours=2)):
        actions.mark_freshness(SYSTEM)
    assert queries.rate("jn-civil").fresh == 0


def test_old_files_are_cleared_but_not_what_is_needed(feed, deliver) -> None:
    import os

    from quancheng.capabilities.collection import rawfiles

    first = deliver(csv_of(*[row(n) for n in range(30)], row(31, day="坏")))
    last = deliver(csv_of(*[row(n) for n in range(31)]))
    for one in (first, last):
        os.utime(rawfiles.path_of(one.raw), (NOW.timestamp(), NOW.timestamp()))
    assert tasks.tidy() == {"files": 0, "runs": 0}
    with clock.at(NOW + timedelta(days=181)):
        assert tasks.tidy() == {"files": 1, "runs": 2}
    assert not rawfiles.path_of(first.raw).exists() and rawfiles.path_of(last.raw).exists()
