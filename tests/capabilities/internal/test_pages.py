"""Pages and API: who sees what, filters, costs, and the same words in both languages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from quancheng.capabilities.internal.models import Dossier, Item, Meeting, Paper, WorkItem
from quancheng.kernel import jobs

PAGES = {
    "personnel-officer": (
        "/work/internal/", "/work/internal/?state=done", "/work/internal/items/", "/work/internal/start/",
        "/work/internal/start/retirement/", "/work/internal/start/recruitment/", "/work/internal/me/",
        "/work/internal/dossiers/", "/work/internal/dossiers/?due=1",
    ),
    "office-clerk": (
        "/work/internal/papers/", "/work/internal/papers/?box=todo", "/work/internal/papers/?box=in",
        "/work/internal/papers/new/", "/work/internal/meetings/", "/work/internal/meetings/new/",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("key", sorted(PAGES))
def test_every_page_stands(busy, signed_in, key, language):
    client = signed_in(key, language)
    for path in PAGES[key]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "zh=&#x27;" not in answer.content.decode(), "a label was shown raw"


def test_details_stand_and_strangers_see_nothing(busy, signed_in, retiree):
    officer, clerk, stranger = (
        signed_in("personnel-officer"),
        signed_in("office-clerk"),
        signed_in("clerk-market"),
    )
    for item in Item.objects.all():
        assert officer.get(f"/work/internal/items/{item.number}/").status_code == 200
        assert stranger.get(f"/work/internal/items/{item.number}/").status_code == 404
    assert officer.get(f"/work/internal/dossiers/{retiree.number}/").status_code == 200
    form = officer.get(f"/work/internal/start/retirement/?dossier={retiree.number}")
    assert form.status_code == 200 and "zh=&#x27;" not in form.content.decode()
    assert stranger.get(f"/work/internal/dossiers/{retiree.number}/").status_code == 404
    assert stranger.get("/work/internal/").status_code == 403
    for paper in Paper.objects.all():
        assert clerk.get(f"/work/internal/papers/{paper.pk}/").status_code == 200
    assert officer.get(f"/work/internal/papers/{Paper.objects.first().pk}/").status_code == 404
    meeting = Meeting.objects.get()
    for path in ("", "seating/", "plates/"):
        assert clerk.get(f"/work/internal/meetings/{meeting.pk}/{path}").status_code == 200
    jobs.run_due()  # result packs of the past are printed by the worker
    done = Item.objects.filter(state="completed").first()
    notice = done.notices.first()
    assert officer.get(f"/work/internal/notices/{notice.code}.pdf").content.startswith(b"%PDF")
    assert stranger.get(f"/work/internal/notices/{notice.code}.pdf").status_code == 404
    assert "签章有效" in stranger.get(f"/internal/verify/?code={notice.code}").content.decode()


def test_identity_number_is_masked_until_asked_for(busy, signed_in, retiree):
    officer = signed_in("personnel-officer")
    number = retiree.identity
    assert number not in officer.get(f"/work/internal/dossiers/{retiree.number}/").content.decode()
    assert number in officer.get(f"/work/internal/dossiers/{retiree.number}/?reveal=1").content.decode()


def test_the_person_sees_the_own_dossier_only(busy, signed_in, actor):
    from quancheng.capabilities.internal import queries

    officer = signed_in("personnel-officer")
    own = queries.my_dossier(actor("personnel-officer"))
    assert own is not None and own.name in officer.get("/work/internal/me/").content.decode()
    assert signed_in("fund-officer").get("/work/internal/me/").status_code == 404


def test_inbox_costs_the_same_for_one_and_for_many(busy, signed_in):
    officer = signed_in("hrss-officer")
    officer.get("/work/internal/items/?size=1")
    costs = []
    for size in (1, 100):
        with CaptureQueriesContext(connection) as seen:
            assert officer.get(f"/work/internal/items/?size={size}").status_code == 200
            assert officer.get(f"/work/internal/?size={size}").status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[1], [row["sql"][:150] for row in seen]
    assert costs[1] <= 50


def test_inbox_filters(busy, actor):
    from quancheng.capabilities.internal import queries

    hrss = actor("hrss-officer")
    everything = list(queries.inbox(hrss, {"size": "100"}))
    assert everything
    one = everything[0]
    assert {row.item_id for row in queries.inbox(hrss, {"q": one.item.number})} == {one.item_id}
    assert queries.counts(hrss)["waiting"] == len(everything)
    by_code = queries.inbox(hrss, {"code": one.item.code, "size": "100"})
    assert {row.item.code for row in by_code} == {one.item.code}
    assert not queries.inbox(hrss, {"q": "NB-1999"}).items


def test_api_files_and_decides_once_for_a_key(busy, signed_in, retiree):
    officer = signed_in("personnel-officer")
    body = {
        "code": "retirement", "dossier": retiree.number,
        "form": {"mode": "statutory", "retired_on": retiree.retires_on.isoformat()},
    }  # fmt: skip
    first, second = (
        officer.post(
            "/api/v1/internal/items",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": "k-1"},
        )
        for _ in range(2)
    )
    assert first.status_code == 201, first.content
    assert first.json()["number"] == second.json()["number"]
    assert Item.objects.filter(dossier=retiree).count() == 1
    number = first.json()["number"]
    head = signed_in("unit-head")
    work = WorkItem.objects.get(item__number=number)
    answer = head.post(
        f"/api/v1/internal/items/{number}/decide", {"work": work.pk, "outcome": "agree"},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 200, answer.content
    again = head.post(
        f"/api/v1/internal/items/{number}/decide", {"work": work.pk, "outcome": "agree"},
        content_type="application/json",
    )  # fmt: skip
    assert again.status_code == 409
    detail = officer.get(f"/api/v1/internal/items/{number}").json()
    assert retiree.identity not in str(detail)
    assert [one["element"] for one in detail["works"]] == ["head", "supervisor"]


def test_api_reads(busy, signed_in, client):
    answer = client.get("/api/v1/internal/retirement?birth=1965-01&category=male").json()
    assert answer["statutory"] == "2025-02" and "2025" not in answer["birth"]
    assert client.get("/api/v1/internal/retirement?birth=x&category=male").status_code == 422
    assert client.get("/api/v1/internal/inbox").status_code == 401
    officer = signed_in("personnel-officer")
    assert officer.get("/api/v1/internal/dossiers?due=1").json()["items"]
    assert (
        Dossier.objects.count() >= len(officer.get("/api/v1/internal/dossiers?size=200").json()["items"]) > 30
    )
    assert signed_in("office-clerk").get("/api/v1/internal/papers").json()["items"]


def test_bad_forms_say_where(busy, signed_in, retiree):
    officer = signed_in("personnel-officer")
    path = "/work/internal/start/post-change/"
    answer = officer.post(path, {"dossier": retiree.number})
    assert answer.status_code == 422 and "error-summary" in answer.content.decode()
    bad = officer.post("/work/internal/start/retirement/", {
        "dossier": retiree.number, "mode": "statutory", "retired_on": "2040-01-01",
    })  # fmt: skip
    assert bad.status_code == 422 and "法定退休时间是" in bad.content.decode()
    clerk = signed_in("office-clerk")
    refused = clerk.post("/work/internal/papers/new/", {
        "kind": "notice", "title": "机密★关于某事的通知", "urgency": "normal", "body": "正文", "open_text": "on",
        "recipients": [str(Paper.objects.first().organ_id)],
    })  # fmt: skip
    assert refused.status_code == 422 and "非涉密" in refused.content.decode()
