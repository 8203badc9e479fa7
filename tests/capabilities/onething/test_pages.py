"""Pages and API: lists, guide, wizard without script, other people's bundles, the desk."""

from __future__ import annotations

from tests.capabilities.onething.conftest import row

from quancheng.capabilities.onething import actions
from quancheng.kernel.actions import Call


def test_everybody_finds_and_reads_a_one_thing(signed_in, client):
    page = client.get("/onethings/?q=饭店").content.decode()
    assert "开办餐饮店" in page
    assert "新生儿" not in page
    guide = client.get("/onethings/newborn/").content.decode()
    for part in ("出生户口登记", "承诺", "每一项都由您单独决定"):
        assert part in guide
    assert client.get("/onethings/nothing/").status_code == 404
    english = signed_in("citizen-young", "en").get("/onethings/newborn/").content.decode()
    assert "A child is born" in english
    assert "What you need not bring" in english


def test_the_wizard_keeps_what_was_answered_and_says_what_is_wrong(signed_in):
    mother = signed_in("citizen-young")
    assert mother.get("/onethings/newborn/apply/").status_code == 200
    answered = mother.post(
        "/onethings/newborn/apply/", {"step": "q.family", "who": "mother", "certificate": "no"}
    )
    assert answered.status_code == 200, "a question that has only just come up is no error"
    assert "登记父亲信息吗" in answered.content.decode()
    wrong = mother.post("/onethings/newborn/apply/", {"step": "q.family", "who": "mother", "second": ""})
    assert wrong.status_code == 422
    gone = mother.post(
        "/onethings/newborn/apply/",
        {"step": "q.family", "who": "mother", "second": "no", "certificate": "no"},
    )
    assert gone.status_code == 302
    assert "q.items" in gone["Location"]


def test_one_s_own_picture_and_nobody_else_s(mother, newborn, signed_in):
    bundle = actions.submit_bundle(Call(mother), bundle=newborn(), declared=True)
    own = signed_in("citizen-young")
    page = own.get(f"/onethings/b/{bundle.receipt}/").content.decode()
    assert row(bundle, "birth").case.receipt in page
    assert "等前一项结果" in page
    assert own.get(f"/onethings/b/{bundle.receipt}/pack.zip").status_code == 404
    other = signed_in("citizen-elder")
    assert other.get(f"/onethings/b/{bundle.receipt}/").status_code == 404
    assert other.post(f"/onethings/b/{bundle.receipt}/insurance/skip/").status_code == 404
    assert other.get("/work/onethings/").status_code == 403
    head = signed_in("clerk-manager")
    assert bundle.receipt in head.get("/work/onethings/?hang=running").content.decode()
    assert bundle.receipt not in head.get("/work/onethings/?hang=failed").content.decode()
    assert head.get(f"/work/onethings/{bundle.receipt}/").status_code == 200


def test_the_interface_tells_the_same(mother, newborn, signed_in, client):
    assert {one["code"] for one in client.get("/api/v1/onething/themes").json()["items"]} == {
        "newborn", "restaurant", "retirement",
    }  # fmt: skip
    assert len(client.get("/api/v1/onething/themes/newborn").json()["items"]) == 5
    bundle = actions.submit_bundle(Call(mother), bundle=newborn(), declared=True)
    own = signed_in("citizen-young")
    told = own.get(f"/api/v1/onething/bundles/{bundle.receipt}").json()
    assert [one["state"] for one in told["items"]] == ["running", "waiting", "waiting", "waiting", "waiting"]
    skipped = own.post(f"/api/v1/onething/bundles/{bundle.receipt}/items/insurance/skip")
    assert skipped.status_code == 200
    assert {one["key"]: one["state"] for one in skipped.json()["items"]}["card"] == "blocked"
    assert client.get(f"/api/v1/onething/bundles/{bundle.receipt}").status_code == 401
