"""Writers of meetings: call, send, reply, seat, remind, minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quancheng.capabilities.internal import meetingwork, organs, seating
from quancheng.capabilities.internal.models import Invitation, Meeting
from quancheng.capabilities.internal.values import ReplyState
from quancheng.capabilities.internal.who import account
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("internal.meeting.call")
def call_meeting(
    call: Call, *, organ: Any, title: str, hall: str, starts_at: datetime, ends_at: datetime,
    reply_by: datetime, agenda: str, units: Sequence[Mapping[str, Any]],
) -> Meeting:  # fmt: skip
    """召集会议: a draft with its units. ``units``: ``{department, required, rank, rostrum}``.

    Raises Forbidden, InvalidInput.
    """
    access.require(call.actor, "call", Meeting)
    meetingwork.require_own_organ(call, organ)
    meetingwork.check(title, hall, starts_at, ends_at, reply_by, units, call.at)
    meeting: Meeting = Meeting.objects.create(
        title=title.strip(), organ=organ, hall=hall, starts_at=starts_at, ends_at=ends_at, reply_by=reply_by,
        agenda=agenda.replace("\x00", "").strip(), created_by_id=account(call),
        simulated=call.actor.simulated,
    )  # fmt: skip
    for row in units:
        Invitation.objects.create(
            meeting=meeting, department=row["department"], required=str(row.get("required", ""))[:120],
            rank=int(row.get("rank", 50)), rostrum=bool(row.get("rostrum")), state=ReplyState.WAITING.value,
        )  # fmt: skip
    meetingwork.remember(call, meeting, "called", Text("起草会议通知", "Notice drafted"))
    audit.note(meeting=meeting.pk, units=len(units))
    return meeting


@action("internal.meeting.send")
def send_meeting(call: Call, *, meeting: Meeting) -> Meeting:
    """发通知 to every unit. Raises Forbidden, Conflict."""
    access.require(call.actor, "run", meeting)
    meeting = meetingwork.lock(meeting)
    if meeting.sent_at is not None:
        raise Conflict(Text("会议通知已发出。", "The notice was sent already."))
    meeting.sent_at = call.at
    meetingwork.save(meeting)
    meetingwork.remember(call, meeting, "sent", Text("会议通知已发出", "Notice sent"))
    audit.note(meeting=meeting.pk)
    for one in meeting.invitations.select_related("department"):
        meetingwork.tell(meeting, "invited", department_id=one.department_id)
    return meeting


@action("internal.meeting.cancel")
def cancel_meeting(call: Call, *, meeting: Meeting, reason: str) -> Meeting:
    """取消会议. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "run", meeting)
    meeting = meetingwork.lock(meeting)
    if not reason.strip():
        wrong = Text("请写明取消原因。", "Give the reason.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    meeting.cancelled_at = call.at
    meetingwork.save(meeting)
    meetingwork.remember(
        call,
        meeting,
        "cancelled",
        Text(f"会议取消：{reason.strip()[:200]}", f"Cancelled: {reason.strip()[:200]}"),
    )
    audit.note(meeting=meeting.pk)
    meetingwork.tell(meeting, "cancelled")
    return meeting


@action("internal.meeting.reply")
def reply_meeting(
    call: Call, *, invitation: Invitation, reply: str, attendee: str = "", post: str = "", reason: str = ""
) -> Invitation:
    """回执 of a unit, until the deadline: attend, send a substitute with the reason, or ask for leave.

    Raises Forbidden, InvalidInput, Conflict (too late, not sent, cancelled).
    """
    access.require(call.actor, "reply", invitation)
    meeting = meetingwork.lock(invitation.meeting)
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if meeting.sent_at is None or meeting.cancelled_at is not None:
        raise Conflict(Text("会议尚未通知或已取消。", "The meeting is not announced, or it is cancelled."))
    if call.at > meeting.reply_by:
        raise Conflict(
            Text("回执时间已过。", "The time to reply is over."),
            todo=Text("请直接联系会务人员。", "Contact the organiser."),
        )
    meetingwork.check_reply(reply, attendee, reason)
    invitation.state, invitation.reason = reply, reason.strip()[:300]
    invitation.attendee = attendee.strip()[:60] if reply != ReplyState.LEAVE else ""
    invitation.post = post.strip()[:60] if reply != ReplyState.LEAVE else ""
    invitation.replied_at, invitation.replied_by = call.at, str(call.actor)[:120]
    invitation.save()
    words = ReplyState(reply).text
    meetingwork.remember(
        call, meeting, "reply",
        Text(f"{invitation.department}：{words.zh}", f"{invitation.department.en}: {words.en}"),
    )  # fmt: skip
    audit.note(meeting=meeting.pk, reply=reply)
    meetingwork.tell(meeting, "replied", department_id=invitation.department_id, reply=reply)
    return invitation


@action("internal.meeting.seat")
def seat_meeting(call: Call, *, meeting: Meeting) -> Meeting:
    """排座: compute the chart from the replies. Raises Forbidden, Conflict (they do not fit)."""
    access.require(call.actor, "run", meeting)
    meeting = meetingwork.lock(meeting)
    guests = meetingwork.guests_of(meeting)
    try:
        seats = seating.arrange(organs.halls()[meeting.hall], guests)
    except seating.SeatingError as wrong:
        raise Conflict(wrong.text) from wrong
    meetingwork.keep_seats(meeting, seats)
    meetingwork.remember(call, meeting, "seated", Text(f"排座{len(guests)}人", f"{len(guests)} seated"))
    audit.note(meeting=meeting.pk, people=len(guests))
    return meeting


@action("internal.meeting.swap")
def swap_seats(
    call: Call,
    *,
    meeting: Meeting,
    first: tuple[int, int],
    second: tuple[int, int],
    revision: int | None = None,
) -> Meeting:
    """调座: exchange two places. Raises Forbidden, InvalidInput, Conflict (chart changed meanwhile)."""
    access.require(call.actor, "run", meeting)
    meeting = meetingwork.lock(meeting)
    if revision is not None and meeting.revision != revision:
        raise Conflict(Text("座次刚被别人调整过。", "The chart was changed meanwhile."))
    try:
        seats = seating.swap(meetingwork.seats_of(meeting), first, second)
    except seating.SeatingError as wrong:
        raise InvalidInput(wrong.text) from wrong
    meetingwork.keep_seats(meeting, seats)
    meetingwork.remember(
        call, meeting, "swapped", Text(f"调座 {first} 与 {second}", f"Swapped {first} and {second}")
    )
    audit.note(meeting=meeting.pk, first=list(first), second=list(second))
    return meeting


@action("internal.meeting.remind", idempotent=False)
def remind_units(call: Call, *, meeting: Meeting) -> int:
    """催办: once to each unit that has not replied. Raises Forbidden; returns how many."""
    access.require(call.actor, "remind", meeting)
    meeting = meetingwork.lock(meeting)
    late = list(meeting.invitations.filter(state=ReplyState.WAITING, reminded_at=None))
    for one in late:
        one.reminded_at = call.at
        one.save(update_fields=["reminded_at"])
        meetingwork.tell(meeting, "reminded", department_id=one.department_id)
    if late:
        meetingwork.remember(
            call, meeting, "reminded", Text(f"催办{len(late)}个单位", f"{len(late)} units reminded")
        )
    audit.note(meeting=meeting.pk, units=len(late))
    return len(late)


@action("internal.meeting.minutes")
def publish_minutes(call: Call, *, meeting: Meeting, minutes: str) -> Meeting:
    """印发纪要 after the meeting began; once. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "run", meeting)
    meeting = meetingwork.lock(meeting)
    minutes = minutes.replace("\x00", "").strip()
    if not minutes:
        wrong = Text("请填写会议纪要。", "Enter the minutes.")
        raise InvalidInput(wrong, fields={"minutes": wrong})
    if meeting.minutes_at is not None or call.at < meeting.starts_at or meeting.cancelled_at is not None:
        raise Conflict(
            Text("会议开始后才能印发纪要，且只印发一次。", "Minutes are published once, after the beginning.")
        )
    meeting.minutes, meeting.minutes_at = minutes[:20_000], call.at
    meetingwork.save(meeting)
    meetingwork.remember(call, meeting, "minutes", Text("纪要已印发", "Minutes published"))
    audit.note(meeting=meeting.pk)
    meetingwork.tell(meeting, "minutes")
    return meeting
