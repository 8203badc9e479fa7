"""Tables of models, their versions and evaluations."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.models.values import OUTCOME_TEXTS, STATE_TEXTS, JobStatus, Outcome, Risk, State
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Model(GuardedModel):
    """模型: what it is for, whose it is, what it may be used for."""

    code = models.SlugField(_("模型编码"), max_length=60, unique=True)
    name = models.JSONField(_("模型名称"))
    purpose = models.JSONField(_("用途"))
    organ = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    licence = models.CharField(_("许可"), max_length=80)
    risk = models.CharField(_("风险等级"), max_length=6, choices=[(one.value, one.value) for one in Risk])
    uses = models.JSONField(_("允许用途"), default=list)
    created_at = models.DateTimeField(_("登记于"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("模型")

    def __str__(self) -> str:
        return self.code

    @property
    def text(self) -> Text:
        return Text.of(self.name)

    @property
    def purpose_text(self) -> Text:
        return Text.of(self.purpose)


class Version(GuardedModel):
    """模型版本: one file by its SHA-256 and how far it has come."""

    model = models.ForeignKey(Model, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("版本"))
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField(_("核验结果"))
    """As ``checking.examine`` gave: inputs, outputs, milliseconds, peak_mb, runtime, nodes."""
    provenance = models.TextField(_("来源"))
    card = models.TextField(_("模型卡"), blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=[(one.value, one.value) for one in State])
    share = models.PositiveSmallIntegerField(_("流量（%）"), default=0)
    made_by = models.BigIntegerField()
    made_name = models.CharField(_("登记人"), max_length=80)
    made_at = models.DateTimeField(_("登记于"))
    approved_by = models.BigIntegerField(null=True)
    approved_name = models.CharField(_("批准人"), max_length=80, blank=True)
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    activated_at = models.DateTimeField(_("启用时间"), null=True)
    note = models.CharField(_("说明"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("模型版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "number"], name="models_version_number"),
            models.UniqueConstraint(fields=["model", "sha256"], name="models_version_file"),
        ]

    def __str__(self) -> str:
        return f"{self.model.code}@{self.number}"

    @property
    def state_text(self) -> Text:
        return STATE_TEXTS[State(self.state)]


class Evaluation(GuardedModel):
    """评测: metrics of a version on a named data set version; never changed."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="evaluations")
    dataset = models.CharField(_("数据集"), max_length=120)
    dataset_version = models.CharField(_("数据集版本"), max_length=80)
    rows = models.PositiveIntegerField(_("样本数"))
    metrics = models.JSONField(_("指标"))
    made_name = models.CharField(_("评测人"), max_length=80)
    made_at = models.DateTimeField(_("评测时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("评测")


class Use(GuardedModel):
    """调用记录: who called what and when; of what went in and came out only the digests."""

    process = models.CharField(_("算法"), max_length=120, db_index=True)
    version = models.CharField(_("版本"), max_length=40)
    caller = models.CharField(_("调用方"), max_length=80, db_index=True)
    """``user:<id>``, ``system:<module>`` or ``address:<digest>`` of somebody who is not signed in."""
    who = models.CharField(_("调用人"), max_length=80)
    purpose = models.CharField(_("用途"), max_length=200, blank=True)
    input_digest = models.CharField(max_length=64)
    result_digest = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(_("结果"), max_length=8, choices=[(one.value, one.value) for one in Outcome])
    milliseconds = models.PositiveIntegerField(_("耗时（毫秒）"))
    at = models.DateTimeField(_("时间"), db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = _("算法调用")

    @property
    def outcome_text(self) -> Text:
        return OUTCOME_TEXTS[Outcome(self.outcome)]


class Task(GuardedModel):
    """异步任务: a job of OGC API - Processes. Inputs are kept until it has run, results for some days."""

    code = models.UUIDField(unique=True)
    process = models.CharField(_("算法"), max_length=120)
    user_id = models.BigIntegerField(db_index=True)
    purpose = models.CharField(_("用途"), max_length=200, blank=True)
    inputs = models.JSONField(null=True)
    outputs = models.JSONField(null=True)
    status = models.CharField(_("状态"), max_length=10, choices=[(one.value, one.value) for one in JobStatus])
    message = models.CharField(_("说明"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("提交于"))
    started_at = models.DateTimeField(_("开始于"), null=True)
    finished_at = models.DateTimeField(_("结束于"), null=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = _("算法任务")
