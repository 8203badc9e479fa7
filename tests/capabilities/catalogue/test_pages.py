"""Pages and the demo: every page answers, the form keeps input, files come and go, bulk edits are taken back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.capabilities.catalogue.conftest import SYSTEM, resource

from quancheng.capabilities.catalogue import actions, bulk, facets, queries, simulate
from quancheng.capabilities.catalogue.models import BulkDeed, Demand, Duty, Entry, State
from quancheng.capabilities.people.actions import sync_departments
from quancheng.core.catalogue import Edit, Operation, UpdateCycle
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput


@pytest.fixture
def demo(db: None) -> None:
    """The demo city's catalogue."""
    sync_departments(Call.system("people"))
    simulate.seed(None, np.random.default_rng(1))


def test_the_demo_has_what_a_city_has_and_every_page_answers(demo, sign_in) -> None:
    assert simulate.seed(None, np.random.default_rng(1)) is None
    assert Entry.objects.filter(live=True).count() >= 80
    assert Entry.objects.filter(live=False).values_list("state", flat=True).distinct().count() == 3
    assert Demand.objects.count() == 3 and Duty.objects.values("organ").distinct().count() == 4
    rate = queries.rate("jn-civil")
    assert (len(rate.done), len(rate.due)) == (5, 8)
    assert len(queries.rate().due) == sum(
        len(queries.rate(o).due) for o in ("jn-civil", "jn-market", "jn-health", "jn-water")
    )
    proposed = queries.comparison(SYSTEM.actor, "jn-market").proposals
    assert "SC-006" in {one.duty for one in proposed}
    from quancheng.kernel.actor import ActorKind, RoleGrant

    client = sign_in(Actor(ActorKind.OFFICIAL, "m", user_id=5, grants=(RoleGrant("catalogue.manager"),)))
    entry = Entry.objects.get(name="公交线路站点信息")
    number = Demand.objects.first().number
    for path in (
        "", "?q=公交&mine=1", "new/", "import/", "queue/", "classes/", "classes/theme/", "classes/department/",
        "duties/", "duties/?organ=jn-water", "duties/import/", "demands/", "demands/?state=open", "demands/new/",
        f"demands/{number}/", "bulk/?organ=jn-water", "bulk/deeds/", f"{entry.entry_id}/", f"{entry.entry_id}/edit/",
    ):  # fmt: skip
        answer = client.get(f"/work/catalogue/{path}")
        assert answer.status_code == 200, path
    assert "公交".encode() in client.get("/work/catalogue/?q=公交").content
    assert Client().get("/work/catalogue/").status_code == 302


def form_of(client: Client, path: str) -> dict[str, Any]:
    """What a browser would send back of a form."""
    answer = client.get(path)
    form, items = answer.context["form"], answer.context["items"]
    data: dict[str, Any] = {}
    for bound in [*form, *items.management_form, *[field for one in items for field in one]]:
        value = bound.value()
        if value not in (None, "", False):
            data[bound.html_name] = value
    return data | {"revision": answer.context["revision"]}


def test_the_form_keeps_what_it_does_not_show_and_names_faults_at_their_rows(as_officer, sign_in) -> None:
    made = actions.register_entry(
        SYSTEM, resource=resource(), table_id="7d5b7f0e-3f0e-4f0e-8f0e-7d5b7f0e3f0e"
    )
    client = sign_in(as_officer("jn-civil", "officer").actor)
    path = f"/work/catalogue/{made.entry_id}/edit/"
    data = form_of(client, path)
    more = client.post(path, data | {"more": "1", "name": "写了一半"})
    assert more.status_code == 200 and "写了一半" in more.content.decode()
    assert int(more.context["items"].management_form["TOTAL_FORMS"].value()) == 10
    data |= {"name": "养老机构基本信息", "items-2-field": "phone", "items-2-name": "联系电话", "items-2-type": "text",
             "items-2-length": "20", "items-0-DELETE": "on"}  # fmt: skip
    assert client.post(path, data).status_code == 302
    draft = made.refresh().draft
    assert [one.field for one in draft.items] == ["beds", "phone"] and len(draft.distributions) == 1
    assert draft.name.zh == "养老机构基本信息"
    assert client.post(path, data).status_code == 409  # the revision it was made from is gone
    wrong = form_of(client, path) | {"items-0-field": "", "abstract": ""}
    refused = client.post(path, wrong)
    assert refused.status_code == 422 and refused.context["form"].errors["abstract"]


def test_export_and_import_again_is_the_same_and_rows_refused_say_why(as_officer, sign_in) -> None:
    officer = as_officer("jn-civil", "officer")
    actions.create_entry(officer, resource=resource("=1+1养老", keywords=("a", "b")))
    actions.create_entry(officer, resource=resource("儿童福利机构"))
    client = sign_in(officer.actor)
    sheet = b"".join(client.get("/work/catalogue/export.csv?mine=1").streaming_content)
    assert "'=1+1养老" in sheet.decode("utf-8-sig")
    again = actions.import_entries(officer, file=io.BytesIO(sheet), name="c.csv")
    assert (again.rows, again.unchanged, again.refused) == (4, 4, ())
    text = sheet.decode("utf-8-sig").replace("儿童福利机构", "儿童福利院").replace("每月", "每世纪", 1)
    gbk = text.encode("gb18030")
    done = actions.import_entries(officer, file=io.BytesIO(gbk), name="c.csv")
    assert done.rows == done.created + done.changed + done.unchanged + len(done.refused)
    assert len(done.refused) == 2 and any(
        "每世纪" in one["zh"] for row in done.refused for one in row.reasons
    )
    other = actions.import_entries(as_officer("jn-market", "officer"), file=io.BytesIO(sheet), name="c.csv")
    assert len(other.refused) == 4 and "您部门" in other.refused[0].reasons[0]["zh"]
    answer = client.post("/work/catalogue/import/", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")})
    assert answer.status_code == 422 and "缺少列" in answer.content.decode()


@pytest.fixture
def three(organs: dict[str, int]) -> list[Entry]:
    """Three published entries of one organ."""
    return [
        actions.register_entry(SYSTEM, resource=resource(name))
        for name in ("甲类信息", "乙类信息", "丙类信息")
    ]


WEEKLY = Edit(("cycle",), Operation.SET, "weekly")


def test_a_bulk_edit_is_looked_at_done_and_taken_back(three, as_officer) -> None:
    officer = as_officer("jn-civil", "officer")
    facets.rows_for(officer.actor)
    ids = bulk.chosen(officer.actor, "信息", queries.Filters(organ="jn-civil"))
    preview = bulk.preview(officer.actor, ids, [WEEKLY])
    assert len(preview.plan.codes) == 3 and Entry.objects.get(pk=ids[0]).draft.cycle is UpdateCycle.MONTHLY
    deed = actions.apply_bulk(officer, ids=ids, edits=[WEEKLY], about="周期", digest=preview.plan.digest)
    assert {one.draft.cycle for one in Entry.objects.all()} == {UpdateCycle.WEEKLY}
    assert all(one.revising and one.resource.cycle is UpdateCycle.MONTHLY for one in Entry.objects.all())
    actions.undo_bulk(officer, deed=deed.pk)
    assert {one.draft.cycle for one in Entry.objects.all()} == {UpdateCycle.MONTHLY}
    with pytest.raises(Conflict, match="已经撤回"):
        actions.undo_bulk(officer, deed=deed.pk)


def test_undo_names_what_others_changed_and_changes_nothing(three, as_officer) -> None:
    officer = as_officer("jn-civil", "officer")
    deed = actions.apply_bulk(officer, ids=[one.pk for one in three], edits=[WEEKLY])
    actions.edit_entry(officer, entry=three[0].code, resource=resource("甲类信息", cycle=UpdateCycle.DAILY))
    with pytest.raises(Conflict) as refused:
        actions.undo_bulk(officer, deed=deed.pk)
    assert refused.value.extra["stale"] == [{"code": three[0].code, "field": "cycle"}]
    assert three[1].refresh().draft.cycle is UpdateCycle.WEEKLY
    assert BulkDeed.objects.get().undone_at is None


def test_a_bulk_edit_of_others_or_of_another_plan_is_refused(three, as_officer) -> None:
    stranger = as_officer("jn-market", "officer")
    with pytest.raises(InvalidInput):
        actions.apply_bulk(stranger, ids=[one.pk for one in three], edits=[WEEKLY])
    officer = as_officer("jn-civil", "officer")
    with pytest.raises(Conflict, match="预览"):
        actions.apply_bulk(officer, ids=[one.pk for one in three], edits=[WEEKLY], digest="0" * 64)
    closed = Edit(("openness",), Operation.SET, "conditional")
    refused = bulk.preview(officer.actor, [one.pk for one in three], [closed]).plan
    assert not refused.steps and {one.field for one in refused.refused} == {"open_condition"}


def test_bulk_page_previews_then_applies(three, as_officer, sign_in) -> None:
    client = sign_in(as_officer("jn-civil", "officer").actor)
    asked = {"field": "cycle", "operation": "set", "value": "weekly"}
    seen = client.post("/work/catalogue/bulk/?organ=jn-civil", asked | {"preview": "1"})
    assert seen.status_code == 200 and seen.context["changing"] == 3
    done = client.post(
        "/work/catalogue/bulk/?organ=jn-civil", asked | {"apply": "1", "digest": seen.context["digest"]}
    )
    assert done.status_code == 302 and BulkDeed.objects.get().entries == 3


def test_duties_and_demands_run_their_course(three, as_officer) -> None:
    officer, asker = as_officer("jn-civil", "officer"), as_officer("jn-market", "officer", user=9)
    rows = "事项代码,事项名称,产生数据\nA-1,甲类信息管理,是\nA-1,重复,是\n,空,是\nA-2,后勤,否\n"
    done = actions.import_duties(officer, organ="jn-civil", file=io.BytesIO(rows.encode()), name="d.csv")
    assert (done.created, len(done.refused)) == (2, 2) and done.refused[0].place["zh"].endswith("第 3 行")
    assert queries.comparison(officer.actor, "jn-civil").missing == ("A-1",)
    actions.link_duty(officer, duty="A-1", entry=three[0].code)
    assert queries.comparison(officer.actor, "jn-civil").missing == ("A-1",)  # until it is published
    made = actions.ask_demand(
        asker, name="床位", organ="jn-market", purpose="监管", basis="职责", target="jn-civil"
    )
    assert list(queries.demands(as_officer("jn-lixia-civil", "officer").actor)) == []
    with pytest.raises(InvalidInput) as refused:
        actions.answer_demand(officer, number=made.number, state="satisfied", answer="有")
    assert "entry" in refused.value.fields
    actions.answer_demand(officer, number=made.number, state="satisfied", answer="有", entry=three[0].code)
    assert made.refresh().state == Demand.State.SATISFIED
    with pytest.raises(Conflict):
        actions.withdraw_demand(asker, number=made.number)


def test_the_queue_has_what_waits_and_buttons_work(as_officer, sign_in) -> None:
    officer, second = as_officer("jn-civil", "officer"), as_officer("jn-civil", "approver", user=8)
    made = actions.create_entry(officer, resource=resource())
    owner = sign_in(officer.actor)
    owner.post(f"/work/catalogue/{made.entry_id}/submit/")
    assert made.refresh().state == State.SUBMITTED
    client: Client = sign_in(second.actor)
    assert made.name in client.get("/work/catalogue/queue/").content.decode()
    client.post(f"/work/catalogue/{made.entry_id}/approve/")
    client.post(f"/work/catalogue/{made.entry_id}/publish/")
    assert made.refresh().live
    stranger: Callable[[str], Any] = Client().get
    page = stranger("/catalogue/dcat.jsonld")
    assert page["Content-Type"] == "application/ld+json" and made.code in json.dumps(json.loads(page.content))
