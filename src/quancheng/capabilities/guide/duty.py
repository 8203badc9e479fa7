"""在岗 Duty: who is there now, what is promised, and when somebody will be there again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from quancheng.capabilities.guide.models import Conversation, Presence
from quancheng.capabilities.guide.values import State
from quancheng.core.calendar import CalendarNotCovered
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.calendar import working_calendar

LOOK_AHEAD = 20
"""Days searched for the next opening; longer than any holiday."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What a citizen who wants a person can expect now (人工服务状态)."""

    agents: int
    waiting: int
    promise_seconds: int
    opens_at: datetime | None
    """The next opening when nobody is there; None when it is not known or somebody is."""

    @property
    def staffed(self) -> bool:
        return self.agents > 0


def number(id: str) -> int:
    """A dated parameter of the guide."""
    return rulebook.find(f"guide.{id}").integer()


def now() -> Duty:
    """Who is there at this moment."""
    moment = clock.now()
    agents = Presence.objects.filter(until__gt=moment).count()
    return Duty(
        agents=agents,
        waiting=Conversation.objects.filter(state=State.WAITING).count(),
        promise_seconds=number("accept_seconds"),
        opens_at=None if agents else next_opening(moment),
    )


def next_opening(moment: datetime) -> datetime | None:
    """The next start of office hours after a moment, by the working calendar."""
    calendar = working_calendar()
    local = moment.astimezone(clock.LOCAL)
    try:
        for offset in range(LOOK_AHEAD):
            day = local.date() + timedelta(offset)
            if not calendar.is_working_day(day):
                continue
            for begin, _end in calendar.hours:
                start = datetime.combine(day, begin, clock.LOCAL)
                if start > local:
                    return start
    except CalendarNotCovered:
        return datetime.combine(local.date() + timedelta(1), time(9), clock.LOCAL)
    return None


def due_after(moment: datetime, minutes: int) -> datetime:
    """A moment that many working minutes later."""
    local = moment.astimezone(clock.LOCAL).replace(tzinfo=None)
    try:
        return working_calendar().add_working_minutes(local, minutes).replace(tzinfo=clock.LOCAL)
    except CalendarNotCovered:
        return moment + timedelta(days=1)


def promise_text(duty: Duty) -> Text:
    """What the citizen is told when asking for a person."""
    if duty.staffed:
        return Text(
            f"已为您排队，前面还有{duty.waiting}人，承诺{duty.promise_seconds}秒内有人接待。请不要发送身份证号和银行卡号。",
            f"You are in the queue, {duty.waiting} before you; a person comes within {duty.promise_seconds} seconds. "
            "Please do not send identity or bank card numbers.",
        )
    return Text(
        f"现在没有坐席在岗。{opening_text(duty).zh}可以留言和电话，我们会回复您；急事请拨打12345。",
        f"Nobody is on duty now. {opening_text(duty).en} Leave a message and a number and we will answer; "
        "if urgent call 12345.",
    )


def opening_text(duty: Duty) -> Text:
    """When somebody will be there."""
    if duty.opens_at is None:
        return Text("", "")
    at = duty.opens_at.astimezone(clock.LOCAL)
    return Text(f"下次人工服务时间：{at.month}月{at.day}日{at:%H:%M}。", f"Next hours: {at:%d %B, %H:%M}.")
