"""演示数据: documents in every state, and a meeting with replies."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from quancheng.capabilities.internal import actions, paperwork
from quancheng.capabilities.internal.models import Invitation, Paper
from quancheng.capabilities.people import queries as people
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Unavailable

__all__ = ["seed_meetings", "seed_papers"]

OFFICE = "jn-government-office"
TEXTS = (
    ("notice", "关于做好2026年机关内部“一次办成”事项清单更新工作的通知（模拟）", "sent"),
    ("notice", "关于开展公文网上流转情况检查的通知（模拟）", "archive"),
    ("letter", "关于商请协助核对事业单位人员信息的函（模拟）", "countersign"),
    ("notice", "关于召开数字机关建设推进会的通知（模拟）", "issue"),
    ("reply", "关于同意调整会务保障经费的批复（模拟）", "draft"),
)  # fmt: skip
BODY = (
    "为深入推进机关内部业务协同，根据《济南市“十四五”数字泉城规划》有关要求，现就有关事项通知如下。\n"
    "一、各单位要于本月底前完成事项清单的核对和更新，做到一事一码、一档一源。\n"
    "二、凡档案和数据库中已有的信息，不得要求重复填报。\n"
    "三、联系人及电话见附件。本件为演示数据。"
)


def _call(role: str, department: Any, name: str) -> Call:
    user = people.officials(Actor.system("internal"), role).order_by("pk").first()
    grant = RoleGrant(role, frozenset({department.pk}))
    pk = user.pk if user is not None else None
    return Call(Actor(ActorKind.OFFICIAL, name, pk, simulated=True, grants=(grant,)))


def seed_papers() -> int:
    """One document a state, the first ones some weeks ago."""
    office = people.department(OFFICE)
    if _call("internal.clerk", office, "").actor.user_id is None:
        return 0
    for number, (kind, title, until) in enumerate(TEXTS):
        day = clock.today() - timedelta(days=25 - 4 * number)
        with clock.at(datetime.combine(day, time(9, 30), clock.LOCAL)):
            _paper(office, kind, title, until)
    with clock.at(datetime.combine(clock.today() - timedelta(days=60), time(10), clock.LOCAL)):
        actions.register_paper(
            _call("internal.clerk", office, "模拟文书"), organ=office, kind="notice",
            title="关于机关值班安排的通知（模拟，纸质）", body=BODY, number="济政办字〔2025〕900号",
            recipients=[people.department("jn-data")],
        )  # fmt: skip
    return len(TEXTS) + 1


def _paper(office: Any, kind: str, title: str, until: str) -> None:
    clerk = _call("internal.clerk", office, "模拟文书")
    leader = _call("internal.leader", office, "模拟签发人")
    partners = [people.department("jn-hrss")] if until == "countersign" else []
    paper = actions.draft_paper(
        _call("internal.staff", office, "模拟拟稿人"), organ=office, kind=kind, title=title, body=BODY,
        recipients=[people.department("jn-hrss"), people.department("jn-civil")], countersigners=partners,
    )  # fmt: skip
    if until == "draft":
        return
    paper = actions.submit_paper(clerk, paper=paper)
    paper = actions.review_paper(clerk, paper=paper, outcome="agree")
    if until in {"countersign", "issue"}:
        return
    paper = actions.issue_paper(leader, paper=paper, outcome="agree")
    paper = actions.number_paper(clerk, paper=paper)
    try:
        printed = paperwork.print_paper(paper)
    except Unavailable:  # no typesetter on this machine: the paper waits to be sealed
        return
    paper = actions.seal_paper(clerk, paper=paper, printed=printed)
    paper = actions.send_paper(clerk, paper=paper)
    if until == "archive":
        for copy in paper.copies.select_related("department", "paper"):
            there = _call("internal.clerk", copy.department, "模拟收文人员")
            actions.close_copy(there, copy=actions.receive_copy(there, copy=copy), handling="已按要求办理。")
        actions.archive_paper(clerk, paper=Paper.objects.get(pk=paper.pk))


GUESTS = (
    ("jn-hrss", 2, True, "attend", "曹文斌", "局长"), ("jn-civil", 3, True, "attend", "冯雪梅", "局长"),
    ("jn-data", 1, True, "attend", "宋博", "局长"), ("jn-finance", 4, False, "attend", "郝思远", "副局长"),
    ("jn-insurance", 5, False, "substitute", "段晓燕", "处长"), ("jn-housing-fund", 6, False, "leave", "", ""),
    ("jn-education", 7, False, "attend", "葛洪", "副局长"), ("jn-health", 8, False, "attend", "任洁", "副主任"),
    ("jn-water", 9, False, "waiting", "", ""),
)  # fmt: skip


def seed_meetings() -> int:
    """A meeting next week; most units have replied."""
    office = people.department(OFFICE)
    clerk = _call("internal.clerk", office, "模拟会务")
    if clerk.actor.user_id is None:
        return 0
    starts = datetime.combine(clock.today() + timedelta(days=8), time(9), clock.LOCAL)
    units = [
        {"department": people.department(code), "rank": rank, "rostrum": rostrum, "required": "主要负责人"}
        for code, rank, rostrum, *_rest in GUESTS
    ]
    meeting = actions.call_meeting(
        clerk, organ=office, title="全市数字机关建设推进会（模拟）", hall="office-hall", starts_at=starts,
        ends_at=starts + timedelta(hours=2), reply_by=starts - timedelta(days=2), units=units,
        agenda="一、通报进展\n二、交流发言\n三、部署下一步工作",
    )  # fmt: skip
    actions.send_meeting(clerk, meeting=meeting)
    replies = {code: row for code, *row in GUESTS}
    for one in Invitation.objects.filter(meeting=meeting).select_related("department", "meeting"):
        _rank, _rostrum, reply, name, post = replies[one.department.code]
        if reply == "waiting":
            continue
        reason = "" if reply == "attend" else "主要负责人参加上级会议"
        actions.reply_meeting(
            _call("internal.clerk", one.department, "模拟回执人"), invitation=one, reply=str(reply),
            attendee=str(name), post=str(post), reason=reason,
        )  # fmt: skip
    meeting.refresh_from_db()
    actions.seat_meeting(clerk, meeting=meeting)
    return 1
