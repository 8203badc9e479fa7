"""Tables of readings 读取 and review points 审查要点."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.assistant.values import Outcome, PointKey, ReadState
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Reading(GuardedModel):
    """读取: one uploaded picture of a case and what was read on it."""

    case = models.ForeignKey("services.Case", models.PROTECT, related_name="+")
    receipt = models.CharField(_("受理编号"), max_length=32, db_index=True)
    file_id = models.PositiveBigIntegerField(_("文件"))
    digest = models.CharField(_("摘要"), max_length=64)
    material = models.CharField(_("材料代码"), max_length=40)
    material_name = models.JSONField(_("材料"))
    expected = models.JSONField(_("应有类型"), default=list)
    state = models.CharField(
        _("读取状态"),
        max_length=8,
        choices=[(one.value, one.text.zh) for one in ReadState],
        default="waiting",
    )
    job = models.UUIDField(_("任务"), null=True, blank=True)
    asked = models.PositiveIntegerField(_("读取次数"), default=1)
    reason = models.JSONField(_("失败原因"), default=dict)
    type = models.CharField(_("证照类型"), max_length=40, blank=True)
    type_score = models.FloatField(_("类型可信度"), default=0.0)
    width = models.PositiveIntegerField(_("宽"), default=0)
    height = models.PositiveIntegerField(_("高"), default=0)
    fields = models.JSONField(_("读到的字段"), default=dict)
    seals = models.JSONField(_("印章"), default=list)
    quality = models.JSONField(_("清晰度"), default=dict)
    worst = models.CharField(_("最重结论"), max_length=16, blank=True)
    current = models.BooleanField(_("最新"), default=True)
    simulated = models.BooleanField(_("模拟"), default=False)
    asked_at = models.DateTimeField(_("登记时间"))
    finished_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    cpu_ms = models.PositiveIntegerField(_("处理器毫秒"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("材料读取")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "file_id"], name="assistant_reading_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["current", "-asked_at", "-id"]),
            models.Index(fields=["state", "asked_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.receipt} {self.material}"

    @property
    def state_text(self) -> Text:
        return ReadState(self.state).text

    @property
    def worst_text(self) -> Text:
        """The gravest outcome of its points; empty while there are none."""
        return Outcome(self.worst).text if self.worst else Text("", "")


class ReviewPoint(GuardedModel):
    """审查要点: what the machine found on one point, and what a person made of it."""

    reading = models.ForeignKey(Reading, models.CASCADE, related_name="points")
    key = models.CharField(_("要点"), max_length=12, choices=[(one.value, one.text.zh) for one in PointKey])
    order = models.PositiveSmallIntegerField(_("顺序"), default=0)
    outcome = models.CharField(
        _("机器结论"), max_length=16, choices=[(one.value, one.text.zh) for one in Outcome]
    )
    confidence = models.FloatField(_("可信度"))
    reason = models.JSONField(_("理由"))
    box = models.JSONField(_("位置"), null=True, blank=True)
    cut = models.CharField(_("截图摘要"), max_length=64, blank=True)
    field = models.CharField(_("字段"), max_length=30, blank=True)
    read = models.CharField(_("读到"), max_length=200, blank=True)
    expected = models.CharField(_("应为"), max_length=200, blank=True)
    decided = models.CharField(_("人工结论"), max_length=16, blank=True)
    decided_reason = models.CharField(_("人工理由"), max_length=300, blank=True)
    decided_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("判断时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("审查要点")
        ordering: ClassVar = ["order", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reading", "key"], name="assistant_point_once")
        ]
        indexes: ClassVar = [models.Index(fields=["key", "decided"])]

    def __str__(self) -> str:
        return f"{self.reading_id} {self.key} {self.outcome}"

    @property
    def text(self) -> Text:
        """Name of the point."""
        return PointKey(self.key).text

    @property
    def outcome_text(self) -> Text:
        return Outcome(self.outcome).text

    @property
    def decided_text(self) -> Text:
        return Outcome(self.decided).text if self.decided else Text("", "")

    @property
    def agreed(self) -> bool:
        """A person came to what the machine said."""
        return bool(self.decided) and self.decided == self.outcome
