"""Pages in both languages, forms that keep what was typed, the API with odd input, few queries."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from quancheng.scenarios.weather import actions
from quancheng.scenarios.weather.models import Warning
from tests.scenarios.weather.conftest import ANN, BOB, call, draft_of

API = "/api/v1/weather/"
WORDS = {"headline": "标题", "description": "内容", "instruction": "指南"}


def _form(**other) -> dict:
    said = {f"{part}_{language}": word for part, word in WORDS.items() for language in ("zh", "en")}
    return said | {"level": "2", "districts": ["370102", "370103"]} | other


def _body(**other) -> dict:
    said = {part: {"zh": word, "en": word} for part, word in WORDS.items()}
    return said | {"level": 2, "districts": ["370102"]} | other


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_stands(sign_in, publish, rain, language) -> None:
    row = publish()
    rain(1, "370103")
    draft = Warning.objects.get(state="draft")
    client = sign_in("both", "weather.forecaster", "weather.approver", language=language)
    paths = ["/screen/warnings/", "/screen/warnings/new/", f"/screen/warnings/new/?update={row.number}", row.path,
             draft.path, f"{draft.path}edit/", "/screen/warnings/panel/?exercise=", "/warnings/", "/open/feeds/", "/",
             "/screen/warnings/?state=live&level=1&kind=real&q=JN", "/screen/warnings/?kind=exercise"]  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        html = answer.content.decode()
        assert " style=" not in html
        assert ("Warning" in html or "warning" in html) if language == "en" else "预警" in html


def test_a_stranger_and_other_people_do_not_see_the_screen(sign_in, publish) -> None:
    row = publish()
    for path in ("/screen/warnings/", "/screen/warnings/new/", row.path):
        assert Client().get(path).status_code == 302
        assert sign_in("clerk", "services.clerk").get(path).status_code == 403
    assert sign_in("duty", "command.duty").get("/screen/warnings/new/").status_code == 403


def test_the_story_in_a_browser_without_script(sign_in, storm) -> None:
    ann, bob = sign_in("ann", "weather.forecaster"), sign_in("bob", "weather.approver")
    refused = ann.post("/screen/warnings/new/", _form(headline_en="", level="9"))
    assert refused.status_code == 422
    assert 'value="标题"' in refused.content.decode()
    filled = ann.post("/screen/warnings/new/", _form(fill="1", level="1"))
    assert filled.status_code == 200
    assert "暴雨红色" in filled.content.decode()
    assert not Warning.objects.exists()
    made = ann.post("/screen/warnings/new/", _form(idempotency_key="a"))
    assert ann.post("/screen/warnings/new/", _form(idempotency_key="a"))["Location"] == made["Location"]
    path = made["Location"]
    assert ann.post(f"{path}edit/", _form(level="1", seen="stale")).status_code == 409
    assert ann.post(f"{path}edit/", _form(level="1")).status_code == 302
    assert ann.post(f"{path}do/approve/").status_code == 302
    assert Warning.objects.get().state == "draft"
    ann.post(f"{path}do/submit/")
    assert "签发并发布" in bob.get(path).content.decode()
    assert "签发并发布" not in ann.get(path).content.decode()
    bob.post(f"{path}do/approve/", {"seen": "old"})
    assert Warning.objects.get().state == "submitted"
    row = Warning.objects.get()
    bob.post(f"{path}do/approve/", {"seen": row.revision})
    citizen = Client().get("/").content.decode()
    assert row.headline["zh"] in citizen
    assert row.headline["zh"] in Client().get("/warnings/").content.decode()
    assert ann.get(f"{path}edit/").status_code == 404
    bob.post(f"{path}do/cancel/", {"reason": ""})
    assert Warning.objects.get().state == "published"
    bob.post(f"{path}do/cancel/", {"reason": "雨停"})
    assert Warning.objects.filter(state="cancelled").count() == 2
    assert "现在没有生效中的预警" in Client().get("/warnings/").content.decode()
    assert bob.post(f"{path}do/explode/").status_code == 404


def test_who_edited_is_told_why_they_cannot_approve(sign_in, storm) -> None:
    both = sign_in("both", "weather.forecaster", "weather.approver")
    path = both.post("/screen/warnings/new/", _form())["Location"]
    both.post(f"{path}do/submit/")
    html = both.get(path).content.decode()
    assert "起草人不签发" in html
    assert "签发并发布" not in html


def test_drills_never_reach_citizens(sign_in, publish) -> None:
    row = publish(draft_of(1), exercise="drill-9")
    for path in ("/", "/warnings/"):
        assert row.headline["zh"] not in Client().get(path).content.decode()
    assert "drill-9" in sign_in("duty", "command.duty").get(row.path).content.decode()


def test_api_from_draft_to_cancel(sign_in, storm) -> None:
    ann, bob = sign_in("ann", "weather.forecaster"), sign_in("bob", "weather.approver")

    def send(client: Client, path: str, body: dict, key: str = "", method: str = "post"):
        headers = {"Idempotency-Key": key} if key else {}
        send = getattr(client, method)
        return send(API + path, json.dumps(body), content_type="application/json", headers=headers)

    made = send(ann, "warnings", _body(), "k1")
    assert made.status_code == 201
    number = made.json()["number"]
    assert send(ann, "warnings", _body(), "k1").json()["number"] == number
    assert send(ann, "warnings", _body(level=1), "k1").status_code == 409
    edited = send(ann, f"warnings/{number}", _body(level=3), method="put").json()
    assert edited["level"] == 3
    assert send(ann, f"warnings/{number}/submit", {}).json()["state"] == "submitted"
    assert send(ann, f"warnings/{number}/approve", {}).status_code == 403
    assert send(bob, f"warnings/{number}/approve", {"seen": edited["revision"]}).status_code == 409
    assert send(bob, f"warnings/{number}/approve", {}).json()["state"] == "published"
    assert send(bob, f"warnings/{number}/approve", {}).status_code == 409
    public = Client().get(f"{API}warnings").json()
    assert [one["number"] for one in public["items"]] == [number]
    assert len(Client().get(f"{API}areas.geojson").json()["features"]) == 1
    assert send(bob, f"warnings/{number}/cancel", {"reason": "雨停"}).json()["msg_type"] == "cancel"
    assert Client().post(f"{API}warnings", "{}", content_type="application/json").status_code in {
        401,
        403,
        422,
    }


ODD = ["warnings?level=99999999999999999999", "warnings?state=%00", "warnings?q=%00", "warnings?cursor=x", "warnings?size=0",
       "warnings/%00", "warnings/nothing", "areas.geojson?exercise=%00", f"areas.geojson?exercise={'x' * 99}",
       "warnings?exercise=%F0%9F%98%80", "warnings/a/areas.geojson"]  # fmt: skip


@pytest.mark.parametrize("path", ODD)
def test_odd_questions_are_answered(db, path) -> None:
    assert Client().get(API + path).status_code < 500


@pytest.mark.parametrize(
    "body",
    [{}, _body(level=0), _body(level=10**30), _body(districts=[]), _body(districts=["x"]), _body(exercise="a b"),
     _body(headline={"zh": "\x00", "en": "a"}), _body(headline={"zh": "字" * 5000, "en": "a"}), _body(previous="no")],
)  # fmt: skip
def test_odd_drafts_are_refused(sign_in, storm, body) -> None:
    answer = sign_in("ann", "weather.forecaster").post(
        API + "warnings", json.dumps(body), content_type="application/json"
    )
    assert answer.status_code in {404, 422}
    assert not Warning.objects.exists()


def test_lists_ask_the_database_a_fixed_number_of_times(sign_in, publish, storm) -> None:
    client = sign_in("both", "weather.forecaster", "weather.approver")
    counts = []
    for _ in range(2):
        for _ in range(3):
            publish()
            actions.draft_warning(call(ANN), draft=draft_of())
            storm.advance(timedelta(minutes=1))
        for path in ("/screen/warnings/", "/warnings/", f"{API}warnings", "/screen/warnings/panel/"):
            client.get(path)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(path).status_code == 200
            counts.append((path, len(asked)))
    half = len(counts) // 2
    assert counts[:2] == counts[half : half + 2]
    assert all(number < 40 for _, number in counts), counts
    actions.cancel_warning(
        call(BOB), warning=Warning.objects.filter(state="published").first(), reason="雨停"
    )
