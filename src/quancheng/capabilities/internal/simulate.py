"""演示数据: staff of public institutions, a few enterprises, items in every state, documents, a meeting.

All persons and enterprises are invented (模拟); everything is made by the actions in virtual past time.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from quancheng.capabilities.internal import actions, dossiers, running, sync
from quancheng.capabilities.internal.models import Dossier, Item, Notice, WorkItem
from quancheng.capabilities.internal.packing import print_pack
from quancheng.capabilities.internal.simulated_papers import seed_meetings, seed_papers
from quancheng.capabilities.people import queries as people
from quancheng.core.identity import compute_check, compute_organisation_check, compute_uscc_check
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import NotFound, QuanchengError, Unavailable

__all__ = ["seed"]

UNIT = "jn-eldercare-centre"
REGISTER = Text("单位人事台账导入（模拟）", "Imported from the unit's register (simulated)")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("秀英", "建华", "志强", "丽娟", "国庆", "海燕", "文博", "晓峰", "玉兰", "明远", "桂芝", "立新")
POSTS = {
    "management": (("综合科科长", "七级职员"), ("服务指导科副科长", "八级职员"), ("综合科科员", "九级职员")),
    "technical": (
        ("社会工作师", "专业技术九级"),
        ("高级工程师", "专业技术七级"),
        ("康复指导师", "专业技术十级"),
    ),
    "worker": (("汽车驾驶员", "技术工二级"), ("设备维修工", "技术工三级")),
}
ENTERPRISES = (
    ("济南泉域资产运营有限公司（模拟）", "1", 120000, 100.0, 460000, "资产运营"),
    ("济南明湖城市更新集团有限公司（模拟）", "1", 300000, 100.0, 1250000, "城市更新"),
    ("济南黄河物流股份有限公司（模拟）", "2", 80000, 51.2, 210000, "物流仓储"),
)


def seed(city: Any, random: Any) -> str:
    """Some forty dossiers, a dozen items, documents and a meeting, once."""
    if Dossier.objects.filter(simulated=True).exists():
        return "-"
    sync.sync()
    try:
        unit = people.department(UNIT)
    except NotFound:
        return "没有机构 no departments"
    system = Call.system("internal", simulated=True)
    staff = [_staff(system, random, unit, number) for number in range(36)]
    _enterprises(system)
    _own_dossier(system, random, unit)
    made = _stories(random, staff)
    papers = seed_papers()
    meetings = seed_meetings()
    return f"{len(staff) + 1}份人事档案、{made}个事项、{papers}份公文、{meetings}个会议"


def _staff(call: Call, random: Any, unit: Any, number: int) -> Dossier:
    """One member of staff; the first four reach the statutory age within the next months."""
    kind = ("management", "technical", "worker")[int(random.integers(3))] if number else "technical"
    sex = "1" if number in (0, 1) else str(1 + int(random.integers(2)))
    today = clock.today()
    years = {0: 61, 1: 60, 2: 56, 3: 58}.get(number, 24 + int(random.integers(33)))
    birth = people.years_before(today, years) - timedelta(days=int(random.integers(20, 330)))
    if number < 4:
        birth = _soon(sex, kind, today, months=number + 1)
    name = "李桂芳" if number == 0 else _name(random)
    if number == 0:
        sex, kind = "2", "technical"
        birth = _soon(sex, kind, today, months=2)
    return _open(call, random, unit, name, sex, birth, kind)


def _soon(sex: str, kind: str, today: date, *, months: int) -> date:
    """A birthday whose statutory age is reached in so many months."""
    original = "male" if sex == "1" else "female_50" if kind == "worker" else "female_55"
    day = date(today.year - 70, 1, 15)
    wanted = (
        (today.year * 12 + today.month - 1 + months) % 12,
        (today.year * 12 + today.month - 1 + months) // 12,
    )
    for step in range(70 * 12):
        birth = date(day.year + step // 12, step % 12 + 1, 15)
        answer = dossiers.retirement_of({"birth_date": birth.isoformat(), "original_age": original})
        if answer and (answer.statutory.month - 1, answer.statutory.year) == wanted:
            return birth
    return people.years_before(today, 59)


def _name(random: Any) -> str:
    return SURNAMES[int(random.integers(len(SURNAMES)))] + GIVEN[int(random.integers(len(GIVEN)))]


def _id_number(birth: date, sex: str, serial: int) -> str:
    sequence = serial * 2 % 900 + (1 if sex == "1" else 2)
    first17 = f"370102{birth:%Y%m%d}{sequence:03d}"
    return first17 + compute_check(first17)


def _open(
    call: Call,
    random: Any,
    unit: Any,
    name: str,
    sex: str,
    birth: date,
    kind: str,
    user_id: int | None = None,
) -> Dossier:
    post, grade = POSTS[kind][int(random.integers(len(POSTS[kind])))]
    today = clock.today()
    since = min(date(birth.year + 22, 7, 1), today - timedelta(days=200))
    months = (today.year - since.year) * 12 + today.month - since.month
    serial = Dossier.objects.count() + 1
    facts = {
        "name": name, "id_number": _id_number(birth, sex, serial), "phone": f"1995310{serial:04d}",
        "education": ("college", "bachelor", "master")[int(random.integers(3))], "post_kind": kind,
        "post": post, "grade": grade, "joined_on": max(since, date(2005, 3, 1)).isoformat(),
        "work_since": since.isoformat(), "contribution_months": months,
        "wage": 4200 + 100 * int(random.integers(40)), "bank_account": f"62284804{serial:011d}",
    }  # fmt: skip
    facts |= dossiers.derived(str(facts["id_number"]), kind)
    return actions.open_dossier(call, kind="staff", facts=facts, unit=unit, user_id=user_id, source=REGISTER)


def _own_dossier(call: Call, random: Any, unit: Any) -> None:
    """The personnel officer's own dossier, so that "my dossier" has something to show."""
    officer = people.officials(call.actor, "internal.personnel", department_code=UNIT).first()
    if officer is not None:
        _open(call, random, unit, str(officer), "2", date(1982, 4, 9), "management", officer.pk)


def _enterprises(call: Call) -> None:
    unit = people.department("jn-sasac")
    for number, (name, level, capital, share, assets, industry) in enumerate(ENTERPRISES, start=1):
        body = f"MN{number:06d}"
        first17 = f"91370100{body}{compute_organisation_check(body)}"
        facts = {
            "enterprise": name, "uscc": first17 + compute_uscc_check(first17), "level": level,
            "capital": capital, "state_share": share, "assets": assets, "industry": industry,
        }  # fmt: skip
        actions.open_dossier(call, kind="enterprise", facts=facts, unit=unit, source=REGISTER)


# -- items --------------------------------------------------------------------------------------
def _actor(role: str, department_id: int, name: str) -> Actor | None:
    found = people.officials(Actor.system("internal"), role).order_by("pk").first()
    if found is None:
        return None
    grant = RoleGrant(role, frozenset({department_id}))
    return Actor(ActorKind.OFFICIAL, name, found.pk, simulated=True, grants=(grant,))


PLANS = (
    ("post-change", 99, 30), ("assessment", 99, 26), ("post-change", 99, 22), ("assessment", 99, 20),
    ("resignation", 99, 18), ("assessment", 5, 6), ("post-change", 3, 5), ("transfer-out", 2, 4),
    ("post-change", 1, 3), ("assessment", 0, 2),
)  # fmt: skip


def _stories(random: Any, staff: list[Dossier]) -> int:
    """Items that went some way: ``steps`` decided, begun so many days ago."""
    made = 0
    for number, (code, steps, days) in enumerate(PLANS):
        dossier = staff[8 + number]
        moment = datetime.combine(clock.today() - timedelta(days=days), time(9, 10), clock.LOCAL)
        try:
            made += _story(dossier, code, steps, moment, returned=number == 2)
        except QuanchengError:
            continue
    return made


def _story(dossier: Dossier, code: str, steps: int, moment: datetime, *, returned: bool) -> int:
    officer = _actor("internal.personnel", dossier.unit_id, "模拟人事专员")
    if officer is None:
        return 0
    with clock.at(moment):
        item = actions.file_item(
            Call(officer), code=code, form=_answers(code, clock.day_of(moment)), dossier=dossier
        )
    sent_back = not returned
    for number in range(steps):
        work = (
            WorkItem.objects.filter(item=item, state="open")
            .select_related("department")
            .order_by("id")
            .first()
        )
        if work is None:
            break
        later = min(moment + timedelta(hours=5 * (number + 1)), clock.now() - timedelta(minutes=1))
        with clock.at(max(later, moment + timedelta(minutes=1))):
            outcome = "return" if not sent_back and work.element == "supervisor" else "agree"
            sent_back = sent_back or outcome == "return"
            _decide(item, work, outcome)
    if code == "resignation":  # the others are printed by the worker after the setup
        with clock.at(min(moment + timedelta(days=6), clock.now() - timedelta(minutes=1))):
            _pack(item)
    return 1


def _decide(item: Item, work: WorkItem, outcome: str) -> None:
    actor = _actor(work.role, work.department_id, "模拟经办人")
    if actor is not None:
        opinion = "请补充岗位设置批复文号。" if outcome == "return" else ""
        form = item.form if work.kind == "correct" else None
        actions.decide_work(Call(actor), work=work, outcome=outcome, opinion=opinion, form=form)


def _pack(item: Item) -> None:
    """Result packs of the past are printed like others, by the job's own function."""
    item = Item.objects.select_related("model", "unit", "dossier").get(pk=item.pk)
    if item.over or Notice.objects.filter(item=item).exists():
        return
    if task := running.waiting_at(item.model.bpmn, item.flow, "pack"):
        with suppress(Unavailable):  # no typesetter here: the worker's job tries again
            actions.finish_pack(
                Call.system("internal", simulated=True), item=item, task=task, papers=print_pack(item)
            )


def _answers(code: str, day: date) -> dict[str, Any]:
    later = (day + timedelta(days=20)).isoformat()
    return {
        "post-change": {"post_kind": "management", "post": "服务指导科科长", "grade": "七级职员", "changed_on": later},
        "assessment": {"year": str(day.year - 1), "result": "优秀", "award": "嘉奖", "decided_on": day.isoformat()},
        "resignation": {"left_why": "本人辞职", "left_on": later},
        "transfer-out": {"left_for": "济南市历下区养老服务中心（模拟）", "left_on": later},
    }[code]  # fmt: skip
