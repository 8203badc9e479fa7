"""What a master is made of: its sources, its rules of survivorship, its linkage models."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Master(GuardedModel):
    """基础库: one kind of thing the city knows once. Its fields and linkage are the recipe of the same code."""

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120)
    owner = models.CharField(_("主管部门"), max_length=40)
    personal = models.BooleanField(_("含个人信息"), default=False)
    order = models.PositiveSmallIntegerField(default=0)
    stale = models.BooleanField(_("来源已变化"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("基础库")
        ordering: ClassVar = ["order", "id"]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)


class Source(GuardedModel):
    """数据来源: a table of an organ, how its columns become fields, and how far it is trusted (1 the most)."""

    class Kind(models.TextChoices):
        """来源种类."""

        TABLE = "table", _("数据表")
        PEOPLE = "people", _("平台人口登记")
        FIRMS = "firms", _("平台法人登记")

    master = models.ForeignKey(Master, models.CASCADE, related_name="sources")
    code = models.SlugField(_("来源代码"), max_length=40)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120)
    organ = models.CharField(_("来源部门"), max_length=40, db_index=True)
    kind = models.CharField(_("种类"), max_length=8, choices=Kind, default=Kind.TABLE)
    table_id = models.CharField(_("数据表"), max_length=40, blank=True, db_index=True)
    mapping = models.JSONField(_("字段对应"), default=dict)
    updated_column = models.CharField(_("更新日期列"), max_length=80, blank=True)
    region = models.CharField(_("范围"), max_length=12, blank=True)
    trust = models.PositiveSmallIntegerField(_("信任次序"), default=1)
    active = models.BooleanField(_("启用"), default=True)
    version = models.PositiveIntegerField(_("已用版本"), default=0)
    rows = models.PositiveIntegerField(_("行数"), default=0)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据来源")
        ordering: ClassVar = ["trust", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["master", "code"], name="masters_source_once")
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)


class Survivorship(GuardedModel):
    """存活规则: which source's value a field takes, from a day on, and why it was decided so.

    ``trust`` is empty: the sources' own order of trust. A later row replaces an earlier one; none is deleted.
    """

    master = models.ForeignKey(Master, models.CASCADE, related_name="rules")
    field = models.CharField(_("字段"), max_length=40)
    strategies = models.JSONField(_("取值次序"), default=list)
    trust = models.JSONField(_("来源次序"), default=list)
    valid_from = models.DateField(_("起始日"))
    reason = models.CharField(_("理由"), max_length=300)
    decided_by = models.CharField(_("决定人"), max_length=100)
    decided_at = models.DateTimeField(_("决定时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("存活规则")
        indexes: ClassVar = [
            models.Index(fields=["master", "field", "-valid_from", "-id"], name="masters_rule_latest")
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.valid_from}"


class LinkageModel(GuardedModel):
    """关联模型: weights learned from the data on a day; at most one of a master is in use."""

    master = models.ForeignKey(Master, models.CASCADE, related_name="models")
    version = models.PositiveIntegerField(_("版本"))
    weights = models.JSONField(_("权重"))
    prior = models.FloatField(_("先验"))
    recipe = models.CharField(_("配方摘要"), max_length=64)
    sessions = models.JSONField(_("估计过程"), default=list)
    unlearned = models.JSONField(_("未学到的比较项"), default=list)
    pairs = models.PositiveIntegerField(_("候选对"), default=0)
    rows = models.PositiveIntegerField(_("记录数"), default=0)
    trained_at = models.DateTimeField(_("训练时间"))
    trained_by = models.CharField(_("发起人"), max_length=100)
    active = models.BooleanField(_("在用"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("关联模型")
        ordering: ClassVar = ["-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["master", "version"], name="masters_model_version")
        ]

    def __str__(self) -> str:
        return f"{self.master_id} v{self.version}"
