"""指标取值: one row an indicator and day; the newest computation of the day stands."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class Snapshot(GuardedModel):
    """指标取值."""

    indicator = models.CharField(_("指标"), max_length=100)
    day = models.DateField(_("日期"))
    value = models.FloatField(_("取值"), null=True)
    numerator = models.FloatField(_("分子"), null=True)
    denominator = models.FloatField(_("分母"), null=True)
    evidence = models.CharField(_("证据"), max_length=300, blank=True)
    note = models.JSONField(_("口径"), default=dict)
    as_of = models.DateTimeField(_("截至"))
    error = models.CharField(_("未能取值的原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("指标取值")
        constraints = [models.UniqueConstraint(fields=["indicator", "day"], name="indicators_day_once")]
        indexes = [models.Index(fields=["-day", "indicator"], name="indicators_day")]

    def __str__(self) -> str:
        return f"{self.indicator} {self.day}"
