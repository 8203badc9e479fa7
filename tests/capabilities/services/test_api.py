"""The API: the same loop by programs, and odd input that is never a fault of ours."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.capabilities.services.conftest import photo

from quancheng.capabilities.services.models import Case

BASE = "/api/v1/services"
FORM = {"phone": "0531-88881234", "delivery": "street", "truthful": True}


def post(client: Client, path: str, body, key: str | None = None):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{BASE}{path}", json.dumps(body), content_type="application/json", headers=headers)


def upload(client: Client, content=None):
    return client.post(f"{BASE}/matters/senior-card/files/photo", {"file": photo(content)})


def test_matters_and_eligibility(signed_in):
    anybody, citizen = Client(), signed_in("citizen-elder")
    listed = anybody.get(f"{BASE}/matters").json()["items"]
    assert len(listed) >= 8
    assert anybody.get(f"{BASE}/matters?q=老年证").json()["items"][0]["code"] == "senior-card"
    elder = {one["code"] for one in anybody.get(f"{BASE}/matters?zone=elder").json()["items"]}
    assert elder == {"senior-card", "elder-allowance"}
    guide = anybody.get(f"{BASE}/matters/senior-card").json()
    assert guide["legal_days"] == 20
    assert guide["promised_days"] == 5
    assert anybody.get(f"{BASE}/matters/senior-card/eligibility").json()["outcome"] is None
    judged = citizen.get(f"{BASE}/matters/senior-card/eligibility").json()
    assert judged["outcome"] == "pass"
    assert anybody.get(f"{BASE}/matters/none").status_code == 404
    assert anybody.get(f"{BASE}/matters?size=0").status_code == 422
    assert anybody.get(f"{BASE}/matters?cursor=%00x").status_code == 422


def test_the_loop_by_programs(signed_in):
    citizen, clerk = signed_in("citizen-elder"), signed_in("clerk-civil")
    assert post(Client(), "/cases", {"matter": "senior-card"}).status_code == 401
    missing = post(citizen, "/cases", {"matter": "senior-card", "form": FORM})
    assert missing.status_code == 422
    assert "file_photo" in missing.json()["fields"]
    assert upload(citizen, b"no picture").status_code == 415
    assert upload(citizen).status_code == 200
    first = post(citizen, "/cases", {"matter": "senior-card", "form": FORM}, key="k1")
    assert first.status_code == 201
    again = post(citizen, "/cases", {"matter": "senior-card", "form": FORM}, key="k1")
    assert again.json()["receipt"] == first.json()["receipt"]
    assert post(citizen, "/cases", {"matter": "senior-card", "form": {}}, key="k1").status_code == 409
    assert post(citizen, "/cases", {"matter": "senior-card", "form": FORM}, key="k2").status_code == 422
    receipt = first.json()["receipt"]
    detail = citizen.get(f"{BASE}/cases/{receipt}").json()
    assert detail["answers"]["name"] == "王秀英"
    assert "*" in detail["answers"]["resident_id"]
    assert [one["receipt"] for one in clerk.get(f"{BASE}/desk/cases").json()["items"]] == [receipt]
    seen = clerk.get(f"{BASE}/desk/cases/{receipt}").json()
    assert {one["outcome"] for one in seen["findings"]} == {"pass"}
    path = f"/desk/cases/{receipt}/decide"
    assert post(clerk, path, {"verb": "approve"}).status_code == 422
    assert post(clerk, path, {"verb": "dance", "revision": 1}).status_code == 422
    assert post(citizen, path, {"verb": "approve", "revision": 1}).status_code == 403
    assert post(clerk, path, {"verb": "approve", "revision": 9}).status_code == 409
    done = post(clerk, path, {"verb": "approve", "revision": seen["revision"]}, key="d1").json()
    assert done["state"] == "completed"
    assert post(clerk, path, {"verb": "approve", "revision": seen["revision"]}, key="d1").json() == done
    assert post(clerk, path, {"verb": "note", "reason": "归档"}).status_code == 200
    assert post(citizen, f"/cases/{receipt}/rating", {"score": 5}).status_code == 200
    card = citizen.get("/api/v1/trust/licences").json()["items"]
    assert done["licence"] in {one["number"] for one in card}
    assert citizen.get(f"{BASE}/cases?state=done").json()["items"][0]["receipt"] == receipt


def test_matters_for_firms(signed_in, user):
    from quancheng.capabilities.people.models import Firm
    from quancheng.capabilities.people.queries import SESSION_FIRM

    owner = signed_in("firm-owner")
    form = {
        "site": "天桥工地",
        "start": "2026-12-01",
        "nights": 2,
        "reason": "浇筑",
        "phone": "13900001111",
        "truthful": True,
    }
    assert post(owner, "/cases", {"matter": "night-construction", "form": form}).status_code == 403
    session = owner.session
    session[SESSION_FIRM] = Firm.objects.get(legal_person=user("firm-owner").person).pk
    session.save()
    sent = owner.post(f"{BASE}/matters/night-construction/files/notice", {"file": photo()})
    assert sent.status_code == 200
    made = post(owner, "/cases", {"matter": "night-construction", "form": form})
    assert made.status_code == 201, made.content
    case = Case.objects.get()
    assert case.firm.name == "济南泉韵餐饮管理有限公司"
    assert case.department.code == "jn-tianqiao-city-management"
    assert owner.get(f"{BASE}/cases").json()["items"][0]["receipt"] == case.receipt


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["phone", "delivery", "truthful", "lived_since", "ground", "address", "x", ""])


@pytest.mark.parametrize("matter", ["senior-card", "residence-permit"])
def test_odd_answers_are_never_our_fault(signed_in, matter):
    citizen = signed_in("citizen-elder")

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(KEYS, JSON, max_size=6))
    def attempt(form):
        answer = post(citizen, "/cases", {"matter": matter, "form": form})
        assert answer.status_code in {422, 409, 400}, answer.content

    attempt()
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense",
        "region=abc",
        "region=37010２",
        "q=%00",
        "due=never",
        "matter=%27%3B--",
        "cursor=AAAA",
        "size=100000",
        "q=" + "长" * 60,
        "state=%00",
    ],
)
def test_odd_filters_are_never_our_fault(signed_in, query):
    clerk = signed_in("clerk-civil")
    assert clerk.get(f"{BASE}/desk/cases?{query}").status_code in {200, 422}
    assert clerk.get(f"/work/cases/?{query}").status_code in {200, 422}
    assert signed_in("citizen-elder").get(f"{BASE}/desk/cases").status_code == 403


@pytest.mark.parametrize(
    "path", ["/matters/%00", "/cases/%00", "/cases/370102-20261122-000001-0", "/desk/cases/x"]
)
def test_odd_paths(signed_in, path):
    assert signed_in("clerk-civil").get(BASE + path).status_code in {404, 422}
