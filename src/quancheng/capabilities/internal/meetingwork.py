"""Shared steps of the meeting actions: locking, checks, seats as JSON, history, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from quancheng.capabilities.internal import circulation, organs
from quancheng.capabilities.internal.models import Meeting, MeetingEvent
from quancheng.capabilities.internal.seating import Guest, Seat
from quancheng.capabilities.internal.values import ReplyState
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, InvalidInput


def lock(meeting: Meeting) -> Meeting:
    """Lock the meeting for one change."""
    held: Meeting = Meeting.objects.select_for_update(of=("self",)).select_related("organ").get(pk=meeting.pk)
    return held


def save(meeting: Meeting) -> None:
    """Write the meeting as its next revision."""
    meeting.revision += 1
    meeting.save()


def require_own_organ(call: Call, organ: Any) -> None:
    """Raise Forbidden unless the asker calls meetings for this organ."""
    held = (grant for grant in call.actor.grants if grant.role == "internal.clerk")
    if not any(organ.pk in grant.departments for grant in held):
        raise Forbidden()


def check(
    title: str, hall: str, starts_at: datetime, ends_at: datetime, reply_by: datetime,
    units: Sequence[Mapping[str, Any]], now: datetime,
) -> None:  # fmt: skip
    """Raise InvalidInput for a meeting that cannot be."""
    fields: dict[str, Text] = {}
    if not title.strip() or len(title) > 200:
        fields["title"] = Text("请填写会议名称", "Enter the name of the meeting")
    elif circulation.looks_confidential(title):
        fields["title"] = Text("本平台不得办理涉密会议", "Classified meetings must not be entered here")
    if hall not in organs.halls():
        fields["hall"] = Text("请选择会场", "Choose the hall")
    if ends_at <= starts_at:
        fields["ends_at"] = Text("结束时间应晚于开始时间", "It must end after it begins")
    if not now < reply_by <= starts_at:
        fields["reply_by"] = Text(
            "回执截止应在现在之后、会议开始之前", "Replies end after now and before the beginning"
        )
    if not units:
        fields["units"] = Text("请选择参会单位", "Choose the units")
    if fields:
        raise InvalidInput(fields=fields)


def check_reply(reply: str, attendee: str, reason: str) -> None:
    """Raise InvalidInput for an incomplete answer."""
    fields: dict[str, Text] = {}
    if reply not in {ReplyState.ATTEND, ReplyState.SUBSTITUTE, ReplyState.LEAVE}:
        fields["reply"] = Text("请选择回执", "Choose an answer")
    if reply in {ReplyState.ATTEND, ReplyState.SUBSTITUTE} and not attendee.strip():
        fields["attendee"] = Text("请填写参会人员", "Enter who attends")
    if reply in {ReplyState.SUBSTITUTE, ReplyState.LEAVE} and not reason.strip():
        fields["reason"] = Text("委派或请假必须写明原因", "Give the reason")
    if fields:
        raise InvalidInput(fields=fields)


def guests_of(meeting: Meeting) -> list[Guest]:
    """Who comes, from the replies; a substitute sits after the principals of the same rank."""
    coming = meeting.invitations.filter(
        state__in=[ReplyState.ATTEND.value, ReplyState.SUBSTITUTE.value]
    ).select_related("department")
    return [
        Guest(
            one.pk, one.attendee, one.department.zh,
            one.rank * 2 + (one.state == ReplyState.SUBSTITUTE),
            one.rostrum and one.state == ReplyState.ATTEND,
        )
        for one in coming
    ]  # fmt: skip


def keep_seats(meeting: Meeting, seats: Sequence[Seat]) -> None:
    """Write the chart."""
    meeting.seats = [asdict(one) for one in seats]
    save(meeting)


def seats_of(meeting: Meeting) -> list[Seat]:
    """The chart as values."""
    return [Seat(**row) for row in meeting.seats]


def remember(call: Call, meeting: Meeting, kind: str, text: Text) -> MeetingEvent:
    """Append to the history."""
    made: MeetingEvent = MeetingEvent.objects.create(
        meeting=meeting, at=call.at, kind=kind, actor_name=str(call.actor)[:120], text=text.to_dict()
    )
    return made


def tell(meeting: Meeting, what: str, **data: Any) -> None:
    """Emit ``internal.meeting.<what>``."""
    events.emit(
        f"internal.meeting.{what}",
        f"meeting:{meeting.pk}",
        {
            "meeting": meeting.pk, "title": meeting.title, "organ_id": meeting.organ_id,
            "starts_at": meeting.starts_at.isoformat(), "simulated": meeting.simulated, **data,
        },
    )  # fmt: skip
