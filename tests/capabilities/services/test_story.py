"""The loop as people live it: apply, return, correct, approve, message, wallet; and all that goes wrong."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from tests.capabilities.services.conftest import ANSWERS, photo, picture

from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.services.models import Case, CaseFile, Draft
from quancheng.capabilities.trust.models import Licence
from quancheng.kernel.audit.models import AuditEntry

APPLY, CHECK = "/matters/senior-card/apply/", "/matters/senior-card/apply/check/"
KEY = re.compile(r'name="idempotency_key" value="([0-9a-f]+)"')


def fill(client: Client, **changes):
    data = {**ANSWERS, "file_photo": photo()} | changes
    return client.post(APPLY, {key: value for key, value in data.items() if value is not None})


def submit(client: Client, **more):
    page = client.get(CHECK)
    key = KEY.search(page.content.decode())[1]
    return client.post(CHECK, {"idempotency_key": key, **more})


def applied(client: Client) -> Case:
    assert fill(client).status_code == 302
    assert submit(client).status_code == 302
    return Case.objects.latest("id")


def decide(client: Client, case: Case, verb: str, **data):
    case.refresh_from_db()
    values = {f"{verb}-{key}": value for key, value in data.items()}
    return client.post(f"/work/cases/{case.receipt}/{verb}/", {"revision": case.revision, **values})


def test_the_whole_loop(signed_in, settle):
    citizen, clerk = signed_in("citizen-elder"), signed_in("clerk-civil")
    guide = citizen.get("/matters/senior-card/").content.decode()
    assert "您符合" in guide
    assert "第二条" in guide
    form = citizen.get(APPLY).content.decode()
    assert "王秀英" in form
    assert "人口基础库" in form
    assert "19953100001" in form
    assert "37010219" not in form, "the identity number is masked"
    case = applied(citizen)
    assert case.department.code == "jn-lixia-civil"
    assert case.receipt in citizen.get(f"/cases/{case.receipt}/?new=1").content.decode()
    assert case.receipt in clerk.get("/work/cases/").content.decode()
    page = clerk.get(f"/work/cases/{case.receipt}/").content.decode()
    assert "周岁" in page
    assert "居住地在本市" in page
    assert decide(clerk, case, "return", reason="照片请换成白底").status_code == 302
    case.refresh_from_db()
    assert case.state == "correction"
    assert case.due is None, "the clock is stopped"
    assert "照片请换成白底" in citizen.get(f"/cases/{case.receipt}/").content.decode()
    again = citizen.post(
        f"/cases/{case.receipt}/correct/", {**ANSWERS, "file_photo": photo(picture(400, 500))}
    )
    assert again.status_code == 302
    assert CaseFile.objects.filter(case=case, current=True).get().width == 400
    assert decide(clerk, case, "claim").status_code == 302
    assert decide(clerk, case, "approve", judged="on").status_code == 302
    settle()
    case.refresh_from_db()
    licence = Licence.objects.get(issued_on_case=case.receipt)
    assert (case.state, case.licence_number) == ("completed", licence.number)
    assert licence.number in citizen.get("/wallet/").content.decode()
    card = citizen.get(f"/wallet/{licence.number}/").content.decode()
    assert "王秀英" in card
    assert licence.items["resident_id"] not in card
    assert citizen.get(f"/wallet/{licence.number}/photo/").status_code == 200
    assert "真实有效" in Client().get(f"/verify/{licence.code}/").content.decode()
    titles = set(Message.objects.filter(person=case.applicant).values_list("title__zh", flat=True))
    assert {"已收到您的申请", "您的申请需要补正", "您的申请已准予", "电子证照已放入卡包"} <= titles
    assert "您的申请已准予" in citizen.get("/messages/").content.decode()
    entry = AuditEntry.objects.get(action="trust.licence.issue", object_ref=f"trust.Licence:{licence.pk}")
    assert licence.commitment in entry.detail
    settle()
    assert Message.objects.filter(person=case.applicant, title__zh="您的申请已准予").count() == 1
    assert citizen.post(f"/cases/{case.receipt}/rate/", {"score": "5"}).status_code == 302
    assert citizen.post(f"/cases/{case.receipt}/rate/", {"score": "1"}).status_code == 409


def test_refused_with_a_cited_rule_and_told_of_appeal(signed_in, settle):
    citizen, clerk = signed_in("citizen-elder"), signed_in("clerk-civil")
    case = applied(citizen)
    missing = decide(clerk, case, "refuse", reason="不是本人")
    assert missing.status_code == 422
    assert decide(clerk, case, "refuse", ground="invented", reason="x").status_code == 422
    assert decide(clerk, case, "refuse", ground="photo_other", reason="照片不是本人").status_code == 302
    page = citizen.get(f"/cases/{case.receipt}/").content.decode()
    assert "照片不是本人" in page
    assert "行政复议" in page
    settle()
    told = Message.objects.get(person=case.applicant, title__zh="您的申请不予办理")
    assert "复议" in told.body["zh"]
    assert decide(clerk, case, "approve", judged="on").status_code == 409
    assert not Licence.objects.filter(issued_on_case=case.receipt).exists()


def test_too_young_is_told_when_and_may_insist(signed_in):
    citizen = signed_in("citizen-young")
    assert "未满60周岁" in citizen.get("/matters/senior-card/").content.decode()
    assert fill(citizen).status_code == 302
    refused = submit(citizen)
    assert refused.status_code == 422
    assert not Case.objects.exists()
    assert submit(citizen, insist="1").status_code == 302
    assert Case.objects.get().findings.get(condition="age").outcome == "fail"


def test_not_resident_is_refused_with_reason(signed_in, user):
    from quancheng.capabilities.people.models import NaturalPerson
    from quancheng.kernel.models import writing

    citizen = signed_in("citizen-elder")
    with writing("test"):
        NaturalPerson.objects.filter(pk=user("citizen-elder").person_id).update(region_code="110101001001")
    assert "居住地不在本市" in citizen.get("/matters/senior-card/").content.decode()
    fill(citizen)
    assert submit(citizen).status_code == 422
    assert submit(citizen, insist="1").status_code == 302
    assert Case.objects.get().department.code == "jn-civil", "an outsider's case goes to the city bureau"


def test_duplicate_open_case_and_duplicate_licence(signed_in):
    citizen, clerk = signed_in("citizen-elder"), signed_in("clerk-civil")
    case = applied(citizen)
    fill(citizen)
    assert submit(citizen, insist="1").status_code == 409
    assert case.receipt in submit(citizen).content.decode()
    decide(clerk, case, "approve", judged="on")
    assert submit(citizen).status_code == 409
    assert Case.objects.count() == 1


def test_posted_twice_is_one_case(signed_in):
    citizen = signed_in("citizen-elder")
    fill(citizen)
    key = KEY.search(citizen.get(CHECK).content.decode())[1]
    first = citizen.post(CHECK, {"idempotency_key": key})
    second = citizen.post(CHECK, {"idempotency_key": key})
    assert first.url == second.url
    assert Case.objects.count() == 1
    late = citizen.post(CHECK, {"idempotency_key": "another"})
    assert late.status_code == 409
    assert Case.objects.get().receipt in late.content.decode()


def test_nothing_entered_is_lost_when_something_is_wrong(signed_in):
    citizen = signed_in("citizen-elder")
    wrong = fill(citizen, phone="12345", delivery="street")
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "12345" in page
    assert "已上传" in page, "the photo is kept"
    assert Draft.objects.get().form["delivery"] == "street"
    assert fill(citizen, file_photo=None).status_code == 302, "the photo need not come again"
    assert Client().get(APPLY).status_code == 302, "a stranger is asked to sign in"


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"%PDF-1.7 not a picture", 415, "JPEG"),
        (picture()[:900], 422, "损坏"),
        (b"", 422, "空"),
        (b"\xff\xd8\xff" + b"\x00" * 100, 415, "JPEG"),
    ],
)
def test_wrong_photos(signed_in, content, status, words):
    citizen = signed_in("citizen-elder")
    answer = fill(citizen, file_photo=photo(content))
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not CaseFile.objects.exists()


def test_small_photo_and_forty_megabytes(signed_in, settings):
    citizen = signed_in("citizen-elder")
    fill(citizen, file_photo=photo(picture(100, 100)))
    assert submit(citizen).status_code == 422
    big = fill(citizen, file_photo=photo(picture() + b"\0" * 40 * 1024 * 1024), delivery="street")
    page = big.content.decode()
    assert big.status_code == 413
    assert "10 MB" in page
    assert Draft.objects.get().form["delivery"] == "street", "the rest of the form survives"
    assert not list(settings.MEDIA_ROOT.glob(".part-*"))
    huge = citizen.post(
        APPLY, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="900000000"
    )
    assert huge.status_code == 413


def test_expired_session_keeps_the_answers(signed_in, town):
    client = Client()
    away = client.post(APPLY, {**ANSWERS, "delivery": "street"})
    assert away.status_code == 302
    assert "next=" in away.url
    assert client.post("/demo/sign-in/", {"key": "citizen-elder"}).status_code == 302
    page = client.get(APPLY).content.decode()
    assert "13900001111" in page
    assert "已恢复" in page


def test_others_see_nothing(signed_in, clerk_of):
    citizen, other, clerk = signed_in("citizen-elder"), signed_in("citizen-young"), signed_in("clerk-civil")
    case = applied(citizen)
    file = case.files.get()
    assert other.get(f"/cases/{case.receipt}/").status_code == 404
    assert other.get(f"/cases/files/{file.pk}/").status_code == 404
    assert other.post(f"/cases/{case.receipt}/withdraw/").status_code == 404
    assert other.get(f"/work/cases/{case.receipt}/").status_code == 403
    assert clerk.get(f"/cases/files/{file.pk}/").status_code == 200
    assert clerk.get(f"/cases/{case.receipt}/").status_code == 404, "a clerk's own cases are elsewhere"
    city = signed_in("clerk-civil-city")
    assert city.get(f"/work/cases/{case.receipt}/").status_code == 404, "another office's case"
    assert city.post(f"/work/cases/{case.receipt}/claim/", {"revision": 1}).status_code == 404
    assert Client().get(f"/cases/{case.receipt}/").status_code == 302


def test_two_officials_at_once(signed_in):
    citizen, first, second = signed_in("citizen-elder"), signed_in("clerk-civil"), signed_in("clerk-manager")
    case = applied(citizen)
    assert second.get(f"/work/cases/{case.receipt}/").status_code == 200
    stale = case.revision
    assert decide(first, case, "return", reason="请换照片").status_code == 302
    answer = second.post(f"/work/cases/{case.receipt}/approve/", {"revision": stale, "approve-judged": "on"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "孙丽" in page
    case.refresh_from_db()
    assert case.state == "correction"


def test_withdraw_ends_it(signed_in):
    citizen, clerk = signed_in("citizen-elder"), signed_in("clerk-civil")
    case = applied(citizen)
    assert citizen.post(f"/cases/{case.receipt}/withdraw/").status_code == 302
    assert decide(clerk, case, "approve", judged="on").status_code == 409
    assert citizen.post(f"/cases/{case.receipt}/withdraw/").status_code == 409


def test_a_running_case_keeps_its_version(signed_in):
    import tomllib
    from pathlib import Path

    from quancheng.capabilities.services import actions, simulate
    from quancheng.kernel.actions import Call

    case = applied(signed_in("citizen-elder"))
    source = Path(simulate.__file__).parent / "resources" / "senior-card.toml"
    content = tomllib.loads(source.read_text("utf-8"))
    content["summary"] = {"zh": "改了", "en": "changed"}
    matter = actions.publish_matter(Call.system("services"), content=content, module="services")
    case.refresh_from_db()
    assert matter.current.number == 2
    assert case.version.number == 1
    same = actions.publish_matter(Call.system("services"), content=content, module="services")
    assert same.current.number == 2
