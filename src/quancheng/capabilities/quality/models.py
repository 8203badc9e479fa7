"""Tables of quality 质量: watched tables, versions of rules, runs, profiles, issues and how they were repaired."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

OPEN_STATES = ("found", "ordered", "repairing", "checking", "failed_again", "disputed")
"""States of an issue in which somebody still has to do something."""


class Sheet(GuardedModel):
    """受检表: a data table under watch, with what its last run found."""

    table_id = models.UUIDField(_("数据表"), unique=True)
    name = models.CharField(_("表名"), max_length=120)
    zh = models.CharField(_("中文名"), max_length=200)
    en = models.CharField(_("英文名"), max_length=200, blank=True, default="")
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("来源单位")
    )
    region = models.CharField(_("区划代码"), max_length=12)
    watched = models.BooleanField(_("监测"), default=True)
    every_hours = models.PositiveIntegerField(_("例行检查间隔"), default=24)
    four_eyes = models.BooleanField(_("更正须复核"), default=False)
    """Whether a corrected row waits for a second person."""
    missing = models.JSONField(_("视为空值"), default=list)
    dirty_at = models.DateTimeField(_("数据变更时间"), null=True)
    next_at = models.DateTimeField(_("下次检查"), null=True)
    version = models.PositiveIntegerField(_("已检版本"), default=0)
    checked_at = models.DateTimeField(_("最近检查"), null=True)
    rows = models.BigIntegerField(_("行数"), default=0)
    score = models.DecimalField(_("得分"), max_digits=6, decimal_places=4, null=True)
    scores = models.JSONField(_("维度得分"), default=dict)
    fault = models.JSONField(_("检查未完成"), default=dict)
    """Why the last run could not be done ({zh, en}); empty when it was."""
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("受检表")
        indexes: ClassVar = [
            models.Index(fields=["organ", "id"], name="quality_sheet_organ"),
            models.Index(fields=["region", "id"], name="quality_sheet_region"),
            models.Index(fields=["next_at"], name="quality_sheet_next"),
            models.Index(fields=["dirty_at"], name="quality_sheet_dirty"),
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)

    def get_absolute_url(self) -> str:
        return reverse("quality:sheet", args=[self.table_id])


class RuleVersion(GuardedModel):
    """质量规则的一个版本: what it asks, who wrote it, who let it work."""

    class State(models.TextChoices):
        """状态."""

        PROPOSED = "proposed", _("建议")
        DRAFT = "draft", _("草稿")
        SUBMITTED = "submitted", _("待审批")
        ACTIVE = "active", _("生效")
        REFUSED = "refused", _("已驳回")
        REPLACED = "replaced", _("已替换")
        RETIRED = "retired", _("已停用")

    class Source(models.TextChoices):
        """来历."""

        PERSON = "person", _("人工编写")
        PROFILE = "profile", _("由概况建议")
        CATALOGUE = "catalogue", _("由目录建议")

    sheet = models.ForeignKey(Sheet, models.CASCADE, related_name="rules", verbose_name=_("受检表"))
    code = models.CharField(_("规则编号"), max_length=64)
    number = models.PositiveIntegerField(_("版本"))
    document = models.JSONField(_("规则内容"))
    """The rule as ``core.quality.parse_rule`` reads it."""
    kind = models.CharField(_("规则类型"), max_length=12)
    dimension = models.CharField(_("维度"), max_length=12)
    severity = models.CharField(_("严重程度"), max_length=8)
    orders = models.BooleanField(_("触发工单"), default=False)
    source = models.CharField(_("来历"), max_length=10, choices=Source, default=Source.PERSON)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    trial = models.JSONField(_("试运行"), default=dict)
    """Of the newest trial: table version, moment, rows, applicable, failed, passed, document's digest."""
    created_at = models.DateTimeField(_("编写时间"))
    created_by = models.CharField(_("编写人"), max_length=120)
    created_by_id = models.IntegerField(null=True)
    decided_at = models.DateTimeField(_("审批时间"), null=True)
    decided_by = models.CharField(_("审批人"), max_length=120, blank=True, default="")
    note = models.CharField(_("审批意见"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("质量规则")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sheet", "code", "number"], name="quality_rule_version"),
            models.UniqueConstraint(
                fields=["sheet", "code"], condition=Q(state="active"), name="quality_rule_one_active"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-created_at"], name="quality_rule_state")]

    def __str__(self) -> str:
        return f"{self.code}.{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("quality:rule", args=[self.pk])

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text.of(self.document["name"])


class Run(GuardedModel):
    """检查记录: one run of a table's rules over one version of it."""

    class Trigger(models.TextChoices):
        """起因."""

        CHANGE = "change", _("数据变更")
        ROUTINE = "routine", _("例行检查")
        PERSON = "person", _("人工检查")

    sheet = models.ForeignKey(Sheet, models.CASCADE, related_name="runs")
    at = models.DateTimeField(_("检查时间"))
    trigger = models.CharField(_("起因"), max_length=8, choices=Trigger)
    version = models.PositiveIntegerField(_("数据版本"))
    rows = models.BigIntegerField(_("行数"))
    passed = models.BooleanField(_("合格"))
    score = models.DecimalField(_("得分"), max_digits=6, decimal_places=4, null=True)
    scores = models.JSONField(_("维度得分"), default=dict)
    outcomes = models.JSONField(_("规则结果"), default=list)
    """Of each rule: code, version, applicable, failed, passed, groups, measured; or code and fault."""
    took_ms = models.PositiveIntegerField(_("用时"), default=0)

    class Meta:
        verbose_name = _("检查记录")
        indexes: ClassVar = [models.Index(fields=["sheet", "-at"], name="quality_run_sheet")]

    def __str__(self) -> str:
        return f"{self.sheet_id}@{self.version}"


class TableProfile(GuardedModel):
    """数据概况: what a version held; the one accepted by a person is the baseline of drift."""

    sheet = models.ForeignKey(Sheet, models.CASCADE, related_name="profiles")
    version = models.PositiveIntegerField(_("数据版本"))
    at = models.DateTimeField(_("时间"))
    data = models.JSONField(_("概况"))
    drifts = models.JSONField(_("漂移"), default=list)
    """Against the baseline: kind, column, measure, exceeds, text."""
    baseline = models.BooleanField(_("基线"), default=False)
    accepted_by = models.CharField(_("认定人"), max_length=120, blank=True, default="")
    accepted_at = models.DateTimeField(_("认定时间"), null=True)

    class Meta:
        verbose_name = _("数据概况")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sheet"], condition=Q(baseline=True), name="quality_one_baseline")
        ]
        indexes: ClassVar = [models.Index(fields=["sheet", "-at"], name="quality_profile_sheet")]


class Issue(GuardedModel):
    """质量问题 and its work order: what core.quality.Issue says, with where it stands in the city."""

    class Origin(models.TextChoices):
        """来源."""

        RULE = "rule", _("规则检查")
        DRIFT = "drift", _("数据漂移")
        DOUBT = "doubt", _("使用方校核")

    class State(models.TextChoices):
        """状态."""

        FOUND = "found", _("已发现")
        ORDERED = "ordered", _("已派单")
        REPAIRING = "repairing", _("整改中")
        CHECKING = "checking", _("待复核")
        PASSED = "passed", _("复核通过")
        FAILED_AGAIN = "failed_again", _("复核未通过")
        DISPUTED = "disputed", _("有异议")
        WITHDRAWN = "withdrawn", _("已撤销")
        ACCEPTED = "accepted", _("按现状接受")

    number = models.CharField(_("工单编号"), max_length=40, unique=True)
    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="issues", verbose_name=_("受检表"))
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("整改单位")
    )
    region = models.CharField(_("区划代码"), max_length=12)
    origin = models.CharField(_("来源"), max_length=6, choices=Origin)
    code = models.CharField(_("规则编号"), max_length=120)
    """The rule's code; of a drift ``kind:column``; of a doubt its column."""
    rule = models.ForeignKey(RuleVersion, models.PROTECT, null=True, related_name="issues")
    title = models.JSONField(_("问题"))
    severity = models.CharField(_("严重程度"), max_length=8)
    dimension = models.CharField(_("维度"), max_length=12)
    state = models.CharField(_("状态"), max_length=12, choices=State)
    found_at = models.DateTimeField(_("发现时间"))
    rows = models.BigIntegerField(_("不合格行数"))
    left = models.BigIntegerField(_("剩余行数"))
    ordered = models.BooleanField(_("已派工单"), default=False)
    due_at = models.DateTimeField(_("整改期限"), null=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True)
    accepted_until = models.DateTimeField(_("接受至"), null=True)
    reason = models.CharField(_("理由"), max_length=500, blank=True, default="")
    checks = models.PositiveIntegerField(_("复核次数"), default=0)
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followers")
    """The closed issue of the same rule that this one comes after."""
    subject = models.JSONField(_("对象"), default=dict)
    """Of a doubt: table version, key and the digest of the value doubted."""
    raised_by = models.CharField(_("提出人"), max_length=120, blank=True, default="")
    raised_by_id = models.IntegerField(null=True)
    escalated = models.PositiveIntegerField(_("催办级别"), default=0)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("质量问题")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sheet", "origin", "code"],
                condition=Q(state__in=OPEN_STATES) & ~Q(origin="doubt"),
                name="quality_one_open_issue",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organ", "state", "-found_at"], name="quality_issue_organ"),
            models.Index(fields=["region", "state", "-found_at"], name="quality_issue_region"),
            models.Index(fields=["state", "due_at"], name="quality_issue_due"),
            models.Index(fields=["sheet", "origin", "code", "-id"], name="quality_issue_rule"),
            models.Index(fields=["raised_by_id", "-found_at"], name="quality_issue_raised"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("quality:issue", args=[self.number])

    @property
    def text(self) -> Text:
        """What is wrong, in both languages."""
        return Text.of(self.title)

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN_STATES


class IssueStep(GuardedModel):
    """办理过程: one step of an issue."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="steps")
    at = models.DateTimeField(_("时间"))
    what = models.CharField(_("步骤"), max_length=16)
    by = models.CharField(_("经办"), max_length=120)
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")
    left = models.BigIntegerField(_("剩余行数"), null=True)

    class Meta:
        verbose_name = _("办理过程")
        indexes: ClassVar = [models.Index(fields=["issue", "id"], name="quality_step_issue")]


class Correction(GuardedModel):
    """单行更正: a row corrected in place; the values are kept here only while a second person decides."""

    class State(models.TextChoices):
        """状态."""

        WAITING = "waiting", _("待复核")
        APPLIED = "applied", _("已更正")
        REFUSED = "refused", _("未采纳")

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="corrections")
    organ = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    key = models.JSONField(_("主键"))
    version = models.PositiveIntegerField(_("依据版本"))
    columns = models.JSONField(_("更正列"))
    after = models.JSONField(_("更正内容"), default=dict)
    applied_version = models.PositiveIntegerField(_("更正后版本"), null=True)
    state = models.CharField(_("状态"), max_length=8, choices=State)
    at = models.DateTimeField(_("提交时间"))
    by = models.CharField(_("提交人"), max_length=120)
    by_id = models.IntegerField(null=True)
    decided_at = models.DateTimeField(_("复核时间"), null=True)
    decided_by = models.CharField(_("复核人"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("单行更正")
        indexes: ClassVar = [models.Index(fields=["issue", "-id"], name="quality_correction_issue")]
