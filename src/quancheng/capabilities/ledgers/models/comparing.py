"""Tables of comparison 比对: kept for some weeks for the one who made it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class Comparison(GuardedModel):
    """比对: two lists, how their rows find each other, and the figures."""

    zh = models.CharField(_("名称"), max_length=60)
    region_code = models.CharField(_("覆盖区域"), max_length=12)
    created_by = models.BigIntegerField(_("比对人"), db_index=True)
    created_name = models.CharField(_("比对人姓名"), max_length=120)
    created_at = models.DateTimeField(_("比对时间"))
    expires_at = models.DateTimeField(_("保留至"), db_index=True)
    left = models.JSONField(_("左表"), default=dict)
    right = models.JSONField(_("右表"), default=dict)
    matching = models.JSONField(_("对应方式"), default=dict)
    columns = models.JSONField(_("比对字段"), default=list)
    counts = models.JSONField(_("数量"), default=dict)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("比对")

    def __str__(self) -> str:
        return self.zh


class Line(GuardedModel):
    """比对结果行."""

    comparison = models.ForeignKey(Comparison, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(_("行号"))
    side = models.CharField(_("类别"), max_length=10)
    key = models.CharField(_("标识"), max_length=240, blank=True, default="")
    left = models.JSONField(_("左"), null=True)
    right = models.JSONField(_("右"), null=True)
    cells = models.JSONField(_("不同字段"), default=list)
    likeness = models.FloatField(_("相似度"), default=1.0)
    why = models.CharField(_("原因"), max_length=12, blank=True, default="")
    handled = models.CharField(_("已转"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("比对结果行")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["comparison", "number"], name="ledgers_line_number")
        ]
        indexes: ClassVar = [models.Index(fields=["comparison", "side", "number"], name="ledgers_line_side")]
