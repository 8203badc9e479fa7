"""演示数据: some sixty cases of all states and districts, made by the actions in virtual past time."""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions, catalogue, files, simulate_shops
from quancheng.capabilities.services.definitions import definition_of, open_fields
from quancheng.capabilities.services.models import Case, Matter
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import QuanchengError

CASES = 60
APPLICANTS, OFFICERS = "demo-applicants", "demo-officers"
MIX = (
    ("senior-card", "61", "90", 0.55),
    ("birth-registration", "22", "40", 0.2),
    ("dog-registration", "20", "55", 0.15),
    ("residence-permit", "20", "50", 0.1),
)
PLANS = (("submitted", 0.3), ("claimed", 0.18), ("returned", 0.1), ("approved", 0.32), ("refused", 0.1))
RETURNS = (
    "照片背景杂乱，请换一张白色背景的近照。",
    "联系电话无法接通，请核对后重新填写。",
    "照片模糊，请重新拍照上传。",
)


def seed(city: Any, random: Any) -> str:
    """Cases in every district, once; 王秀英 and the other demo citizens stay free to apply."""
    if Case.objects.filter(simulated=True).exists():
        return "-"
    if not Matter.objects.exists():
        return "没有事项 no matters: run the registry sync first"
    applicants, officers = _account(APPLICANTS, "模拟申请人"), _account(OFFICERS, "模拟审批员")
    districts = [one.code for one in people.regions() if one.code.isdigit()]
    made = 0
    for number in range(CASES):
        region = "370102" if number % 5 < 2 and "370102" in districts else districts[number % len(districts)]
        code, youngest, oldest = _pick(random, MIX)
        person = _someone(random, region, youngest, oldest)
        if person is not None:
            made += _story(random, applicants, officers, person, code, _pick(random, PLANS)[0])
    shops = simulate_shops.seed(random, applicants, officers)
    return f"{made + shops}个办件"


def _pick(random: Any, table: tuple[Any, ...]) -> tuple[Any, ...]:
    point, total = float(random.random()), 0.0
    for row in table:
        total += row[-1]
        if point < total:
            return row[:-1]  # type: ignore[no-any-return]
    return table[0][:-1]  # type: ignore[no-any-return]


def _someone(random: Any, region: str, youngest: str, oldest: str) -> Any:
    found = people.search_people(
        Actor.system("services", simulated=True), {"region": region, "age_from": youngest, "age_to": oldest}
    ).filter(user=None, simulated=True, cases=None)
    count = min(found.count(), 200)
    return found.order_by("pk")[int(random.integers(count))] if count else None


def _story(random: Any, applicants: int, officers: int, person: Any, code: str, plan: str) -> int:
    """One application and what became of it."""
    days = {"submitted": 6, "claimed": 14, "returned": 12, "approved": 40, "refused": 40}[plan]
    day = clock.today() - timedelta(days=int(random.integers(1, days)))
    moment = datetime.combine(day, time(9, int(random.integers(60))), clock.LOCAL)
    citizen = Actor(ActorKind.PERSON, person.name, applicants, person.pk, simulated=True)
    with clock.at(moment):
        try:
            case = _apply(random, citizen, person, code)
        except QuanchengError:
            return 0
    if plan == "submitted":
        return 1
    later = min(
        moment + timedelta(days=int(random.integers(1, 5)), hours=2), clock.now() - timedelta(minutes=5)
    )
    with clock.at(max(later, moment + timedelta(minutes=1))):
        _decide(random, case, officers, plan)
    return 1


def _apply(random: Any, citizen: Actor, person: Any, code: str) -> Case:
    matter = catalogue.matter(citizen, code)
    spec = matter.current.spec
    call = Call(citizen)
    today = clock.today()
    answers: dict[str, Any] = {
        "phone": person.phone or "13900000000", "delivery": "electronic", "truthful": True, "ground": "work",
        "address": person.address or "济南市", "lived_since": (today - timedelta(days=400)).isoformat(),
        "order": "1", "due_date": (today + timedelta(days=90)).isoformat(),
        "dog_name": "豆豆", "breed": "柯基",
        "vaccinated_on": (today - timedelta(days=60)).isoformat(),
    }  # fmt: skip
    form = {row.key: answers[row.key] for row in open_fields(definition_of(spec)) if row.key in answers}
    draft = actions.save_draft(call, matter=matter, form=form)
    for row in spec.uploads:
        upload = SimpleUploadedFile("photo.jpg", portrait(int(random.integers(360))), "image/jpeg")
        actions.attach_file(
            call, material=row.key, fact=files.keep(upload), name=f"{row.name.zh}.jpg", draft=draft
        )
    return actions.submit_case(call, matter_code=code)


def _decide(random: Any, case: Case, officers: int, plan: str) -> None:
    officer = Actor(
        ActorKind.OFFICIAL,
        "模拟审批员",
        officers,
        simulated=True,
        grants=(RoleGrant("services.clerk", frozenset({case.department_id})),),
    )
    call = Call(officer)
    case = actions.claim_case(call, case=case)
    if plan == "returned":
        actions.return_case(call, case=case, reason=RETURNS[int(random.integers(len(RETURNS)))])
    elif plan == "approved":
        case = actions.approve_case(call, case=case, opinion="材料齐全，符合条件。")
        if float(random.random()) < 0.6:
            citizen = Actor(
                ActorKind.PERSON, case.applicant_name, case.submitted_by_id, case.applicant_id, simulated=True
            )
            actions.rate_case(Call(citizen), case=case, score=int(random.choice([5, 5, 5, 4, 4, 3, 2])))
    elif plan == "refused":
        ground = case.version.spec.grounds()[-1]
        actions.refuse_case(call, case=case, ground=ground.id, reason="经核对，与登记不符。")


def portrait(hue: int) -> bytes:
    """A drawn portrait on a plain ground, marked 模拟 by being one."""
    image = Image.new("RGB", (358, 441), f"hsl({hue}, 30%, 90%)")
    pen = ImageDraw.Draw(image)
    pen.ellipse((99, 70, 259, 270), fill=f"hsl({hue}, 25%, 60%)")
    pen.ellipse((30, 290, 328, 640), fill=f"hsl({hue}, 35%, 45%)")
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=85)
    return kept.getvalue()


def _account(username: str, name: str) -> int:
    user, made = get_user_model().objects.get_or_create(
        username=username,
        defaults={"kind": "service", "display_name": name, "simulated": True, "is_active": False},
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return int(user.pk)


__all__ = ["portrait", "seed"]
