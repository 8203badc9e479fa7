"""A restaurant's licence through its own process: joint opinions, a visit, a correction, a refusal appealed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.capabilities.services.conftest import photo, picture

from quancheng.capabilities.people.models import Department, Firm
from quancheng.capabilities.services import actions, files, queries, tasks, timers
from quancheng.capabilities.services.models import Case, CaseDocument, CaseTask, CaseTimer, Complaint
from quancheng.capabilities.trust.models import Licence
from quancheng.capabilities.trust.queries import blob_path
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

FORM = {
    "premises_address": "历下区泉城路1号", "premises_area": "120", "seats": "60",
    "legal_representative": "赵建军", "format": "catering", "category": "hot",
    "food_manager": "赵建军", "phone": "13900001111", "truthful": True,
}  # fmt: skip


@pytest.fixture
def owner(actor, user):
    firm = Firm.objects.get(legal_person=user("firm-owner").person)
    return replace(actor("firm-owner"), firm_id=firm.pk)


@pytest.fixture
def case(owner):
    made = actions.submit_case(
        Call(owner), matter_code="food-business", form=FORM, insist=True,
        files={"layout": files.keep(photo(picture(800, 600))), "premises_proof": files.keep(photo(picture(800, 600)))}
        if _asks("premises_proof") else {"layout": files.keep(photo(picture(800, 600)))},
    )  # fmt: skip
    return made


def _asks(material: str) -> bool:
    from quancheng.capabilities.services.models import Matter

    spec = Matter.objects.get(code="food-business").current.spec
    return material in {row.key for row in spec.uploads if row.required}


@pytest.fixture
def official(user):
    """An officer or head of any office, made on the spot."""

    def make(department: Department, role: str = "services.clerk") -> Actor:
        account = user("clerk-market")
        return Actor(
            ActorKind.OFFICIAL, "王审批", account.pk, grants=(RoleGrant(role, frozenset({department.pk})),)
        )

    return make


def reload(case: Case) -> Case:
    """As another process would find it: nothing lives but the row."""
    return Case.objects.select_related("version", "matter", "department").get(pk=case.pk)


def answer(case: Case, element: str, outcome: str, official, opinion: str = "意见") -> None:
    task = CaseTask.objects.select_related("case", "department").get(case=case, element=element, state="open")
    role = "services.manager" if task.side == "appeal" else "services.clerk"
    actions.answer_task(Call(official(task.department, role)), task=task, outcome=outcome, opinion=opinion)


def to_decision(case: Case, official) -> Case:
    clerk = official(case.department)
    actions.claim_case(Call(clerk), case=reload(case))
    for element in ("review_market", "review_fire", "review_environment"):
        answer(case, element, "agree", official)
    if CaseTask.objects.filter(case=case, element="visit", state="open").exists():
        answer(case, "visit", "passed", official)
    return reload(case)


def test_from_joint_review_to_the_licence(case, official, settle):
    assert case.state == "submitted"
    assert len(json.dumps(case.flow, separators=(",", ":"))) < 1000, "a small state"
    clerk = official(case.department)
    with pytest.raises(Conflict):
        actions.approve_case(Call(clerk), case=reload(case))
    actions.claim_case(Call(clerk), case=reload(case))
    found = list(CaseTask.objects.filter(case=case, state="open", side="review").order_by("element"))
    assert {one.element for one in found} == {"review_market", "review_fire", "review_environment"}
    assert {one.department.code for one in found} >= {"jn-fire", "jn-environment"}
    assert queries.office_steps(clerk, reload(case)) == frozenset(), (
        "nothing to decide while others are asked"
    )
    with pytest.raises(InvalidInput):
        answer(case, "review_fire", "object", official, opinion="")
    answer(case, "review_fire", "object", official, opinion="疏散出口宽度不足")
    answer(case, "review_market", "agree", official)
    answer(case, "review_environment", "agree", official)
    visit = CaseTask.objects.get(case=case, element="visit", state="open")
    inspector = official(visit.department)
    actions.book_visit(Call(inspector), task=visit, at=clock.now() + timedelta(days=2), note="请负责人在场")
    answer(case, "visit", "failed", official, opinion="后厨未分区")
    put_right = reload(case)
    assert put_right.state == "correction"
    assert put_right.due is None, "the clock stands still while the site is put right"


def test_correction_of_the_site_and_approval(case, official, owner, settle):
    clerk = official(case.department)
    actions.claim_case(Call(clerk), case=reload(case))
    for element in ("review_market", "review_fire", "review_environment"):
        answer(case, element, "agree", official)
    answer(case, "visit", "failed", official, opinion="后厨未分区")
    actions.correct_case(Call(owner), case=reload(case), form=FORM)
    answer(case, "visit", "passed", official)
    assert queries.office_steps(clerk, reload(case)) >= {"approve", "refuse"}
    actions.approve_case(Call(clerk), case=reload(case), opinion="符合条件")
    done = reload(case)
    assert done.state == "completed"
    assert Licence.objects.filter(number=done.licence_number, firm=done.firm).exists()
    assert not CaseTimer.objects.filter(case=case, open=True).exists(), "nothing ticks after the end"
    kinds = list(CaseDocument.objects.filter(case=case).order_by("id").values_list("kind", flat=True))
    assert kinds == ["acceptance", "approval"]


def test_a_refusal_is_appealed_reopened_and_approved(case, official, owner):
    to_decision(case, official)
    clerk = official(case.department)
    ground = reload(case).spec.grounds()[0].id
    actions.refuse_case(Call(clerk), case=reload(case), ground=ground, reason="布局不符合要求")
    refused = reload(case)
    assert refused.state == "refused"
    assert refused.decided_at is not None
    assert "appeal" in queries.applicant_steps(refused)
    with pytest.raises(InvalidInput):
        actions.appeal_case(Call(owner), case=refused, reason=" ")
    actions.appeal_case(Call(owner), case=refused, reason="布局图已按要求修改")
    with pytest.raises(Conflict):
        actions.appeal_case(Call(owner), case=reload(case), reason="再次")
    task = CaseTask.objects.get(case=case, side="appeal", state="open")
    with pytest.raises(Forbidden):
        actions.answer_task(Call(clerk), task=task, outcome="reopen", opinion="x")
    answer(case, "appeal", "reopen", official, opinion="申请人意见成立")
    again = reload(case)
    assert again.state == "accepted"
    assert again.due is not None, "the clock runs anew"
    actions.approve_case(Call(clerk), case=again, opinion="复核后准予")
    assert reload(case).state == "completed"


def test_a_refusal_upheld_or_not_appealed_in_time_stays(case, official, owner):
    to_decision(case, official)
    ground = reload(case).spec.grounds()[0].id
    actions.refuse_case(Call(official(case.department)), case=reload(case), ground=ground, reason="不符合")
    timer = CaseTimer.objects.get(case=case, element="appeal_over", open=True)
    timers.fire_timer(Call.system("services"), timer_id=timer.pk)
    late = reload(case)
    assert late.state == "refused"
    assert "appeal" not in queries.applicant_steps(late)
    with pytest.raises(Conflict):
        actions.appeal_case(Call(owner), case=late, reason="晚了")
    timers.fire_timer(Call.system("services"), timer_id=timer.pk)  # a second time does nothing


def test_what_is_not_corrected_in_time_counts_as_withdrawn(case, official, settle):
    clerk = official(case.department)
    actions.return_case(Call(clerk), case=reload(case), reason="请补充平面图")
    timer = CaseTimer.objects.get(case=case, element="correct_late", open=True)
    with clock.at(timer.due_at + timedelta(seconds=1)):
        assert timers.fire_due(Call.system("services")) == 1
        assert timers.fire_due(Call.system("services")) == 0
    closed = reload(case)
    assert (closed.state, closed.decision["overdue"]) == ("withdrawn", True)


def test_two_offices_answer_at_once_and_one_is_told(case, official):
    actions.claim_case(Call(official(case.department)), case=reload(case))
    task = CaseTask.objects.select_related("case", "department").get(case=case, element="review_fire")
    officer = official(task.department)
    actions.answer_task(Call(officer), task=task, outcome="agree")
    with pytest.raises(Conflict, match="已处理"):
        actions.answer_task(Call(officer), task=task, outcome="object", opinion="反对")
    stranger = official(Department.objects.get(code="jn-water"))
    other = CaseTask.objects.select_related("case", "department").get(case=case, element="review_environment")
    with pytest.raises(Forbidden):
        actions.answer_task(Call(stranger), task=other, outcome="agree")


def test_documents_are_printed_and_sealed_once(case, official):
    actions.claim_case(Call(official(case.department)), case=reload(case))
    document = CaseDocument.objects.get(case=case)
    jobs.run_due()
    document.refresh_from_db()
    raw = blob_path(document.digest).read_bytes()
    assert raw.startswith(b"%PDF")
    _assert_sealed(raw)
    before = document.digest
    tasks.documents.print_document(Call.system("services"), document=document)
    document.refresh_from_db()
    assert document.digest == before


def _assert_sealed(raw: bytes) -> None:
    import io

    from asn1crypto import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    from quancheng.capabilities.trust.actions import authority

    root = x509.Certificate.load(authority().public_bytes(Encoding.DER))
    [signature] = PdfFileReader(io.BytesIO(raw)).embedded_signatures
    assert validate_pdf_signature(signature, ValidationContext(trust_roots=[root])).bottom_line


def test_a_bad_rating_opens_a_task_for_the_head(case, official, owner):
    to_decision(case, official)
    actions.approve_case(Call(official(case.department)), case=reload(case))
    actions.rate_case(Call(owner), case=reload(case), score=1, text="等太久")
    complaint = Complaint.objects.select_related("case").get(case=case)
    head = official(case.department, "services.manager")
    with pytest.raises(Forbidden):
        actions.answer_complaint(Call(official(case.department)), complaint=complaint, answer="x")
    actions.answer_complaint(Call(head), complaint=complaint, answer="已整改，向您致歉")
    complaint.refresh_from_db()
    actions.judge_answer(Call(owner), complaint=complaint, satisfied=False)
    assert Complaint.objects.filter(case=case, kind="again", state="open").count() == 1
