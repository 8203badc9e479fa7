"""Tables beside the incidents: numbers 取号器, exercises 演练, duty 值班."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

DEPARTMENT = "people.Department"


class Counter(GuardedModel):
    """取号器: the last number of a series; locking its row also makes writers of a series take turns."""

    series = models.CharField(_("序列"), max_length=120, unique=True)
    value = models.PositiveIntegerField(_("末号"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("取号器")

    def __str__(self) -> str:
        return f"{self.series}:{self.value}"


class Exercise(GuardedModel):
    """演练: a rehearsal with its own clock; its incidents and tasks carry its code."""

    code = models.CharField(_("演练编号"), max_length=40, unique=True)
    zh = models.CharField(_("名称"), max_length=120)
    en = models.CharField(_("英文名称"), max_length=160)
    drill = models.CharField(_("演练方案"), max_length=100, blank=True)
    seats = models.CharField(_("席位"), max_length=8, default="auto")
    state = models.CharField(_("状态"), max_length=10, default="running", db_index=True)
    speed = models.FloatField(_("倍速"), null=True, blank=True)
    starts_at = models.DateTimeField(_("演练起点"))
    virtual_at = models.DateTimeField(_("演练时间"))
    ticked_at = models.DateTimeField(_("走时时刻"))
    fraction = models.FloatField(_("进度"), default=0.0)
    text = models.CharField(_("进展"), max_length=300, blank=True)
    job = models.UUIDField(_("后台任务"), null=True, blank=True)
    figures = models.JSONField(_("结果"), default=dict, blank=True)
    opened_at = models.DateTimeField(_("开始于"))
    closed_at = models.DateTimeField(_("结束于"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("演练")

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)

    @property
    def percent(self) -> int:
        """How far it is, 0–100."""
        return round(100 * self.fraction)


class DutyShift(GuardedModel):
    """值班: who is on duty in a department, from when to when."""

    department = models.ForeignKey(DEPARTMENT, models.PROTECT, related_name="+", verbose_name=_("部门"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("账户"),
    )
    name = models.CharField(_("姓名"), max_length=60)
    zh = models.CharField(_("岗位"), max_length=60)
    en = models.CharField(_("英文岗位"), max_length=80)
    phone = models.CharField(_("电话"), max_length=20, blank=True)
    starts_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("值班")
        indexes: ClassVar = [models.Index(fields=["starts_at", "ends_at"])]

    def __str__(self) -> str:
        return f"{self.name} {self.starts_at:%m-%d %H:%M}"

    @property
    def post(self) -> Text:
        """Post in both languages."""
        return Text(self.zh, self.en)
