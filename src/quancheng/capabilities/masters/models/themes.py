"""主题库: views over masters and tables, with an owner and a purpose."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Theme(GuardedModel):
    """主题库: fields and rows of one base, refreshed into a data table of its own. No text is ever run as SQL."""

    class Refresh(models.TextChoices):
        """刷新方式."""

        MANUAL = "manual", _("手动")
        DAILY = "daily", _("每日")
        CHANGE = "change", _("来源变化时")

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120)
    owner = models.CharField(_("负责部门"), max_length=40)
    department = models.BigIntegerField(_("负责部门编号"), db_index=True)
    purpose = models.CharField(_("用途"), max_length=300)
    base = models.CharField(_("基础"), max_length=80)
    fields = models.JSONField(_("字段"), default=list)
    condition = models.JSONField(_("行条件"), null=True)
    refresh = models.CharField(_("刷新"), max_length=8, choices=Refresh, default=Refresh.MANUAL)
    table_id = models.CharField(_("数据表"), max_length=40, blank=True)
    rows = models.PositiveIntegerField(_("行数"), default=0)
    version = models.PositiveIntegerField(_("版本"), default=0)
    lineage = models.JSONField(_("血缘"), default=dict)
    refreshed_at = models.DateTimeField(_("刷新时间"), null=True)
    created_at = models.DateTimeField(_("建立时间"))
    active = models.BooleanField(_("启用"), default=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("主题库")
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)
