"""演示数据: receptions in several halls, bags in every state, made by the actions in past time."""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from quancheng.capabilities.counter import actions, scans
from quancheng.capabilities.counter.models import Bag, Hall, Reception
from quancheng.capabilities.counter.values import Confirmation, Paper
from quancheng.capabilities.people import queries as people
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import QuanchengError

HALLS = ("lixia", "city", "zhangqiu", "tianqiao", "lixia", "city")
PLANS = (
    (), ("dispatch",), ("dispatch", "receive"), ("dispatch", "receive", "check"),
    ("dispatch", "receive", "check", "archive"), ("dispatch", "receive", "send_back", "take_back", "hand_out"),
)  # fmt: skip
COURIER = "济南政务专递（模拟）"


def seed(city: Any, random: Any) -> str:
    """Once: six receptions across districts, each bag at another point of its way."""
    if Reception.objects.filter(simulated=True).exists() or not Hall.objects.exists():
        return "-"
    clerk, districts = _account("demo-counter", "模拟窗口人员"), [one.code for one in people.regions()]
    made = 0
    for number, (code, plan) in enumerate(zip(HALLS, PLANS, strict=True)):
        hall = Hall.objects.filter(code=code).first()
        person = _someone(random, districts[(number * 5 + 6) % len(districts)])
        if hall is not None and person is not None:
            made += _story(hall, person, clerk, plan, number)
    return f"{made}次窗口收件"


def _story(hall: Hall, person: Any, clerk: int, plan: tuple[str, ...], number: int) -> int:
    start = datetime.combine(clock.today() - timedelta(days=2), time(9, 5 + number), clock.LOCAL)
    region = people.region_prefix(hall.region_code)
    worker = Actor(
        ActorKind.OFFICIAL, "模拟窗口人员", clerk, simulated=True,
        grants=(RoleGrant("counter.clerk", frozenset(), region),),
    )  # fmt: skip
    try:
        with clock.at(start):
            reception = actions.receive_application(
                Call(worker), hall=hall, matter_code="dog-registration", person_id=person.pk,
                form=_answers(), purpose="窗口收件，核对申请人身份（模拟）", insist=True, scans=_scans(),
                papers=[Paper("免疫证明原件"), Paper("养犬承诺书", 2)], seal=f"SIM-{number:06d}",
            )  # fmt: skip
    except QuanchengError:
        return 0
    bag = Bag.objects.select_related("office").get(case=reception.case)
    officer = Actor(
        ActorKind.OFFICIAL, "模拟审批员", clerk, simulated=True,
        grants=(RoleGrant("services.clerk", frozenset({bag.office_id})),),
    )  # fmt: skip
    for hour, verb in enumerate(plan, start=2):
        _move(
            bag,
            verb,
            worker if verb in {"dispatch", "take_back", "hand_out"} else officer,
            start,
            hour,
            number,
        )
    return 1


def _move(bag: Bag, verb: str, who: Actor, start: datetime, hour: int, number: int) -> None:
    with clock.at(start + timedelta(hours=hour)):
        posted = (
            {"courier": COURIER, "waybill": f"JNZD{number:08d}"} if verb in {"dispatch", "send_back"} else {}
        )
        seen = Confirmation(3, bag.seal, True) if verb in {"receive", "check", "take_back"} else None
        actions.move_bag(Call(who), bag=bag, verb=verb, confirmation=seen, **posted)


def _answers() -> dict[str, Any]:
    vaccinated = clock.today() - timedelta(days=60)
    return {
        "dog_name": "豆豆",
        "breed": "金毛寻回犬",
        "vaccinated_on": vaccinated.isoformat(),
        "phone": "13900001111",
        "truthful": True,
    }


def _scans() -> dict[str, scans.Scan]:
    kept = io.BytesIO()
    Image.new("RGB", (600, 800), "#e8e4da").save(kept, "JPEG")
    found = {}
    for material in ("photo", "vaccination"):
        upload = SimpleUploadedFile(f"{material}.jpg", kept.getvalue(), "image/jpeg")
        found[material] = scans.keep(upload)
    return found


def _someone(random: Any, region: str) -> Any:
    found = people.search_people(
        Actor.system("counter", simulated=True), {"region": region, "age_from": "25", "age_to": "60"}
    ).filter(user=None, simulated=True, cases=None)
    count = min(found.count(), 100)
    return found.order_by("pk")[int(random.integers(count))] if count else None


def _account(username: str, name: str) -> int:
    user, made = get_user_model().objects.get_or_create(
        username=username,
        defaults={"kind": "service", "display_name": name, "simulated": True, "is_active": False},
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return int(user.pk)
