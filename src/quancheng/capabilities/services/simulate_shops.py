"""演示数据: restaurants of a few districts at every stage of joint review, made by the actions."""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions, files
from quancheng.capabilities.services.models import Case, CaseTask
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import QuanchengError

MATTER = "food-business"
REVIEWS = ("review_market", "review_fire", "review_environment")
STAGES = ("submitted", "joint", "visit", "put_right", "decide", "approved", "refused", "appealed")
DISTRICTS = ("370105", "370105", "370102")
OPINION = {"agree": "材料与现场情况相符，同意。", "object": "疏散通道宽度不足，请整改。"}


def seed(random: Any, applicants: int, officers: int) -> int:
    """One shop for each stage in each district of the list; returns how many were made."""
    made = 0
    for turn, district in enumerate(DISTRICTS):
        shops = people.search_firms(Actor.system("services", simulated=True), {"region": district})
        shops = shops.filter(simulated=True, cases=None).exclude(name__startswith="济南泉韵").order_by("pk")
        for stage, firm in zip(STAGES, shops[: len(STAGES)], strict=False):
            moment = _moment(random, turn + STAGES.index(stage))
            with clock.at(moment):
                made += _story(firm, stage, applicants, officers)
    return made


def _moment(random: Any, back: int) -> datetime:
    day = clock.today() - timedelta(days=2 + back % 6)
    return datetime.combine(day, time(9, int(random.integers(60))), clock.LOCAL)


def _story(firm: Any, stage: str, applicants: int, officers: int) -> int:
    owner = Actor(
        ActorKind.PERSON,
        firm.legal_person.name,
        applicants,
        firm.legal_person_id,
        firm_id=firm.pk,
        simulated=True,
    )
    form = {
        "premises_address": firm.address or "天桥区", "premises_area": "120", "seats": "60",
        "legal_representative": firm.legal_person.name, "format": "catering", "category": "hot",
        "food_manager": firm.legal_person.name, "phone": "13900000000", "truthful": True,
    }  # fmt: skip
    try:
        case = actions.submit_case(
            Call(owner), matter_code=MATTER, form=form, insist=True, names={"layout": "平面布局图.jpg"},
            files={"layout": files.keep(SimpleUploadedFile("layout.jpg", _plan(), "image/jpeg"))},
        )  # fmt: skip
        _go_on(case, stage, owner, officers)
    except QuanchengError:
        return 0
    return 1


def _go_on(case: Case, stage: str, owner: Actor, officers: int) -> None:
    if stage == "submitted":
        return
    clerk = Call(_official(case.department_id, officers, "services.clerk"))
    case = actions.claim_case(clerk, case=case)
    if stage == "joint":
        return
    for element in REVIEWS:
        _answer(case, element, "agree", officers)
    if stage == "visit":
        visit = case.tasks.get(element="visit", state="open")
        actions.book_visit(clerk, task=visit, at=clock.now() + timedelta(days=3), note="请负责人在场")
        return
    if stage == "put_right":
        _answer(case, "visit", "failed", officers)
        return
    _answer(case, "visit", "passed", officers)
    if stage == "decide":
        return
    case = Case.objects.get(pk=case.pk)
    if stage == "approved":
        actions.approve_case(clerk, case=case, opinion="符合条件，准予。")
        return
    ground = case.version.spec.grounds()[-1]
    case = actions.refuse_case(clerk, case=case, ground=ground.id, reason="现场布局与申报的平面图不一致。")
    if stage == "appealed":
        actions.appeal_case(Call(owner), case=case, reason="平面图已按要求更正，请重新审查。")


def _answer(case: Case, element: str, outcome: str, officers: int) -> None:
    task = CaseTask.objects.select_related("case").filter(case=case, element=element, state="open").first()
    if task is not None:
        call = Call(_official(task.department_id, officers, "services.clerk"))
        opinion = "后厨冷热未分区，请整改。" if outcome == "failed" else OPINION.get(outcome, "核查合格。")
        actions.answer_task(call, task=task, outcome=outcome, opinion=opinion)


def _official(department: int, account: int, role: str) -> Actor:
    grant = RoleGrant(role, frozenset({department}))
    return Actor(ActorKind.OFFICIAL, "模拟审批员", account, simulated=True, grants=(grant,))


def _plan() -> bytes:
    """A drawn floor plan, marked 模拟 by being one."""
    image = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(image)
    for box in ((40, 40, 760, 560), (40, 40, 300, 300), (300, 40, 760, 300)):
        pen.rectangle(box, outline="black", width=4)
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=85)
    return kept.getvalue()
