"""Tables of opening: the opened dataset 开放数据集."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class State(models.TextChoices):
    """开放状态."""

    PROPOSED = "proposed", _("待审核")
    RETURNED = "returned", _("已退回")
    PUBLISHED = "published", _("已开放")
    WITHDRAWN = "withdrawn", _("已撤销")


class Dataset(GuardedModel):
    """开放数据集: some columns of a data table, kept for the public as a copy of their own.

    The public never reads the table itself: what is not opened is not in the copy, so no search can tell it.
    """

    name = models.CharField(_("数据集标识"), max_length=80)
    """The entry's code with "-" for "/": its address and its name in CKAN's API."""
    entry_id = models.UUIDField(_("目录条目"))
    table_id = models.UUIDField(_("数据表"))
    copy_id = models.UUIDField(_("开放副本"), null=True)
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("提供部门")
    )
    zh = models.CharField(_("中文名称"), max_length=200)
    en = models.CharField(_("英文名称"), max_length=200, blank=True)
    about = models.JSONField(_("摘要"), default=dict)
    theme = models.CharField(_("主题"), max_length=8, blank=True)
    """Code of the first theme its entry is hung on (three digits)."""
    cycle = models.CharField(_("更新周期"), max_length=16, blank=True)
    words = models.TextField(_("检索文本"), blank=True)
    fields = models.JSONField(_("开放的列"))
    quasi = models.JSONField(_("准标识符"), default=list)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.PROPOSED)
    findings = models.JSONField(_("披露风险"), default=list)
    """Why a later version of the rows could not be followed; empty when all is well."""
    tested_version = models.BigIntegerField(_("已检查的来源版本"), default=0)
    smallest = models.PositiveIntegerField(_("最小组"), null=True)
    source_version = models.BigIntegerField(_("来源版本"), default=0)
    last_id = models.BigIntegerField(_("已用的最大行号"), default=0)
    """Numbers of rows are never given twice, so that a client may keep them."""
    rows = models.BigIntegerField(_("行数"), default=0)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    reason_en = models.CharField(_("英文理由"), max_length=300, blank=True)
    """Only when the platform itself says why."""
    proposed_by = models.BigIntegerField(null=True)
    decided_by = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField(_("申请时间"))
    decided_at = models.DateTimeField(_("审核时间"), null=True)
    copied_at = models.DateTimeField(_("更新时间"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("开放数据集")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["table_id"], condition=Q(state__in=["proposed", "published"]), name="opening_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-copied_at", "-id"], name="opening_by_state"),
            models.Index(fields=["name"], name="opening_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en or self.zh)

    @property
    def why(self) -> Text:
        """Why it was returned or withdrawn, as it was written."""
        return Text(self.reason, self.reason_en or self.reason)

    @property
    def live(self) -> bool:
        """Whether the public reads it now."""
        return self.state == State.PUBLISHED
