"""Who sees what: every table, page and API for a stranger, another department, a district, a person, the bureau."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from tests.capabilities.masters.conftest import citizen, official

from quancheng.capabilities.masters import actions
from quancheng.capabilities.masters.models import (
    Change,
    Golden,
    Home,
    LinkageModel,
    Master,
    Member,
    Opening,
    Pair,
    Residence,
    Source,
    Theme,
)
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.kernel import access
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

TABLES = (Master, Source, LinkageModel, Golden, Member, Change, Pair, Home, Residence, Theme, Opening)


def counts(actor: Actor) -> dict[str, int]:
    return {one.__name__: access.visible(actor, one).count() for one in TABLES}


def test_rows_of_each_asker(base: None) -> None:
    whole = counts(official("局", "masters.steward"))
    assert whole["Golden"] == Golden.objects.count() and whole["Pair"] == Pair.objects.count()
    assert whole["Home"] == Home.objects.count() and whole["Theme"] == Theme.objects.count()
    nobody = dict.fromkeys(whole, 0)
    assert counts(Actor.anonymous()) == nobody
    assert counts(official("别部门", "people.reader", department="jn-civil")) == nobody
    district = counts(official("历下", "masters.reviewer", region="370102"))
    inside = Golden.objects.filter(region_code__startswith="370102").count()
    assert 0 < district["Golden"] == inside < whole["Golden"]
    assert district["Home"] == Home.objects.filter(region_code__startswith="370102").count()
    assert district["Member"] == Member.objects.filter(golden__region_code__startswith="370102").count()
    assert district["Theme"] == 0 and district["Opening"] == 0
    reader = counts(official("读", "masters.reader", region="370102"))
    assert (
        reader["Golden"] == inside
        and reader["Member"] == reader["Pair"] == reader["Change"] == reader["Source"] == 0
    )
    owner = counts(official("市场", "masters.theme_owner", department="jn-market"))
    assert owner["Theme"] == 1 and owner["Golden"] == 0
    mine = Golden.objects.exclude(person=None).first()
    me = counts(citizen(NaturalPerson.objects.get(pk=mine.person)))
    assert me["Golden"] == 1 and me["Member"] == mine.members.count() and me["Home"] == me["Pair"] == 0


PAGES = {
    "/work/masters/": {"steward", "reviewer", "reader"},
    "/work/masters/population/": {"steward", "reviewer", "reader"},
    "/work/masters/legal/?text=济南": {"steward", "reviewer", "reader"},
    "/work/masters/population/making/": {"steward", "reviewer"},
    "/work/masters/review/": {"steward", "reviewer"},
    "/work/masters/homes/": {"steward", "reviewer", "reader"},
    "/work/masters/homes/communities/?occupied=0&vacant=4": {"steward", "reviewer", "reader"},
    "/work/masters/themes/": {"steward", "theme_owner"},
    "/work/masters/themes/new/?base=master:credit": {"steward", "theme_owner"},
    "/work/masters/themes/food-firms/": {"steward", "theme_owner"},
    "/work/masters/corrections/": {"steward", "contact"},
    "/work/profile/": {"steward", "reviewer", "reader"},
    "/api/v1/masters/masters": {"steward", "reviewer", "reader"},
}


@pytest.mark.parametrize("role", ["steward", "reviewer", "reader", "contact", "theme_owner"])
def test_pages_open_to_their_roles_only(base: None, web, role: str) -> None:
    client = web(official(f"o-{role}", f"masters.{role}", department="jn-market"))
    for path, roles in PAGES.items():
        expected = 200 if role in roles or path.startswith("/api/") else 403
        assert client.get(path).status_code == expected, (role, path)
    if role not in PAGES["/api/v1/masters/masters"]:
        assert client.get("/api/v1/masters/masters").json() == []


def test_a_stranger_is_sent_to_sign_in(base: None) -> None:
    for path in (*PAGES, "/me/profile/"):
        assert Client().get(path).status_code in (302, 401), path


def test_lists_do_not_name_people(base: None, web) -> None:
    client = web(official("读", "masters.reader"))
    body = client.get("/work/masters/population/").content.decode()
    some = Golden.objects.filter(master__code="population").first()
    assert some.code in body and some.label not in body and some.values["id_number"] not in body
    page = client.get(f"/work/masters/records/{some.code}/").content.decode()
    assert some.values["id_number"] not in page and some.values.get("address", "—") not in page


def test_a_record_by_page_with_a_purpose(base: None, web) -> None:
    client = web(official("核", "masters.reviewer"))
    some = Golden.objects.filter(master__code="population", members_count__gte=2).first()
    path = f"/work/masters/records/{some.code}/"
    assert client.post(path, {"what": "open", "purpose": "relief"}).status_code == 422
    assert client.post(path, {"what": "open", "purpose": "quality"}).status_code == 302
    body = client.get(path).content.decode()
    assert some.values["id_number"] in body and "成员记录" in body and "信息与出处" in body
    refused = client.post(path, {"what": "correct", "field": "name", "claimed": "", "reason": "笔误"})
    assert refused.status_code == 422 and "笔误" in refused.content.decode()
    assert (
        client.post(
            path, {"what": "correct", "field": "name", "claimed": "某某", "reason": "笔误"}
        ).status_code
        == 302
    )
    assert client.post(path, {"what": "nonsense"}).status_code == 422
    every = [one.ref for one in some.members.select_related("source")]
    assert client.post(path, {"what": "unmerge", "records": every, "reason": "全部"}).status_code == 422
    assert client.post(path, {"what": "unmerge", "records": every[:1], "reason": "错并"}).status_code == 302


def test_a_district_cannot_open_what_lies_elsewhere(base: None, web) -> None:
    client = web(official("历下", "masters.reader", region="370102"))
    away = (
        Golden.objects.filter(master__code="population")
        .exclude(region_code__startswith="370102")
        .exclude(region_code="")
        .first()
    )
    assert client.get(f"/work/masters/records/{away.code}/").status_code == 404
    body = {"master": "population", "key": away.values["id_number"], "purpose": "relief", "case": "SL2026-1"}
    page = client.post("/work/profile/", body)
    assert page.status_code == 422 and "不在您的管辖区域" in page.content.decode()
    for code in ("RK99999999", "XX00000001", "RK1a", "RK" + "9" * 30):
        assert client.get(f"/work/masters/records/{code}/").status_code == 404


def test_pairs_and_homes_by_page(base: None, web) -> None:
    client = web(official("核", "masters.reviewer"))
    pair = Pair.objects.filter(state="open").exclude(region_code="").first()
    body = client.get(f"/work/masters/review/{pair.pk}/").content.decode()
    assert "比特" in body and "判定" in body
    assert (
        client.post(f"/work/masters/review/{pair.pk}/", {"verdict": "same", "reason": ""}).status_code == 422
    )
    assert (
        client.post(
            f"/work/masters/review/{pair.pk}/", {"verdict": "different", "reason": "照片不同"}
        ).status_code
        == 302
    )
    assert pair.refresh().state == "different"
    home = Home.objects.filter(residents__gte=1).first()
    who = home.residences.filter(chosen=True).first().golden
    path = f"/work/masters/homes/{home.pk}/"
    assert who.label not in client.get(path).content.decode()
    assert client.post(path, {"purpose": "quality"}).status_code == 302
    assert who.label in client.get(path).content.decode()


def test_the_steward_changes_sources_and_rules_by_page(base: None, web, steward) -> None:
    client = web(steward)
    path = "/work/masters/population/making/"
    assert client.post(path, {"what": "build", "mode": "whole", "reason": ""}).status_code == 422
    assert client.post(path, {"what": "build", "mode": "whole", "reason": "月度"}).status_code == 302
    source = Source.objects.get(code="hrss")
    assert (
        client.post(path, {"what": "source", "source": source.pk, "trust": 0, "reason": "x"}).status_code
        == 422
    )
    assert (
        client.post(
            path, {"what": "source", "source": source.pk, "trust": 7, "reason": "质量下降"}
        ).status_code
        == 302
    )
    assert source.refresh().trust == 7 and source.active is False
    rule = {
        "what": "rule",
        "field": "phone",
        "first": "MAJORITY",
        "second": "NEWEST",
        "valid_from": "2099-01-01",
        "reason": "试",
    }
    assert client.post(path, rule).status_code == 302
    assert "未生效" in client.get(path).content.decode()
    reviewer = web(official("核", "masters.reviewer"))
    assert reviewer.post(path, {"what": "build", "mode": "whole", "reason": "越权"}).status_code == 422


def test_my_profile(base: None, web) -> None:
    golden = Golden.objects.filter(master__code="population", sources__gte=2).exclude(person=None).first()
    me = citizen(NaturalPerson.objects.get(pk=golden.person))
    actions.open_record(
        Call(official("审", "masters.reader")), golden=golden, purpose="relief", case="SL2026-9"
    )
    client = web(me)
    body = client.get("/me/profile/").content.decode()
    assert golden.values["id_number"] in body and "SL2026-9" in body and "社会救助审核" in body
    assert client.post("/me/profile/", {"what": "give", "purpose": "home-visit"}).status_code == 302
    assert "撤回同意" in client.get("/me/profile/").content.decode()
    assert client.post("/me/profile/", {"what": "withdraw", "purpose": "home-visit"}).status_code == 302
    wrong = client.post("/me/profile/", {"what": "correct", "field": "name", "claimed": "", "reason": "改名"})
    assert wrong.status_code == 422 and "改名" in wrong.content.decode()
    assert client.post("/me/profile/", {"what": "other"}).status_code == 422


def test_lookup_by_api(base: None, web) -> None:
    client = web(official("口", "masters.reader"))
    golden = Golden.objects.filter(master__code="population").exclude(person=None).first()
    asked = {
        "master": "population",
        "key": golden.values["id_number"],
        "purpose": "relief",
        "case": "SL2026-2",
    }

    def post(**change: str):
        return client.post(
            "/api/v1/masters/lookup", json.dumps(asked | change), content_type="application/json"
        )

    said = post().json()
    assert said["number"] == golden.code and {one["name"] for one in said["facts"]} <= {
        "name", "id_number", "birth", "sex", "address", "register", "relation", "alive", "marriage", "insured",
        "income", "disability",
    }  # fmt: skip
    assert post(key="370102190001010000").status_code == 404
    assert post(purpose="").status_code == 422 and post(case="").status_code == 422
    assert post(master="nothing").status_code == 404
    codes = [post().status_code for _ in range(30)]
    assert codes[-1] == 429 and client.get("/api/v1/masters/homes?region=370102").json()["note"]["zh"]
    assert (
        Client()
        .post("/api/v1/masters/lookup", json.dumps(asked), content_type="application/json")
        .status_code
        == 401
    )


def test_pairs_by_api(base: None, web) -> None:
    client = web(official("核", "masters.reviewer"))
    rows = client.get("/api/v1/masters/pairs").json()["items"]
    assert rows and rows[0]["evidence"]
    path = f"/api/v1/masters/pairs/{rows[0]['id']}/decide"
    body = json.dumps({"verdict": "different", "reason": "不同人"})
    first = client.post(path, body, content_type="application/json", headers={"Idempotency-Key": "p1"})
    again = client.post(path, body, content_type="application/json", headers={"Idempotency-Key": "p1"})
    assert first.status_code == again.status_code == 200 and first.json() == again.json()
    assert (
        client.post(
            path, body, content_type="application/json", headers={"Idempotency-Key": "p2"}
        ).status_code
        == 409
    )


def test_a_theme_by_page(base: None, web, steward) -> None:
    client = web(steward)
    form = {
        "base": "master:legal", "code": "h-firms", "zh": "餐饮", "en": "Catering", "owner": "jn-market", "purpose": "检查",
        "fields_": ["uscc", "name"], "refresh": "manual", "field1": "industry", "test1": "eq", "value1": "H",
    }  # fmt: skip
    assert client.post("/work/masters/themes/new/", form | {"zh": ""}).status_code == 422
    assert client.post("/work/masters/themes/new/", form).status_code == 302
    assert client.post("/work/masters/themes/h-firms/", {"what": "refresh"}).status_code == 302
    body = client.get("/work/masters/themes/h-firms/").content.decode()
    assert "血缘" in body and "等于 H" in body
