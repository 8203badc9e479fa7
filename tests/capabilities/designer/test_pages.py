"""The pages of the designer, as an author and a publisher meet them, in both languages."""

from __future__ import annotations

import pytest

from quancheng.capabilities.designer.models import MatterDraft

PARTS = ("basic", "conditions", "materials", "form", "tables", "flow", "diagram", "check", "trial", "publish")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_part_of_a_draft_opens(signed_in, draft, language) -> None:
    client = signed_in("matter-author", language)
    for part in PARTS:
        answer = client.get(f"/work/designer/{draft.pk}/{part}/")
        assert answer.status_code == 200, part
    for path in ("", "new/", "matters/senior-card/", "matters/senior-card/migrate/"):
        assert client.get(f"/work/designer/{path}").status_code == 200, path


def test_others_are_turned_away(signed_in, draft) -> None:
    assert signed_in("clerk-civil").get("/work/designer/").status_code == 403
    assert signed_in("citizen-elder").get(f"/work/designer/{draft.pk}/flow/").status_code in {403, 404}


def test_a_table_is_made_tried_and_saved_by_buttons(signed_in, draft) -> None:
    client, path = signed_in("matter-author"), f"/work/designer/{draft.pk}/tables/"
    assert client.post(path, {"do": "add", "name": "年龄", "revision": 1}).status_code == 302
    page = client.get(path, {"table": "年龄"}).content.decode()
    assert "applicant.age" in page
    said = client.post(
        path, {"do": "try", "table": "年龄", "try0": "67", "r0i0": ">= 60", "r0o0": '"pass"'}
    ).content.decode()
    assert 'id="tried"' in said and "&gt;= 60" in said, "what was typed stays"
    draft.refresh_from_db()
    assert "pass" not in draft.content["dmn"], "trying keeps nothing"
    stale = client.post(path, {"do": "save", "table": "年龄", "revision": 1, "r0i0": ">= 60"})
    assert stale.status_code == 409
    assert "已经修改了草稿" in stale.content.decode()


def test_a_step_of_the_process_is_inserted_and_changed(signed_in, draft) -> None:
    client, path = signed_in("matter-author"), f"/work/designer/{draft.pk}/flow/"
    client.post(
        path,
        {"do": "insert", "element": "received__decide", "kind": "review", "name": "消防会办", "revision": 1},
    )
    client.post(
        path,
        {"do": "save", "element": "review_1", "name": "消防会办", "department": "jn-fire", "revision": 2},
    )
    draft.refresh_from_db()
    assert 'department="jn-fire"' in draft.content["bpmn"]
    wrong = client.post(path, {"do": "text", "bpmn": "<nothing/>", "revision": 3})
    assert wrong.status_code == 422


def test_conditions_materials_and_fields_are_edited(signed_in, draft) -> None:
    client, base = signed_in("matter-author"), f"/work/designer/{draft.pk}"
    row = {"id": "age", "zh": "年满65周岁", "en": "Aged 65", "check": "age_at_least", "option_parameter": "services.senior_card.age",
           "basis_zh": "法", "basis_en": "Law", "early": "1", "do": "save", "revision": 1}  # fmt: skip
    assert client.post(f"{base}/conditions/", row).status_code == 302
    paper = {
        "key": "note",
        "zh": "说明",
        "en": "Note",
        "how_zh": "上传",
        "how_en": "Upload",
        "issuer": "self",
        "on_online": "1",
        "revision": 2,
    }
    assert client.post(f"{base}/materials/", paper).status_code == 302
    assert client.post(f"{base}/materials/", paper | {"on_online": "", "revision": 3}).status_code == 422
    field = {"do": "add", "key": "spouse", "kind": "text", "zh": "配偶", "en": "Spouse", "revision": 3}
    assert client.post(f"{base}/form/", field).status_code == 302
    rule = {
        "do": "save",
        "key": "spouse",
        "zh": "配偶",
        "en": "Spouse",
        "rule_visible": "delivery =",
        "revision": 4,
    }
    assert client.post(f"{base}/form/", rule).status_code == 422
    assert client.post(f"{base}/form/", rule | {"rule_visible": 'delivery = "street"'}).status_code == 302
    said = client.post("/work/designer/feel/", {"rule_visible": "applicant.age >= 65"}).content.decode()
    assert "true" in said
    draft.refresh_from_db()
    assert draft.revision == 5
    assert client.get(f"{base}/check/").context["bad"] == 0


def test_basics_are_kept_and_a_matter_is_begun_from_nothing(signed_in, draft) -> None:
    client = signed_in("matter-author")
    page = client.get(f"/work/designer/{draft.pk}/basic/")
    given = {
        key: value
        for key, value in page.context["form"].initial.items()
        if value is not None and value is not False
    }
    assert client.post(f"/work/designer/{draft.pk}/basic/", given | {"revision": 1}).status_code == 302
    draft.refresh_from_db()
    assert draft.revision <= 2
    assert client.get(f"/work/designer/{draft.pk}/check/").context["bad"] == 0
    blank = {
        "way": "blank",
        "code": "pet-register",
        "zh": "宠物登记",
        "en": "Pets",
        "department": "jn-civil",
        "idempotency_key": "k1",
    }
    assert client.post("/work/designer/new/", blank).status_code == 302
    assert (
        client.post("/work/designer/new/", blank | {"code": "A B", "idempotency_key": "k2"}).status_code
        == 422
    )
    assert MatterDraft.objects.filter(code="pet-register").count() == 1


def test_a_trial_is_played_by_buttons_and_kept_as_a_scenario(signed_in, draft) -> None:
    client, path = signed_in("matter-author"), f"/work/designer/{draft.pk}/trial/"
    answers = {"a_phone": "13900001111", "a_delivery": "electronic", "a_truthful": "on"}
    page = client.post(path, {"do": "run", "sample": "elder", "start": "2026-11-23", **answers})
    assert page.context["trial"].status == "submitted"
    hidden = dict(page.context["hidden"])
    page = client.post(path, hidden | {"step": '{"do": "task", "element": "receive", "outcome": "approve"}'})
    assert page.context["trial"].finished
    hidden = dict(page.context["hidden"])
    assert (
        client.post(path, hidden | {"do": "keep", "name": "直接准予", "idempotency_key": "k"}).status_code
        == 302
    )
    assert "直接准予" in client.get(path).content.decode()
    assert client.post(path, {"sample": "{", "do": "run"}).status_code == 422


def test_a_file_goes_out_and_comes_in(signed_in, draft) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = signed_in("matter-author")
    data = client.get(f"/work/designer/{draft.pk}/export.zip").content
    upload = SimpleUploadedFile("m.zip", data)
    assert (
        client.post(
            "/work/designer/new/", {"way": "import", "file": upload, "idempotency_key": "i"}
        ).status_code
        == 302
    )
    broken = SimpleUploadedFile("m.zip", data[:100])
    assert (
        client.post(
            "/work/designer/new/", {"way": "import", "file": broken, "idempotency_key": "j"}
        ).status_code
        == 422
    )


def test_the_api_tells_the_same(signed_in, draft) -> None:
    client = signed_in("matter-author")
    assert client.get("/api/v1/designer/drafts").json()["items"][0]["code"] == "senior-card"
    found = client.get(f"/api/v1/designer/drafts/{draft.pk}").json()
    stale = client.put(
        f"/api/v1/designer/drafts/{draft.pk}",
        {"content": found["content"], "revision": 9},
        content_type="application/json",
    )
    assert stale.status_code == 409
    assert client.get(f"/api/v1/designer/drafts/{draft.pk}/troubles").json() == []
