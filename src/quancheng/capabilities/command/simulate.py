"""模拟数据: past incidents brought to their end through the actions, and the duty roster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.command import actions
from quancheng.capabilities.command.models import DutyShift, Incident
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class Story:
    """One past incident (往事)."""

    days: int
    hour: int
    type: str
    level: int
    lon: float
    lat: float
    region: str
    place: Text
    reports: int
    tasks: tuple[tuple[str, str, str, int], ...]


STORIES = (
    Story(
        1,
        17,
        "command.flooding",
        3,
        117.0086,
        36.6783,
        "370105",
        Text("北园大街铁路桥下", "Beiyuan Street rail underpass"),
        4,
        (
            ("jn-water-crew", "架设移动泵车抽排", "Set up mobile pumps", 40),
            ("jn-traffic-police", "封闭下穿通道并绕行引导", "Close the underpass, guide traffic", 15),
        ),
    ),
    Story(
        3,
        8,
        "command.tree",
        4,
        117.0205,
        36.6512,
        "370102",
        Text("泺源大街", "Luoyuan Street"),
        2,
        (("jn-gardens", "清理倒伏行道树", "Remove the fallen tree", 60),),
    ),
    Story(
        6,
        20,
        "command.manhole",
        4,
        117.0652,
        36.6841,
        "370112",
        Text("二环东路辅路", "Side road of East Second Ring"),
        3,
        (("jn-city-management", "围挡并更换井盖", "Fence off, replace the cover", 45),),
    ),
    Story(
        9,
        11,
        "command.gas",
        2,
        116.9427,
        36.6603,
        "370104",
        Text("经十路西段", "West Jingshi Road"),
        2,
        (
            ("jn-fire", "警戒疏散，检测浓度", "Cordon, evacuate, measure", 20),
            ("jn-housing", "关阀抢修中压管", "Close valves, repair the pipe", 120),
        ),
    ),
    Story(
        14,
        15,
        "command.road",
        3,
        117.1236,
        36.6755,
        "370112",
        Text("工业北路", "Industrial North Road"),
        1,
        (("jn-transport", "清理货物，恢复通行", "Clear the load, reopen the road", 90),),
    ),
)

ROSTER = (
    ("jn-emergency", "韩涛", Text("指挥中心值班员", "Duty officer"), "13800001234"),
    ("jn-command-centre", "秦岚", Text("值班指挥长", "Commander on duty"), "13800002345"),
    ("jn-water", "孟广林", Text("防汛值班", "Flood duty"), "13800003456"),
    ("jn-police", "崔建业", Text("指挥处值班", "Police duty"), "13800004567"),
    ("jn-transport", "于静", Text("路网值班", "Road network duty"), "13800005678"),
    ("jn-fire", "石磊", Text("消防值班", "Fire duty"), "13800006789"),
    ("jn-weather", "白桦", Text("预报值班", "Forecast duty"), "13800007890"),
    ("jn-city-management", "段丽娜", Text("城管值班", "City management duty"), "13800008901"),
)


def _seat(name: str) -> Actor:
    return Actor(ActorKind.SYSTEM, name=f"seat:{name}", module="command", simulated=True)


def _call(name: str, at: datetime) -> Call:
    return Call(_seat(name), at=at)


def seed(city: Any, random: Any) -> str:
    """Past incidents and today's roster, once; ``random`` spreads the minutes."""
    del city
    said = []
    if not Incident.objects.filter(exercise="", simulated=True).exists():
        for story in STORIES:
            _play(story, random)
        said.append(f"{len(STORIES)}起往事")
    if not DutyShift.objects.filter(ends_at__gt=clock.now()).exists():
        said.append(f"{_roster()}个班次")
    return " ".join(said)


def _play(story: Story, random: Any) -> None:
    day = clock.now().astimezone(clock.LOCAL) - timedelta(days=story.days)
    start = day.replace(hour=story.hour, minute=int(random.integers(0, 50)), second=0, microsecond=0)
    incident, at = _reports(story, start, random)
    at += timedelta(minutes=int(random.integers(2, 6)))
    with clock.at(at):
        actions.verify_incident(_call("duty", at), incident=incident, note="电话核实")
        work = [
            actions.issue_task(
                _call("duty", at),
                incident=incident,
                title=Text(zh, en),
                department=department,
                region=story.region,
                priority=1,
                due_minutes=due,
            )
            for department, zh, en, due in story.tasks
        ]
    ends = [_do(task, at, due, random) for task, (*_, due) in zip(work, story.tasks, strict=True)]
    at = max(ends) + timedelta(minutes=int(random.integers(5, 20)))
    with clock.at(at):
        actions.control_incident(_call("duty", at), incident=incident)
        at += timedelta(minutes=10)
        actions.close_incident(_call("commander", at), incident=incident, note="现场恢复正常")


def _reports(story: Story, start: datetime, random: Any) -> tuple[Incident, datetime]:
    kinds = ("hotline", "person", "camera", "sensor")
    names = {
        "hotline": "12345热线转来",
        "person": "市民随手拍",
        "camera": "路口摄像头",
        "sensor": "水位传感器",
    }
    at, incident = start, None
    for n in range(story.reports):
        at = start + timedelta(minutes=3 * n)
        kind = kinds[n % len(kinds)] if story.type == "command.flooding" or n < 2 else "person"
        title = Text(
            f"{story.place.zh}:{_type_words(story.type).zh}",
            f"{story.place.en}: {_type_words(story.type).en}",
        )
        with clock.at(at):
            incident = actions.report_incident(
                _call("duty", at),
                type=story.type,
                level=story.level,
                lon=story.lon + float(random.uniform(-0.001, 0.001)),
                lat=story.lat + float(random.uniform(-0.001, 0.001)),
                region=story.region,
                place=story.place.zh,
                title=title,
                text=f"{names[kind]}:{story.place.zh}",
                occurred_at=at,
                source_kind=kind,
                source_ref=f"demo:{story.type}:{story.days}:{n}",
                simulated=True,
            )
    assert incident is not None
    return incident, at


def _type_words(type: str) -> Text:
    from quancheng.capabilities.command.queries import incident_types

    return incident_types()[type]


def _do(task: Any, at: datetime, due: int, random: Any) -> datetime:
    steps = (
        int(random.integers(1, 5)),
        int(random.integers(6, 15)),
        int(due * float(random.uniform(0.5, 0.9))),
    )
    accept, onsite, prove = (
        at + timedelta(minutes=m) for m in (steps[0], steps[0] + steps[1], max(sum(steps[:2]) + 2, steps[2]))
    )
    with clock.at(accept):
        actions.accept_task(_call("responder", accept), task=task)
    with clock.at(onsite):
        actions.arrive(_call("responder", onsite), task=task, lon=task.lon, lat=task.lat)
    with clock.at(prove):
        actions.prove_task(
            _call("responder", prove),
            task=task,
            text=f"{task.zh}:已完成，现场照片已存",
            lon=task.lon,
            lat=task.lat,
        )
    done = prove + timedelta(minutes=int(random.integers(3, 12)))
    with clock.at(done):
        actions.verify_task(_call("duty", done), task=task, note="照片与位置相符")
    return done


def _roster() -> int:
    today = clock.now().astimezone(clock.LOCAL).replace(hour=8, minute=0, second=0, microsecond=0)
    made = 0
    for offset in range(-1, 7):
        for half in (0, 12):
            start = today + timedelta(days=offset, hours=half)
            for department, name, post, phone in ROSTER:
                actions.add_shift(
                    Call(_seat("duty")),
                    department=department,
                    name=name if half == 0 else f"{name[0]}值夜",
                    post=post,
                    starts_at=start,
                    ends_at=start + timedelta(hours=12),
                    phone=phone,
                )
                made += 1
    return made
