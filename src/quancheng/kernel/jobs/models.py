"""Tables of jobs: what is to be done, each attempt at it, schedules and heartbeats."""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from quancheng.core.text import Text
from quancheng.kernel.events.ids import uuid7


class Job(models.Model):
    """任务: one run asked for, and how it stands."""

    class State(models.TextChoices):
        """Where the job stands."""

        QUEUED = "queued", "排队"
        RUNNING = "running", "进行中"
        DONE = "done", "完成"
        FAILED = "failed", "失败"
        CANCELLED = "cancelled", "已取消"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=120)
    args = models.JSONField(encoder=DjangoJSONEncoder, default=dict)
    key = models.CharField(max_length=200, null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    run_at = models.DateTimeField()
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    cancel_requested = models.BooleanField(default=False)
    progress = models.FloatField(default=0.0)
    progress_text = models.JSONField(default=dict)
    result = models.JSONField(encoder=DjangoJSONEncoder, null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(key__isnull=False), name="jobs_job_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["state", "run_at", "id"],
                condition=Q(finished_at__isnull=True),
                name="jobs_job_due",
            ),
            models.Index(
                fields=["state", "lease_until"], condition=Q(finished_at__isnull=True), name="jobs_job_leased"
            ),
            models.Index(fields=["kind", "-created_at"], name="jobs_job_kind"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="jobs_job_old"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_finished(self) -> bool:
        """Whether it will not run any more."""
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}

    @property
    def step(self) -> Text:
        """What it said last about its progress."""
        return Text.of(self.progress_text or "")


class JobAttempt(models.Model):
    """一次执行: when a job was tried, by whom, with what outcome and why."""

    class Outcome(models.TextChoices):
        """How the attempt ended."""

        RUNNING = "running", "进行中"
        DONE = "done", "完成"
        FAILED = "failed", "失败"
        LOST = "lost", "中断"
        CANCELLED = "cancelled", "已取消"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    reason = models.TextField(blank=True)
    log = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="jobs_attempt_number")]

    def __str__(self) -> str:
        return f"{self.job_id}#{self.number} {self.outcome}"


class ScheduleState(models.Model):
    """周期: up to which moment a schedule's occurrences were enqueued."""

    id = models.CharField(max_length=120, primary_key=True)
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} ≤ {self.last_at}"


class Beat(models.Model):
    """心跳: a running process of the platform, seen last at a moment of real time."""

    id = models.CharField(max_length=160, primary_key=True)
    component = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["component", "seen_at"], name="jobs_beat_seen")]

    def __str__(self) -> str:
        return self.id


def plain(value: Any) -> Any:
    """``value`` as the JSON that a result column can keep; TypeError when it cannot."""
    import json

    return json.loads(json.dumps(value, cls=DjangoJSONEncoder, allow_nan=False))
