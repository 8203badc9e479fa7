"""Tables of command 指挥调度: incidents, reports, log, plans, activations, tasks, duty, exercises."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.command import flow, naming
from quancheng.capabilities.command.rooms import DEPARTMENT, Counter, DutyShift, Exercise
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

__all__ = [
    "Counter",
    "DutyShift",
    "Exercise",
    "Incident",
    "IncidentEvent",
    "IncidentReport",
    "Plan",
    "PlanActivation",
    "Task",
]


def _choices(machine: flow.Machine) -> list[tuple[str, str]]:
    return [(state, text.zh) for state, text in machine.states.items()]


class Incident(GuardedModel):
    """突发事件: one thing that happened, however many tell of it."""

    number = models.CharField(_("编号"), max_length=24, unique=True)
    type = models.CharField(_("类别"), max_length=100, db_index=True)
    zh = models.CharField(_("标题"), max_length=120)
    en = models.CharField(_("英文标题"), max_length=160)
    level = models.PositiveSmallIntegerField(_("级别"))
    state = models.CharField(_("状态"), max_length=12, choices=_choices(flow.INCIDENT), default="reported")
    lon = models.FloatField(_("经度"))
    lat = models.FloatField(_("纬度"))
    region = models.CharField(_("区划"), max_length=12, db_index=True)
    place = models.CharField(_("地点"), max_length=120, blank=True)
    located = models.BooleanField(_("有定位"), default=True)
    lead = models.ForeignKey(
        DEPARTMENT, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("牵头部门")
    )
    source = models.CharField(_("来源"), max_length=10)
    exercise = models.CharField(_("演练编号"), max_length=40, blank=True, default="")
    occurred_at = models.DateTimeField(_("发生时间"))
    last_report_at = models.DateTimeField(_("最近一次接报"))
    opened_at = models.DateTimeField(_("立案时间"))
    closed_at = models.DateTimeField(_("结案时间"), null=True, blank=True)
    changed_at = models.DateTimeField(_("变动时间"))
    changed_by = models.CharField(_("变动人"), max_length=100)
    reports_count = models.PositiveIntegerField(_("接报数"), default=1)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("突发事件")
        indexes: ClassVar = [
            models.Index(fields=["exercise", "state", "-occurred_at"]),
            models.Index(fields=["exercise", "type", "state", "last_report_at"]),
            models.Index(fields=["-occurred_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title(self) -> Text:
        """Title in both languages."""
        return Text(self.zh, self.en)

    @property
    def state_text(self) -> Text:
        """Name of the state."""
        return flow.INCIDENT.label(self.state)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in flow.INCIDENT.over

    @property
    def path(self) -> str:
        """Its page."""
        return f"/screen/incidents/{self.number}/"


class IncidentReport(GuardedModel):
    """接报: one sighting, by a sensor, a person, a camera, a system or the hotline."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="reports")
    exercise = models.CharField(_("演练编号"), max_length=40, blank=True, default="")
    source_kind = models.CharField(_("来源"), max_length=10)
    source_ref = models.CharField(_("来源编号"), max_length=120)
    text = models.CharField(_("内容"), max_length=500, blank=True)
    evidence = models.JSONField(_("依据"), default=dict, blank=True)
    lon = models.FloatField(_("经度"))
    lat = models.FloatField(_("纬度"))
    level = models.PositiveSmallIntegerField(_("级别"))
    photo = models.FileField(_("照片"), upload_to="command/%Y/%m/", blank=True)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("上报人"),
    )
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("接报")
        indexes: ClassVar = [models.Index(fields=["exercise", "-at", "-id"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["exercise", "source_kind", "source_ref"], name="command_report_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_kind}:{self.source_ref}"

    @property
    def said(self) -> Text:
        """What was reported: machines say it in both languages, people in their own."""
        told = self.text or self.source_ref
        return Text(told, str(self.evidence.get("en") or told))


class Plan(GuardedModel):
    """预案: a version of an emergency plan, as its document says."""

    code = models.CharField(_("预案代码"), max_length=60)
    version = models.CharField(_("版本"), max_length=40)
    digest = models.CharField(_("摘要"), max_length=64)
    zh = models.CharField(_("名称"), max_length=120)
    en = models.CharField(_("英文名称"), max_length=160)
    document = models.JSONField(_("内容"))
    current = models.BooleanField(_("现行"), default=True)
    registered_at = models.DateTimeField(_("登记时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("预案")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="command_plan_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(current=True), name="command_plan_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"

    @property
    def name(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)


class PlanActivation(GuardedModel):
    """应急响应: a plan proposed, in force or over, with the reasons."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="activations")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="activations")
    exercise = models.CharField(_("演练编号"), max_length=40, blank=True, default="", db_index=True)
    state = models.CharField(_("状态"), max_length=10, choices=_choices(flow.ACTIVATION), default="proposed")
    level = models.PositiveSmallIntegerField(_("级别"))
    proposed_level = models.PositiveSmallIntegerField(_("建议级别"), null=True, blank=True)
    districts = models.JSONField(_("受影响区县"), default=list, blank=True)
    reasons = models.JSONField(_("研判依据"), default=dict)
    history = models.JSONField(_("经过"), default=list)
    proposed_at = models.DateTimeField(_("建议时间"))
    proposed_by = models.CharField(_("建议人"), max_length=100)
    activated_at = models.DateTimeField(_("启动时间"), null=True, blank=True)
    activated_by = models.CharField(_("启动人"), max_length=100, blank=True)
    ended_at = models.DateTimeField(_("终止时间"), null=True, blank=True)
    ended_by = models.CharField(_("终止人"), max_length=100, blank=True)
    changed_at = models.DateTimeField(_("变动时间"))
    changed_by = models.CharField(_("变动人"), max_length=100)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("应急响应")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan", "exercise"],
                condition=~models.Q(state__in=["ended", "declined"]),
                name="command_one_live_activation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.level} {self.state}"

    @property
    def state_text(self) -> Text:
        """Name of the state."""
        return flow.ACTIVATION.label(self.state)

    @property
    def judged_at(self) -> datetime:
        """When the reasons were last found."""
        times = [line["at"] for line in self.history if line.get("verb") == "propose"]
        return datetime.fromisoformat(times[-1]) if times else self.proposed_at

    @property
    def proposed_by_text(self) -> Text:
        """Who proposed it, in both languages."""
        return naming.who(self.proposed_by)

    @property
    def activated_by_text(self) -> Text:
        """Who started it, in both languages."""
        return naming.who(self.activated_by)

    @property
    def in_force(self) -> bool:
        """Whether the response runs."""
        return self.state in {"active", "raised", "lowered"}

    @property
    def path(self) -> str:
        """The page of its plan."""
        return f"/screen/plans/{self.plan.code}/"


class Task(GuardedModel):
    """任务: something one department has to do, prove and have checked."""

    number = models.CharField(_("编号"), max_length=24, unique=True)
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="tasks")
    activation = models.ForeignKey(
        PlanActivation, models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    template = models.CharField(_("模板"), max_length=60, blank=True)
    exercise = models.CharField(_("演练编号"), max_length=40, blank=True, default="")
    zh = models.CharField(_("任务"), max_length=120)
    en = models.CharField(_("英文任务"), max_length=200)
    text = models.JSONField(_("要求"), default=dict, blank=True)
    department = models.ForeignKey(DEPARTMENT, models.PROTECT, related_name="+", verbose_name=_("责任部门"))
    region = models.CharField(_("区划"), max_length=12, blank=True)
    priority = models.PositiveSmallIntegerField(_("优先级"), default=2)
    proof_kind = models.CharField(_("反馈要求"), max_length=20, default="text")
    lon = models.FloatField(_("经度"), null=True, blank=True)
    lat = models.FloatField(_("纬度"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=_choices(flow.TASK), default="issued")
    issued_at = models.DateTimeField(_("下达时间"))
    issued_by = models.CharField(_("下达人"), max_length=100)
    due_at = models.DateTimeField(_("时限"))
    accepted_at = models.DateTimeField(_("接收时间"), null=True, blank=True)
    accepted_by = models.CharField(_("接收人"), max_length=100, blank=True)
    arrived_at = models.DateTimeField(_("到场时间"), null=True, blank=True)
    proved_at = models.DateTimeField(_("反馈时间"), null=True, blank=True)
    proved_by = models.CharField(_("反馈人"), max_length=100, blank=True)
    proof_text = models.CharField(_("反馈内容"), max_length=1000, blank=True)
    proof_photo = models.FileField(_("现场照片"), upload_to="command/%Y/%m/", blank=True)
    proof_lon = models.FloatField(_("反馈经度"), null=True, blank=True)
    proof_lat = models.FloatField(_("反馈纬度"), null=True, blank=True)
    verified_at = models.DateTimeField(_("核验时间"), null=True, blank=True)
    verified_by = models.CharField(_("核验人"), max_length=100, blank=True)
    returned_reason = models.CharField(_("退回理由"), max_length=300, blank=True)
    escalated_at = models.DateTimeField(_("督办时间"), null=True, blank=True)
    minutes = models.FloatField(_("用时(分钟)"), null=True, blank=True)
    handlers = models.JSONField(_("经办人"), default=list, blank=True)
    changed_at = models.DateTimeField(_("变动时间"))
    changed_by = models.CharField(_("变动人"), max_length=100)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("任务")
        indexes: ClassVar = [
            models.Index(fields=["exercise", "state", "due_at"]),
            models.Index(fields=["department", "state", "-issued_at"]),
            models.Index(fields=["-issued_at", "-id"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["activation", "template", "region"],
                condition=models.Q(activation__isnull=False) & ~models.Q(template=""),
                name="command_template_once",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title(self) -> Text:
        """Title in both languages."""
        return Text(self.zh, self.en)

    @property
    def state_text(self) -> Text:
        """Name of the state."""
        return flow.TASK.label(self.state)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in flow.TASK.over

    @property
    def verified_by_text(self) -> Text:
        """Who checked it, in both languages."""
        return naming.who(self.verified_by)

    @property
    def path(self) -> str:
        """Its page for those who do it."""
        return f"/work/tasks/{self.number}/"


class IncidentEvent(GuardedModel):
    """事件日志: what was done, by whom, when, with the link to its evidence; never changed."""

    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="log")
    activation = models.ForeignKey(PlanActivation, models.PROTECT, null=True, blank=True, related_name="log")
    task = models.ForeignKey(Task, models.PROTECT, null=True, blank=True, related_name="log")
    exercise = models.CharField(_("演练编号"), max_length=40, blank=True, default="")
    at = models.DateTimeField(_("时间"))
    actor = models.CharField(_("人员"), max_length=100)
    verb = models.CharField(_("动作"), max_length=30)
    zh = models.CharField(_("说明"), max_length=600)
    en = models.CharField(_("英文说明"), max_length=900)
    evidence = models.CharField(_("依据"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("事件日志")
        indexes: ClassVar = [models.Index(fields=["exercise", "-at", "-id"])]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.verb}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Append only."""
        if self.pk is not None and not kwargs.get("force_insert"):
            raise ValueError("日志只能追加。 The log is append only.")
        super().save(*args, **kwargs)

    @property
    def text(self) -> Text:
        """What happened, in both languages."""
        return Text(self.zh, self.en)

    @property
    def who_text(self) -> Text:
        """Who did it, in both languages."""
        return naming.who(self.actor)
