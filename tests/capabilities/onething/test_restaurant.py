"""A restaurant: one description of the premises, four offices, a refusal appealed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.onething.conftest import fresh, photo, row, states

from quancheng.capabilities.onething import actions, uploads
from quancheng.capabilities.onething.models import Bundle, Theme
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services.models import CaseFile, CaseTask
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput, Unsupported

ANSWERS = {
    "licence": "yes",
    "category": "hot",
    "area": "120",
    "open_kitchen": "yes",
    "signboard": "yes",
    "sewage": "yes",
}


@pytest.fixture
def shop(owner):
    facts = {
        "seats": "60", "floors": "1层", "sign_place": "店门上方", "sign_area": "6",
        "sign_from": (clock.today() + timedelta(days=20)).isoformat(), "daily_water": "8", "trap_kind": "grease",
        "food_manager": "赵建军", "safety_manager": "赵建军", "mode": "visit",
    }  # fmt: skip
    call = Call(owner)
    bundle = actions.save_draft(
        call, theme=Theme.objects.get(code="restaurant"), answers=ANSWERS, facts=facts
    )
    for one in bundle.spec.consent:
        actions.consent(call, bundle=bundle, key=one.key, given=True)
    for key in ("layout", "plan", "picture", "trap"):
        bundle = actions.attach_upload(
            call, bundle=bundle, key=key, fact=uploads.keep(photo(name=f"{key}.jpg"))
        )
    return actions.submit_bundle(call, bundle=bundle, declared=True)


def test_four_offices_at_once_with_one_floor_plan(shop):
    assert states(shop) == {"food": "running", "fire": "running", "sign": "running", "drainage": "running"}
    plans = CaseFile.objects.filter(material="layout", current=True, case__onething_item__bundle=shop)
    assert plans.count() == 3
    assert len(set(plans.values_list("digest", flat=True))) == 1
    cases = [row(shop, key).case for key in ("food", "fire", "drainage")]
    assert {str(case.form["premises_area"]) for case in cases} == {"120"}
    assert all(case.firm_id == shop.firm_id for case in cases)


def test_a_refusal_appealed_opens_the_bundle_again(shop, owner, official, approve, settle):
    for key in ("fire", "sign", "drainage"):
        approve(shop, key)
    case = row(shop, "food").case
    clerk = official(case.department)
    services.claim_case(Call(clerk), case=fresh(case))
    for side, outcome in (("review", "agree"), ("visit", "passed")):
        for task in CaseTask.objects.select_related("case", "department").filter(
            case=case, side=side, state="open"
        ):
            services.answer_task(
                Call(official(task.department)), task=task, outcome=outcome, opinion="现场属实"
            )
    services.refuse_case(
        Call(clerk), case=fresh(case), ground=case.version.spec.grounds()[0].id, reason="布局不符"
    )
    settle()
    assert Bundle.objects.get(pk=shop.pk).state == "finished"
    services.appeal_case(Call(owner), case=fresh(case), reason="已按要求改好")
    task = CaseTask.objects.select_related("case", "department").get(case=case, side="appeal", state="open")
    services.answer_task(
        Call(official(task.department, "services.manager")), task=task, outcome="reopen", opinion="成立"
    )
    settle()
    assert Bundle.objects.get(pk=shop.pk).state == "running"
    services.approve_case(Call(clerk), case=fresh(case), opinion="准予")
    settle()
    jobs.run_due()
    done = Bundle.objects.get(pk=shop.pk)
    assert (done.state, done.pack_round) == ("finished", 2)
    assert done.pack_digest


def test_a_file_that_is_no_picture_is_refused():
    from django.core.files.uploadedfile import SimpleUploadedFile

    with pytest.raises(Unsupported):
        uploads._decoded(SimpleUploadedFile("图.jpg", b"GIF89a not a picture", "image/jpeg"))


def test_a_definition_that_cannot_work_is_refused_with_every_reason(town):
    from quancheng.capabilities.onething.sync import FOLDER, read_file

    content = read_file(FOLDER / "newborn.toml")
    content["item"][0]["after"] = ["card"]
    content["item"][1]["fields"].pop("follows")
    content["item"][2]["matter"] = "nothing-here"
    with pytest.raises(InvalidInput) as wrong:
        actions.publish_theme(Call.system("onething"), content=content, module="tests")
    for part in ("birth → card", "随谁落户", "nothing-here"):
        assert part in wrong.value.detail.zh
    assert Theme.objects.get(code="newborn").versions.count() == 1
