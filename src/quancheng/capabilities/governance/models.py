"""Tables of governance: frozen months 冻结月份 and the rates in them 冻结指标."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.catalogue import Rate, RateName
from quancheng.kernel.models import GuardedModel


class Month(GuardedModel):
    """冻结月份: its digest covers all rates in it and the digest of the month before."""

    month = models.CharField(_("月份"), max_length=7, unique=True)
    previous = models.CharField(_("上月摘要"), max_length=64, blank=True, default="")
    digest = models.CharField(_("摘要"), max_length=64)
    frozen_at = models.DateTimeField(_("冻结时间"))
    frozen_by = models.CharField(_("冻结人"), max_length=120)
    tables = models.JSONField(_("所读数据表版本"), default=dict)
    """Version of every data table when the rates were counted, by table id; not part of the digest."""

    class Meta:
        verbose_name = verbose_name_plural = _("冻结月份")

    def __str__(self) -> str:
        return self.month


class FrozenRate(GuardedModel):
    """冻结指标: one rate of one organ by itself, with the ids it was counted from."""

    month = models.ForeignKey(Month, models.PROTECT, related_name="rates")
    organ = models.ForeignKey("people.Department", models.PROTECT, related_name="+", verbose_name=_("单位"))
    code = models.CharField(_("机构代码"), max_length=40)
    """The organ's code on that day, which the digest covers."""
    name = models.CharField(_("指标"), max_length=12, choices=[(one.value, one.label.zh) for one in RateName])
    due = models.JSONField(_("应完成"), default=list)
    done = models.JSONField(_("已完成"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("冻结指标")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["month", "organ", "name"], name="governance_rate_once")
        ]

    def __str__(self) -> str:
        return f"{self.month_id} {self.code} {self.name}"

    @property
    def value(self) -> Rate:
        """The rate as the core counts with it."""
        return Rate(RateName(self.name), self.code, tuple(self.due), tuple(self.done))
