"""Pages and API as their readers meet them."""

from __future__ import annotations

import pytest
from django.test import Client

from quancheng.capabilities.people.demo import identities
from quancheng.capabilities.people.models import Firm, NaturalPerson
from quancheng.kernel.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
API = "/api/v1/people"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("path", ["/me/", "/me/contact/", "/me/firms/", "/me/security/", "/demo/"])
def test_citizen_pages_open_in_both_languages(signed_in, path: str, language: str) -> None:
    answer = signed_in("citizen-elder", language).get(path)
    assert answer.status_code == 200
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    assert elder.id_number not in answer.content.decode()


def test_signing_in_comes_first(client: Client, db: None) -> None:
    assert client.get("/me/").headers["Location"].startswith("/accounts/login/")


def test_demo_exists_only_in_a_demo(client: Client, town: None, settings) -> None:
    for one in identities():
        assert client.post("/demo/sign-in/", {"key": one.key}).headers["Location"] == one.start
    assert client.post("/demo/sign-in/", {"key": "nobody"}).status_code == 404
    settings.DEMO = False
    assert client.get("/demo/").status_code == 404
    assert client.post("/demo/sign-in/", {"key": "approver"}).status_code == 404


def test_contact_form_keeps_what_was_typed_and_says_what_is_wrong(signed_in) -> None:
    client = signed_in("citizen-elder")
    refused = client.post("/me/contact/", {"phone": "12", "address": "解放路1号院"})
    assert refused.status_code == 422
    assert "11位" in refused.content.decode()
    done = client.post("/me/contact/", {"phone": "13812345678", "address": "解放路1号院"})
    assert done.headers["Location"] == "/me/"
    assert "138****5678" in client.get("/me/").content.decode()


def test_firm_owner_switches_identity_and_authorises(signed_in) -> None:
    client = signed_in("firm-owner")
    firm = Firm.objects.get(name__contains="泉韵")
    mother = NaturalPerson.objects.get(user__demo_key="citizen-young")
    client.post("/me/act-as/", {"firm": firm.pk})
    assert client.get(f"{API}/me").json()["firm_id"] == firm.pk
    facts = {"name": mother.name, "id_number": mother.id_number, "scope": "services"}
    assert client.post(f"/me/firms/{firm.pk}/", facts).status_code == 302
    agent = firm.agents.get(person=mother)
    assert signed_in("citizen-young").get(f"/me/firms/{firm.pk}/").status_code == 200
    assert client.post(f"/me/agents/{agent.pk}/end/").status_code == 302
    assert signed_in("citizen-young").get(f"/me/firms/{firm.pk}/").status_code == 404
    client.post("/me/act-as/", {"firm": ""})
    assert client.get(f"{API}/me").json()["firm_id"] is None


def test_desk_search_shows_the_district_and_needs_a_purpose(signed_in) -> None:
    client = signed_in("clerk-civil")
    page = client.get("/work/people/", {"region": "370102", "age_from": "60"})
    assert page.status_code == 200
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    before = client.get(f"/work/people/{elder.pk}/").content.decode()
    assert elder.address not in before
    shown = client.get(f"/work/people/{elder.pk}/", {"purpose": "老年卡"}).content.decode()
    assert elder.address in shown
    assert elder.id_number not in shown
    assert AuditEntry.objects.filter(verb="people.view", stream="uses").count() == 1
    theirs = signed_in("citizen-elder").get("/me/").content.decode()
    assert "老年卡" in theirs
    assert "孙丽" in theirs
    assert "老年卡" not in signed_in("citizen-young").get("/me/").content.decode()
    sent = client.post("/work/people/lookup/", {"id_number": elder.id_number, "purpose": "卡"})
    assert sent.headers["Location"].startswith(f"/work/people/{elder.pk}/?purpose=")
    assert client.post("/work/people/lookup/", {"id_number": "1", "purpose": "卡"}).status_code == 422
    outside = NaturalPerson.objects.exclude(region_code__startswith="370102").first()
    assert client.get(f"/work/people/{outside.pk}/").status_code == 404


def test_desk_is_closed_to_citizens_and_open_to_its_roles(signed_in) -> None:
    elder = signed_in("citizen-elder")
    for path in ("/work/people/", "/work/firms/", "/work/organisation/"):
        assert elder.get(path).status_code == 403
    clerk = signed_in("clerk-civil", "en")
    firm = Firm.objects.first()
    for path in ("/work/firms/?name=济南", f"/work/firms/{firm.pk}/", "/work/organisation/?at=jn-water"):
        assert clerk.get(path).status_code == 200
    assert clerk.get("/work/firms/999999/").status_code == 404
    assert clerk.get("/work/organisation/?at=nowhere").status_code == 404


def test_organisation_page_grants_and_revokes(signed_in) -> None:
    head = signed_in("clerk-manager")
    where = "/work/organisation/?at=jn-lixia-civil"
    facts = {"username": "demo-water-crew", "role": "people.reader", "region": "370102", "reason": "汛期"}
    assert head.post(where, {**facts, "username": "nobody"}).status_code == 422
    assert head.post(where, facts).status_code == 302
    page = head.get(where)
    given = next(row for row in page.context["grants"] if row["who"] == "孟庆海")
    revoke = f"/work/organisation/grants/{given['pk']}/revoke/"
    assert signed_in("clerk-civil").post(revoke, {"reason": "x"}).status_code == 404
    assert head.post(revoke, {"reason": "汛期结束"}).status_code == 302
    assert all(row["who"] != "孟庆海" for row in head.get(where).context["grants"])


def test_api_public_reads(client: Client, town: None) -> None:
    districts = client.get(f"{API}/regions").json()
    assert len([one for one in districts if one["level"] == "district"]) == 12
    assert len([one for one in districts if one["level"] == "zone"]) == 3
    assert len(client.get(f"{API}/regions", {"parent": "370199"}).json()) == 5
    first = client.get(f"{API}/districts.geojson")
    again = client.get(f"{API}/districts.geojson", headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    tree = client.get(f"{API}/departments", {"under": "jn-lixia", "depth": 1}).json()
    assert {"jn-lixia-civil", "jn-st-370102001"} <= {row["code"] for row in tree}
    assert client.get(f"{API}/me").json()["signed_in"] is False
    firms = client.get(f"{API}/firms", {"size": 5}).json()
    assert len(firms["items"]) == 5
    following = client.get(f"{API}/firms", {"size": 5, "cursor": firms["next"]}).json()
    assert {row["id"] for row in following["items"]}.isdisjoint(row["id"] for row in firms["items"])


def test_api_of_persons_is_masked_and_for_readers(signed_in, client: Client) -> None:
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    body = {"id_number": elder.id_number, "purpose": "老年卡"}
    found = signed_in("clerk-civil").post(f"{API}/persons/lookup", body, content_type="application/json")
    assert found.json()["id_number"].startswith("370102********")
    mine = signed_in("citizen-young").get(f"{API}/persons").json()["items"]
    assert [row["name"] for row in mine] == ["李静"]
    assert client.get(f"{API}/persons").status_code == 401
    changed = signed_in("citizen-elder").patch(
        f"{API}/me/contact", {"phone": "13812345678"}, content_type="application/json"
    )
    assert changed.json()["phone"] == "138****5678"
    assert signed_in("citizen-elder").get(f"{API}/me/prefill").json()["phone"]["value"] == "13812345678"
