"""The writers of readings and review points. None of them touches the case: a person decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.capabilities.assistant.values import Outcome, PageRead, Point, PointKey, ReadState
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = [
    "begin_reading",
    "fail_reading",
    "finish_reading",
    "judge_point",
    "request_reading",
    "retry_reading",
]

JOB = "assistant.read"
REASON_LENGTH = 300
_GRAVITY = {Outcome.PASS: 0, Outcome.PERSON: 1, Outcome.FAIL: 2}


@action("assistant.reading.request", idempotent=False)
def request_reading(
    call: Call, *, case: Any, file: Any, material_name: Mapping[str, str], expected: Sequence[str]
) -> Reading:
    """登记读取 of one uploaded picture and enqueue it; the same picture again changes nothing.

    An older picture of the same material is no longer current. Raises Forbidden.
    """
    access.require(call.actor, "request", Reading)
    audit.note(receipt=case.receipt, material=file.material)
    earlier: Reading | None = Reading.objects.filter(case_id=case.pk, file_id=file.pk).first()
    if earlier is not None:
        return earlier
    Reading.objects.filter(case_id=case.pk, material=file.material, current=True).update(current=False)
    reading: Reading = Reading.objects.create(
        case_id=case.pk,
        receipt=case.receipt,
        file_id=file.pk,
        digest=file.digest,
        material=file.material,
        material_name=dict(material_name),
        expected=list(expected),
        simulated=case.simulated,
        asked_at=call.at,
    )
    _enqueue(reading, case.department_id)
    return reading


@action("assistant.reading.begin", idempotent=False)
def begin_reading(call: Call, *, reading: Reading) -> Reading:
    """开始读取; raises Conflict when it is already done."""
    access.require(call.actor, "read", reading)
    audit.note(receipt=reading.receipt)
    changed = Reading.objects.filter(pk=reading.pk).exclude(state=ReadState.DONE)
    if not changed.update(state=ReadState.READING, reason={}):
        raise Conflict(Text("这张图片已经读完。", "This picture has been read already."))
    return reading.refresh()


@action("assistant.reading.finish", idempotent=False)
def finish_reading(
    call: Call,
    *,
    reading: Reading,
    read: PageRead,
    points: Sequence[Point],
    cuts: Mapping[str, str],
    cpu_seconds: float = 0.0,
) -> Reading:
    """读取完成: what was read, and one finding for each point. ``cuts``: point → digest of its cut-out.

    A worker that comes second finds the work done: Conflict.
    """
    access.require(call.actor, "read", reading)
    rows = Reading.objects.filter(pk=reading.pk).exclude(state=ReadState.DONE)
    worst = max((one.outcome for one in points), key=lambda one: _GRAVITY[one], default=Outcome.PERSON)
    changed = rows.update(
        state=ReadState.DONE,
        type=read.type,
        type_score=read.type_score,
        width=read.width,
        height=read.height,
        fields={key: asdict(one) for key, one in read.fields.items()},
        seals=[asdict(one) for one in read.seals],
        quality=asdict(read.quality),
        worst=worst,
        finished_at=call.at,
        cpu_ms=round(cpu_seconds * 1000),
        reason={},
    )
    if not changed:
        raise Conflict(Text("这张图片已经读完。", "This picture has been read already."))
    ReviewPoint.objects.bulk_create(_row(reading, order, one, cuts) for order, one in enumerate(points))
    audit.note(
        receipt=reading.receipt, type=read.type, points={one.key.value: one.outcome.value for one in points}
    )
    done: Reading = reading.refresh()
    _emit("assistant.reading.done", done, worst=worst.value)
    return done


@action("assistant.reading.fail", idempotent=False)
def fail_reading(call: Call, *, reading: Reading, reason: Text) -> Reading:
    """读取失败, with the reason a person can act on; what is done stays done."""
    access.require(call.actor, "read", reading)
    audit.note(receipt=reading.receipt, reason=reason.zh)
    rows = Reading.objects.filter(pk=reading.pk).exclude(state__in=[ReadState.DONE, ReadState.FAILED])
    if rows.update(state=ReadState.FAILED, reason=reason.to_dict(), finished_at=call.at):
        _emit("assistant.reading.failed", reading.refresh(), reason=reason.to_dict())
    return reading.refresh()


@action("assistant.reading.retry")
def retry_reading(call: Call, *, reading: Reading) -> Reading:
    """重新读取 a picture whose reading failed. Raises Forbidden, Conflict when it did not fail."""
    access.require(call.actor, "retry", reading)
    rows = Reading.objects.filter(pk=reading.pk, state=ReadState.FAILED)
    if not rows.update(state=ReadState.WAITING, asked=reading.asked + 1, reason={}, finished_at=None):
        raise Conflict(Text("只有读取失败的图片可以重读。", "Only a failed reading can be repeated."))
    audit.note(receipt=reading.receipt)
    again: Reading = reading.refresh()
    _enqueue(again, again.case.department_id)
    return again


@action("assistant.point.judge")
def judge_point(call: Call, *, point: ReviewPoint, outcome: str, reason: str = "") -> ReviewPoint:
    """人工判断一个要点: accept the machine's finding, or come to another with a reason.

    ``outcome`` is pass or fail. Says nothing about the case itself. Raises Forbidden, InvalidInput
    (unknown outcome; a reason is missing where the machine said otherwise).
    """
    access.require(call.actor, "judge", point)
    if outcome not in {Outcome.PASS, Outcome.FAIL}:
        wrong = Text("请选择“相符”或“不符”。", "Choose “agrees” or “does not agree”.")
        raise InvalidInput(wrong, fields={"outcome": wrong})
    reason = reason.replace("\x00", "").strip()
    contradicts = point.outcome != Outcome.PERSON and point.outcome != outcome
    if contradicts and not reason:
        wrong = Text(
            "与机器结论不同时，请写明理由。", "Say why, where you come to another result than the machine."
        )
        raise InvalidInput(wrong, fields={"reason": wrong})
    if len(reason) > REASON_LENGTH:
        wrong = Text(f"理由最多{REASON_LENGTH}字。", f"A reason has at most {REASON_LENGTH} characters.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    point.decided, point.decided_reason = outcome, reason
    point.decided_by_id, point.decided_at = call.actor.user_id, call.at
    point.save(update_fields=["decided", "decided_reason", "decided_by", "decided_at"])
    audit.note(receipt=point.reading.receipt, point=point.key, machine=point.outcome, person=outcome)
    events.emit(
        "assistant.point.judged",
        subject=point.reading.receipt,
        data={"receipt": point.reading.receipt, "point": point.key, "agreed": not contradicts},
    )
    return point


def _row(reading: Reading, order: int, one: Point, cuts: Mapping[str, str]) -> ReviewPoint:
    key: PointKey = one.key
    return ReviewPoint(
        reading=reading,
        key=key,
        order=order,
        outcome=one.outcome,
        confidence=round(min(max(one.confidence, 0.0), 1.0), 4),
        reason=one.reason.to_dict(),
        box=list(one.box) if one.box else None,
        cut=cuts.get(key, ""),
        field=one.field,
        read=one.read[:200],
        expected=one.expected[:200],
    )


def _enqueue(reading: Reading, department_id: int) -> None:
    args = {"reading_id": reading.pk, "department_id": department_id}
    job = jobs.enqueue(JOB, args, key=f"reading:{reading.pk}:{reading.asked}")
    Reading.objects.filter(pk=reading.pk).update(job=job.pk)


def _emit(type: str, reading: Reading, **extra: Any) -> None:
    data = {
        "receipt": reading.receipt,
        "reading": reading.pk,
        "material": reading.material_name,
        "department_id": reading.case.department_id,
        "simulated": reading.simulated,
    }
    events.emit(type, subject=reading.receipt, data=data | extra)
