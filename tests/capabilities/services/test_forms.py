"""Filling in a long form: page by page, with children, papers, a signature and a spouse who must agree."""

from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.capabilities.services.conftest import picture
from tests.capabilities.services.form_matter import CODE, FORM, content, pdf, published, signature

from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.services import definitions, spec
from quancheng.capabilities.services.cosign_models import CoSigner
from quancheng.capabilities.services.models import Case, CaseFile, Draft
from quancheng.kernel.models import writing

APPLY, CHECK = f"/matters/{CODE}/apply/", f"/matters/{CODE}/apply/check/"
KEYS = re.compile(r'name="idempotency_key" value="([0-9a-f]+)"')
CHILD = {"children.0.name": "王小一", "children.0.born": "2026-01-05"}


@pytest.fixture
def matter(town):
    return published()


@pytest.fixture
def spouse(user):
    return user("citizen-young").person


def file(data: bytes, name: str = "proof.pdf", kind: str = "application/pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, kind)


def key_of(page: str) -> str:
    return KEYS.findall(page)[-1]


def first_page(client: Client, **more: str):
    return client.post(APPLY, {"page": "you", "phone": "13900001111", "married": "no"} | more)


def third_page(client: Client, **more):
    data = {"page": "papers", "proof": None, "file_proof": file(pdf()), "signed.drawn": signature(),
            "truthful": "on"} | more  # fmt: skip
    return client.post(APPLY, {key: value for key, value in data.items() if value is not None})


def submit(client: Client):
    return client.post(CHECK, {"idempotency_key": key_of(client.get(CHECK).content.decode())})


def test_page_by_page_with_resume_and_back(signed_in, matter):
    citizen = signed_in("citizen-elder")
    page = citizen.get(APPLY).content.decode()
    assert "王秀英" in page, "what the register knows is shown"
    assert "第1页，共3页" in page
    assert 'value="19953100001"' in page, "and prefilled"
    wrong = first_page(citizen, phone="123")
    assert wrong.status_code == 422
    assert 'href="#id_phone"' in wrong.content.decode()
    assert 'value="123"' in wrong.content.decode()
    assert first_page(citizen).url == f"{APPLY}?page=children"
    resumed = citizen.get(APPLY).content.decode()
    assert "第2页，共3页" in resumed, "one goes on where one left off"
    back = citizen.post(APPLY, {"page": "children", "children.0.name": "半", "back": "1"})
    assert back.url == f"{APPLY}?page=you"
    assert Draft.objects.get().form["children"] == [{"name": "半"}], "nothing entered is lost on the way back"
    saved = citizen.post(APPLY, {"page": "children", **CHILD, "save": "1"})
    assert saved.url == "/cases/"
    assert citizen.post(APPLY, {"page": "children", **CHILD}).url == f"{APPLY}?page=papers"
    assert third_page(citizen).url == CHECK
    checked = citizen.get(CHECK).content.decode()
    assert "孩子 1 · 姓名" in checked
    assert f"{APPLY}?page=children" in checked
    assert submit(citizen).status_code == 302
    case = Case.objects.get()
    assert case.form["children"] == [{"name": "王小一", "born": "2026-01-05"}]
    assert case.form["how_many"] == 1
    assert case.form["name"] == "王秀英"
    assert case.form["signed"]["how"] == "drawn"
    assert "spouse" not in case.form
    assert {one.material for one in case.files.all()} == {"proof", "sign_signed"}
    shown = citizen.get(f"/cases/{case.receipt}/").content.decode()
    assert "手写签名" in shown
    assert "孩子 1 · 出生日期" in shown


def test_items_are_added_and_removed_without_a_script(signed_in, matter):
    citizen = signed_in("citizen-elder")
    first_page(citizen)
    added = citizen.post(APPLY, {"page": "children", **CHILD, "add": "children"})
    assert added.status_code == 302
    page = citizen.get(added.url.partition("#")[0]).content.decode()
    assert 'name="children.1.name"' in page
    assert not re.search(r'data-path="children.1.name"\s+hidden', page), (
        "an empty item is there to be filled in"
    )
    two = {**CHILD, "children.1.name": "王小二", "children.1.born": "2010-03-04"}
    wrong = citizen.post(APPLY, {"page": "children", **two})
    assert wrong.status_code == 422, "a child of school age needs a school"
    assert 'href="#id_children.1.school"' in wrong.content.decode()
    assert re.search(r'data-path="children.0.school"\s+hidden', wrong.content.decode())
    gone = citizen.post(APPLY, {"page": "children", **two, "remove": "children.0"})
    assert gone.status_code == 302
    assert [one["name"] for one in Draft.objects.get().form["children"]] == ["王小二"]
    many = {f"children.{n}.name": f"孩子{n}" for n in range(9)} | {
        f"children.{n}.born": "2026-01-05" for n in range(9)
    }
    assert "最多3项" in citizen.post(APPLY, {"page": "children", **many}).content.decode()


@pytest.mark.parametrize(
    ("data", "name", "status", "words"),
    [
        (picture()[:900], "a.jpg", 422, "损坏"),
        (b"MZ\x90\x00 program", "proof.pdf", 415, "不看文件名"),
        (b"%PDF-1.7 but nothing more", "proof.pdf", 422, "PDF 不完整"),
        (pdf(script=True), "proof.pdf", 422, "脚本"),
        (pdf(attachment=True), "proof.pdf", 422, "嵌入的文件"),
        (b"GIF89a" + b"\0" * 50, "a.png", 415, "JPEG、PNG、PDF"),
        (b"", "a.pdf", 422, "空"),
    ],
)  # fmt: skip
def test_a_lying_or_acting_file_is_refused(signed_in, matter, data, name, status, words):
    citizen = signed_in("citizen-elder")
    first_page(citizen)
    answer = third_page(citizen, file_proof=file(data, name))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not CaseFile.objects.filter(material="proof").exists()
    assert CaseFile.objects.filter(material="sign_signed", current=True).exists(), "the signature is kept"


def test_several_files_up_to_the_number_and_taken_back(signed_in, matter):
    citizen = signed_in("citizen-elder")
    first_page(citizen)
    third_page(citizen, file_proof=[file(pdf()), file(picture(), "b.pdf", "application/pdf")])
    kept = CaseFile.objects.filter(current=True, material__startswith="proof").order_by("material")
    assert [(one.material, one.media_type) for one in kept] == [
        ("proof", "application/pdf"), ("proof#2", "image/jpeg"),
    ]  # fmt: skip
    answer = third_page(citizen)
    assert answer.status_code == 422
    assert "最多2个文件" in answer.content.decode()
    dropped = third_page(citizen, file_proof=None, drop_file=str(kept[0].pk))
    assert dropped.status_code == 302
    assert kept.get().material == "proof#2"
    assert third_page(citizen, file_proof=None).url == CHECK


def test_a_signature_is_really_drawn_or_typed_after_a_strong_sign_in(signed_in, user, matter):
    citizen = signed_in("citizen-elder")
    first_page(citizen)
    third_page(citizen, **{"signed.drawn": ""})
    for drawn in (signature(blank=True), "data:image/png;base64,AAAA", "javascript:alert(1)", ""):
        answer = third_page(citizen, file_proof=None, **{"signed.drawn": drawn})
        assert answer.status_code == 422
        assert "请签名" in answer.content.decode()
    weak = Client()
    weak.force_login(user("citizen-elder"))
    by_name = {"file_proof": None, "signed.drawn": "", "signed.typed": "王秀英"}
    typed = third_page(weak, **by_name)
    assert typed.status_code == 422
    assert "更强" in typed.content.decode() or "通行密钥" in typed.content.decode()
    assert "实名一致" in third_page(citizen, **by_name | {"signed.typed": "张三"}).content.decode()
    assert not CaseFile.objects.filter(material="sign_signed").exists()
    assert third_page(citizen, **by_name).url == CHECK, "the demo sign-in counts as strong"
    assert CaseFile.objects.get(material="sign_signed", current=True).media_type == "text/plain"


def with_spouse(spouse, **more: str) -> dict[str, str]:
    return {"married": "yes", "spouse.name": spouse.name, "spouse.id_number": spouse.id_number} | more


def test_the_spouse_agrees_from_their_own_account(signed_in, matter, spouse, user, settle):
    citizen, other, stranger = signed_in("citizen-elder"), signed_in("citizen-young"), signed_in("firm-owner")
    assert "请填写" in first_page(citizen, married="yes").content.decode(), "a spouse must be named"
    assert first_page(citizen, **with_spouse(spouse)).status_code == 302
    citizen.post(APPLY, {"page": "children", **CHILD})
    third_page(citizen)
    refused = submit(citizen)
    assert refused.status_code == 422
    assert "还没有用本人账户确认" in refused.content.decode()
    page = citizen.get(CHECK).content.decode()
    assert "还没有发送邀请" in page
    invited = citizen.post(CHECK, {"invite": "spouse", "idempotency_key": KEYS.findall(page)[0]})
    assert invited.status_code == 302
    settle()
    row = CoSigner.objects.get()
    assert (
        Message.objects.get(person=spouse, title__zh="请您确认一份共同申请").link == f"/cases/sign/{row.pk}/"
    )
    assert submit(citizen).status_code == 422, "an invitation is not yet a word"
    assert stranger.get(f"/cases/sign/{row.pk}/").status_code == 404
    shown = other.get(f"/cases/sign/{row.pk}/").content.decode()
    assert "王小一" in shown
    assert spouse.id_number not in shown
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)[1]
    citizen.post(APPLY, {"page": "children", **CHILD, "children.0.name": "王改名"})
    stale = other.post(f"/cases/sign/{row.pk}/", {"answer": "agree", "digest": digest})
    assert stale.status_code == 409, "what was changed meanwhile must be read again"
    shown = other.get(f"/cases/sign/{row.pk}/").content.decode()
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)[1]
    assert other.post(f"/cases/sign/{row.pk}/", {"answer": "agree", "digest": digest}).status_code == 302
    assert "已用本人账户确认" in citizen.get(CHECK).content.decode()
    citizen.post(APPLY, {"page": "children", **CHILD, "children.0.name": "王又改"})
    assert "需要重新确认" in citizen.get(CHECK).content.decode()
    assert submit(citizen).status_code == 422
    citizen.post(APPLY, {"page": "children", **CHILD, "children.0.name": "王改名"})
    assert submit(citizen).status_code == 302
    case = Case.objects.get()
    assert case.form["spouse"] == {"name": spouse.name, "id_number": spouse.id_number}
    assert case.provenance["spouse"]["source"]["zh"] == "本人账户确认"
    assert other.post(f"/cases/sign/{row.pk}/", {"answer": "decline"}).status_code == 409


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("李某某", "110105194912310021", "校验"),
        ("", "11010519491231002X", "姓名"),
        (None, None, "不能是您自己"),
    ],
)
def test_a_wrong_second_applicant(signed_in, matter, user, name, number, words):
    citizen, me = signed_in("citizen-elder"), user("citizen-elder").person
    person = {"spouse.name": name, "spouse.id_number": number} if number else with_spouse(me)
    answer = first_page(citizen, **{"married": "yes", **person})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'href="#id_spouse.name"' in answer.content.decode()


def test_who_does_not_match_the_register_cannot_be_probed(signed_in, matter, spouse):
    citizen = signed_in("citizen-elder")
    said = set()
    for person in (("李某某", "11010519491231002X"), ("李某某", spouse.id_number)):
        first_page(citizen, **{"married": "yes", "spouse.name": person[0], "spouse.id_number": person[1]})
        page = citizen.post(CHECK, {"invite": "spouse", "idempotency_key": person[1].lower() * 2})
        assert page.status_code == 422
        said |= set(re.findall("[^<>]*无法邀请[^<>]*", page.content.decode()))
    assert len(said) == 1, "a wrong name and an unknown number sound the same"
    assert not CoSigner.objects.exists()


def test_wrong_register_data_is_disputed_and_seen_by_the_official(signed_in, clerk_of):
    citizen, clerk = signed_in("citizen-elder"), signed_in("clerk-civil")
    path = "/matters/senior-card/apply/"
    answers = {"phone": "13900001111", "delivery": "electronic", "truthful": "on"}
    claim = {"dispute.name.value": "王秀瑛", "dispute.name.reason": "登记时写错了字"}
    sent = citizen.post(path, {**answers, **claim, "file_photo": SimpleUploadedFile("a.jpg", picture())})
    assert sent.status_code == 302
    assert "王秀瑛" in citizen.get(path).content.decode(), "the claim stays with the draft"
    assert "王秀瑛" in citizen.get(f"{path}check/").content.decode()
    page = citizen.get(f"{path}check/").content.decode()
    assert citizen.post(f"{path}check/", {"idempotency_key": key_of(page)}).status_code == 302
    case = Case.objects.get()
    assert case.form["name"] == "王秀英", "the register's value stays until an official decides"
    assert case.provenance["name"]["disputed"] == {"value": "王秀瑛", "reason": "登记时写错了字"}
    assert "申请人认为登记有误" in clerk.get(f"/work/cases/{case.receipt}/").content.decode()


def test_programs_cannot_forge_what_the_house_notes(signed_in, matter):
    citizen = signed_in("citizen-elder")
    form = {"phone": "13900001111", "married": "no", "truthful": True, "name": "别人", "how_many": 77,
            "children": [{"name": "一", "born": "2026-01-01"}],
            "signed": {"how": "drawn"}, "proof": [{"name": "x"}], "_disputed": {"phone": 3}}  # fmt: skip
    answer = citizen.post(
        "/api/v1/services/cases", json.dumps({"matter": CODE, "form": form}), content_type="application/json"
    )
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"file_proof", "signed"}


def test_the_wait_in_an_expired_session_keeps_groups(signed_in, matter):
    client = Client()
    away = client.post(APPLY, {"page": "children", **CHILD})
    assert away.status_code == 302
    assert client.post("/demo/sign-in/", {"key": "citizen-elder"}).status_code == 302
    assert "已恢复" in client.get(APPLY).content.decode()
    assert Draft.objects.get().form["children"] == [{"name": "王小一", "born": "2026-01-05"}]


def test_every_published_form_is_without_problems(town):
    from quancheng.capabilities.services.models import Matter

    for one in Matter.objects.select_related("current"):
        assert definitions.form_problems(one.current.spec) == [], one.code


def test_a_form_that_does_not_fit_its_matter_is_told(town):
    form = json.loads(json.dumps(FORM))
    form["schema"]["properties"]["other"] = {}
    form["ui"]["other"] = {"label": {"zh": "别的", "en": "Other"}, "widget": "file"}
    form["pages"][2]["fields"].append("other")
    found = definitions.form_problems(spec.read_spec(content(form)))
    assert [one.path for one in found] == ["other"]
    assert definitions.form_problems(spec.read_spec(content() | {"form_json": "{"}))[0].text.zh


def test_corrections_keep_the_word_of_the_spouse(signed_in, matter, spouse, settle):
    citizen, other = signed_in("citizen-elder"), signed_in("citizen-young")
    first_page(citizen, **with_spouse(spouse))
    citizen.post(APPLY, {"page": "children", **CHILD})
    third_page(citizen)
    citizen.post(CHECK, {"invite": "spouse", "idempotency_key": "b" * 32})
    row = CoSigner.objects.get()
    shown = other.get(f"/cases/sign/{row.pk}/").content.decode()
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)[1]
    other.post(f"/cases/sign/{row.pk}/", {"answer": "agree", "digest": digest})
    assert submit(citizen).status_code == 302
    case = Case.objects.get()
    with writing("test"):
        Case.objects.filter(pk=case.pk).update(state="correction")
    page = citizen.get(f"/cases/{case.receipt}/correct/").content.decode()
    assert 'value="王小一"' in page
    data = {"phone": "13900001111", "truthful": "on", **with_spouse(spouse), **CHILD}
    wrong = citizen.post(f"/cases/{case.receipt}/correct/", {**data, "children.0.born": "2099-01-01"})
    assert wrong.status_code == 422
    assert "不能晚于今天" in wrong.content.decode()
