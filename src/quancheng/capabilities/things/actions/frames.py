"""接收与清理: frames in, exercises and old rows out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from quancheng.capabilities.things import ingest
from quancheng.capabilities.things.models import (
    EXERCISE_LENGTH,
    Alarm,
    DeadLetter,
    IngestBatch,
    Latest,
    RecentReading,
    Station,
)
from quancheng.capabilities.things.values import IngestReport, ReceivedFrame
from quancheng.capabilities.things.window_cache import cache
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput, TooLarge

FRAMES_LIMIT = 5000


@action("things.ingest", idempotent=False)
def ingest_frames(
    call: Call, *, frames: Sequence[ReceivedFrame], channel: str, exercise: str = ""
) -> IngestReport:
    """接收报文: all of a batch or nothing; sending the same again changes nothing.

    Raises Forbidden, TooLarge (more than 5000 frames) and InvalidInput (exercise code too long).
    """
    access.require(call.actor, "ingest", Station)
    if len(frames) > FRAMES_LIMIT:
        raise TooLarge(Text(f"一批最多{FRAMES_LIMIT}帧。", f"A batch has {FRAMES_LIMIT} frames at most."))
    _check_exercise(exercise)
    try:
        report = ingest.ingest(frames, channel[:40], exercise)
    except BaseException:
        cache.forget()
        raise
    audit.note(
        run=report.run, channel=channel, exercise=exercise, received=report.received, accepted=report.accepted,
        duplicate=report.duplicate, rejected=report.rejected, alarms=len(report.alarms),
    )  # fmt: skip
    return report


@action("things.clear_exercise", idempotent=False)
def clear_exercise(call: Call, *, exercise: str) -> dict[str, int]:
    """清除演练数据: remove readings, alarms and ledger rows of one exercise (the store keeps its copy)."""
    access.require(call.actor, "clear_exercise", Station)
    if not exercise:
        raise InvalidInput(Text("必须写明演练编号。", "Name the exercise."))
    _check_exercise(exercise)
    removed = {}
    for model in (Alarm, Latest, RecentReading, DeadLetter, IngestBatch):
        gone = model.objects.filter(exercise=exercise).delete()[1]
        removed[model._meta.model_name or ""] = gone.get(model._meta.label, 0)
    cache.forget()
    audit.note(exercise=exercise, **removed)
    return removed


@action("things.prune", idempotent=False)
def prune(call: Call, *, keep_hours: int = 48, keep_days: int = 90) -> dict[str, int]:
    """清理: readings older than the windows and old ledger rows of the real city leave the tables."""
    access.require(call.actor, "prune", Station)
    old = call.at - timedelta(hours=keep_hours)
    very_old = call.at - timedelta(days=keep_days)
    newest = IngestBatch.objects.order_by("-pk").values_list("pk", flat=True).first()
    removed = {
        "readings": RecentReading.objects.filter(exercise="", time__lt=old).delete()[0],
        "letters": DeadLetter.objects.filter(exercise="", received_at__lt=very_old).delete()[0],
        "batches": IngestBatch.objects.filter(exercise="", received_at__lt=very_old)
        .exclude(pk=newest)
        .delete()[0],
    }
    audit.note(**removed)
    return removed


def _check_exercise(exercise: str) -> None:
    if len(exercise) > EXERCISE_LENGTH:
        raise InvalidInput(
            Text(
                f"演练编号最多{EXERCISE_LENGTH}字。",
                f"An exercise code has {EXERCISE_LENGTH} characters at most.",
            )
        )
