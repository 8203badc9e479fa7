"""Golden records 黄金记录, the members they stand on, what happened to them, and the builds that made them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.masters.models.definition import Master, Source
from quancheng.kernel.models import GuardedModel


class Build(GuardedModel):
    """构建: one run that links and merges; ``counts`` says what it did, ``versions`` which data it read."""

    class State(models.TextChoices):
        """状态."""

        QUEUED = "queued", _("排队中")
        RUNNING = "running", _("进行中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("失败")

    class Mode(models.TextChoices):
        """方式."""

        WHOLE = "whole", _("全量")
        CHANGES = "changes", _("增量")
        TRAIN = "train", _("训练并全量")

    master = models.ForeignKey(Master, models.CASCADE, related_name="builds")
    mode = models.CharField(_("方式"), max_length=8, choices=Mode)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.QUEUED)
    reason = models.CharField(_("缘由"), max_length=200)
    asked_by = models.CharField(_("发起人"), max_length=100)
    asked_at = models.DateTimeField(_("发起时间"))
    finished_at = models.DateTimeField(_("结束时间"), null=True)
    progress = models.FloatField(_("进度"), default=0.0)
    stage = models.JSONField(_("阶段"), default=dict)
    counts = models.JSONField(_("结果"), default=dict)
    versions = models.JSONField(_("数据版本"), default=dict)
    model_version = models.PositiveIntegerField(_("模型版本"), default=0)
    touched = models.JSONField(_("须重算的记录"), default=list)
    error = models.JSONField(_("失败原因"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("构建")
        indexes: ClassVar = [models.Index(fields=["master", "-id"], name="masters_build_latest")]

    def __str__(self) -> str:
        return f"{self.master_id} #{self.pk}"


class Golden(GuardedModel):
    """黄金记录: the city's one record of a thing, under a number that stays.

    ``values`` by field; ``origins`` by field: source, record, date, reason, who agrees, what it beat.
    ``label`` and ``key`` are for lists and look-ups, ``about`` is the number of the person or firm it speaks of;
    ``person`` the natural person when it is one.
    """

    class State(models.TextChoices):
        """状态."""

        ACTIVE = "active", _("有效")
        MERGED = "merged", _("已并入")
        RETIRED = "retired", _("已注销")

    master = models.ForeignKey(Master, models.CASCADE, related_name="goldens")
    number = models.PositiveIntegerField(_("编号"))
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.ACTIVE)
    successor = models.PositiveIntegerField(_("并入编号"), null=True)
    label = models.CharField(_("名称"), max_length=200)
    key = models.CharField(_("标识"), max_length=200, blank=True)
    about = models.CharField(_("相关主体"), max_length=80, blank=True)
    region_code = models.CharField(_("区域代码"), max_length=12, blank=True)
    values = models.JSONField(_("取值"), default=dict)
    origins = models.JSONField(_("来源"), default=dict)
    sources = models.PositiveSmallIntegerField(_("来源数"), default=1)
    members_count = models.PositiveSmallIntegerField(_("成员数"), default=1)
    conflicts = models.PositiveSmallIntegerField(_("冲突字段"), default=0)
    digest = models.CharField(max_length=64)
    person = models.BigIntegerField(_("自然人"), null=True, db_index=True)
    first_at = models.DateTimeField(_("建立时间"))
    updated_at = models.DateTimeField(_("更新时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("黄金记录")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["master", "number"], name="masters_golden_number")
        ]
        indexes: ClassVar = [
            models.Index(fields=["master", "state", "number"], name="masters_golden_state"),
            models.Index(fields=["master", "key"], name="masters_golden_key"),
            models.Index(fields=["master", "label"], name="masters_golden_label"),
            models.Index(fields=["master", "about"], name="masters_golden_about"),
            models.Index(fields=["master", "region_code", "number"], name="masters_golden_region"),
            models.Index(fields=["master", "state", "sources"], name="masters_golden_sources"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """What people quote: the master's letters and the number."""
        return f"{PREFIX.get(self.master.code, 'JC')}{self.number:08d}"


PREFIX = {"population": "RK", "legal": "FR", "space": "KJ", "licence": "ZZ", "credit": "XY"}
"""Letters of each master in the numbers people quote: 人口, 法人, 空间, 证照, 信用."""


class Member(GuardedModel):
    """成员记录: a row of a source as it was read last, and the golden record it belongs to."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="members")
    record = models.CharField(_("来源记录号"), max_length=120)
    golden = models.ForeignKey(Golden, models.PROTECT, related_name="members")
    values = models.JSONField(_("取值"), default=dict)
    updated = models.DateField(_("更新日期"), null=True)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = _("成员记录")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "record"], name="masters_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.record}"

    @property
    def ref(self) -> str:
        """The record's id over all sources of its master."""
        return f"{self.source.code}:{self.record}"


class Change(GuardedModel):
    """变更: one thing that happened to a golden record, never removed."""

    class Kind(models.TextChoices):
        """种类."""

        CREATED = "created", _("建立")
        VALUES = "values", _("取值变化")
        MERGED = "merged", _("合并")
        SPLIT = "split", _("拆分")
        RETIRED = "retired", _("注销")

    golden = models.ForeignKey(Golden, models.CASCADE, related_name="changes")
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("种类"), max_length=8, choices=Kind)
    by = models.CharField(_("依据"), max_length=120)
    detail = models.JSONField(_("内容"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("变更")
        indexes: ClassVar = [models.Index(fields=["golden", "-at", "-id"], name="masters_change_latest")]

    def __str__(self) -> str:
        return f"{self.golden_id} {self.kind}"
