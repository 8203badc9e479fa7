"""Alarms become reports; an issued task becomes messages to those who have to do it."""

from __future__ import annotations

from datetime import datetime

from django.apps import apps

from quancheng.capabilities.command import actions
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import clock, events, registry
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

NAME = "command"


@events.subscribe("things.alarm.raised", "command.alarm")
def report_alarm(event: Event) -> None:
    """感知告警接报: one report for each alarm, merged by place and time."""
    data = event.data
    kind, station = str(data.get("incident_type") or ""), data.get("station") or {}
    if kind not in {row.id for _, row in registry.items("incident_type")} or "lon" not in station:
        return
    amount = f"{data.get('amount', '')}{data.get('unit', '')}"
    name = Text.of(data["name"])
    zh = f"{station.get('zh', '')}：{name.zh}，{amount}（阈值{data.get('threshold', '')}）"
    actions.report_incident(
        Call.system(NAME, key=f"alarm:{event.id}", simulated=bool(data.get("simulated"))),
        type=kind,
        level=int(data.get("level", 4)),
        lon=station["lon"],
        lat=station["lat"],
        region=str(station.get("region", "")),
        title=Text(f"{station.get('zh', '')}{name.zh}"[:120], f"{station.get('en', '')}: {name.en}"[:160]),
        occurred_at=datetime.fromisoformat(str(data["raised_at"])),
        source_kind="sensor",
        source_ref=f"alarm:{data['alarm']}",
        text=zh[:500],
        evidence={
            "link": data.get("evidence", ""),
            "rule": data.get("rule", ""),
            "amount": data.get("amount", ""),
            "en": f"{station.get('en', '')}: {name.en}, {amount} (threshold {data.get('threshold', '')})"[
                :500
            ],
        },
        exercise=str(data.get("exercise", "")),
        place=str(station.get("zh", ""))[:120],
        simulated=bool(data.get("simulated")),
    )


@events.subscribe("command.task.issued", "command.tell_responders")
def tell_responders(event: Event) -> None:
    """任务通知: a message to each holder of the responder role in the department."""
    if not apps.is_installed("quancheng.capabilities.messages"):
        return
    from quancheng.capabilities.messages.actions import send_message

    data = event.data
    title = Text.of(data["title"])
    due = datetime.fromisoformat(str(data["due_at"]).replace("Z", "+00:00"))
    when = due.astimezone(clock.LOCAL).strftime("%H:%M")
    drill = Text("【演练】", "[Exercise] ") if data["exercise"] else Text("", "")
    holders = people.officials(Actor.system(NAME), "command.responder", department_code=data["department"])
    for user_id in holders.values_list("pk", flat=True)[:50]:
        source = f"{data['number']}:issued"
        send_message(
            Call.system("messages", key=f"{event.id}:{user_id}"),
            title=Text(f"{drill.zh}新任务:{title.zh}", f"{drill.en}New task: {title.en}"),
            body=Text(
                f"请接收任务,{when}前完成并反馈。", f"Accept the task; finish and report before {when}."
            ),
            source=source,
            user_id=user_id,
            link=f"/work/tasks/{data['number']}/",
            simulated=bool(data.get("simulated")),
        )
