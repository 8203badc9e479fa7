"""Tables of matters 事项 and cases 办件."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.services.cosign_models import CoSigner
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.spec import MatterSpec, read_spec
from quancheng.capabilities.services.work_models import (
    Absence,
    CaseDocument,
    CaseTask,
    CaseTimer,
    Charge,
    Complaint,
)
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

__all__ = [
    "NO_DUE",
    "Absence",
    "AppendOnlyError",
    "Case",
    "CaseDocument",
    "CaseEvent",
    "CaseFile",
    "CaseTask",
    "CaseTimer",
    "Charge",
    "CoSigner",
    "Complaint",
    "Draft",
    "Finding",
    "Matter",
    "MatterVersion",
    "ReceiptSerial",
]  # fmt: skip

NO_DUE = date(9999, 12, 31)
"""Stands for "no due day now" so that the inbox can sort by one indexed column."""

MOST_SPECS = 2000
_SPECS: dict[str, MatterSpec] = {}


class AppendOnlyError(RuntimeError):
    """A programming fault: history was to be changed."""


class Matter(GuardedModel):
    """事项: what people can apply for; its content lives in versions."""

    code = models.SlugField(_("代码"), max_length=60, unique=True)
    name = models.JSONField(_("名称"))
    zones = models.JSONField(_("专区"), default=list)
    module = models.CharField(_("登记模块"), max_length=40)
    online = models.BooleanField(_("可网办"), default=True)
    enabled = models.BooleanField(_("启用"), default=True)
    order = models.PositiveIntegerField(_("排序"), default=100)
    current = models.ForeignKey("MatterVersion", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = _("事项")
        indexes: ClassVar = [models.Index(fields=["enabled", "order", "id"])]

    def __str__(self) -> str:
        return self.name["zh"]

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class MatterVersion(GuardedModel):
    """事项版本: one published definition; running cases keep theirs."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("版本"))
    content = models.JSONField(_("内容"))
    digest = models.CharField(_("摘要"), max_length=64)
    published_at = models.DateTimeField(_("发布时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("事项版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "number"], name="services_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.matter_id} v{self.number}"

    @cached_property
    def spec(self) -> MatterSpec:
        """The definition as a value, read once a process: the same digest is the same definition."""
        found = _SPECS.get(self.digest)
        if found is None:
            found = read_spec(self.content)
            if len(_SPECS) >= MOST_SPECS:
                _SPECS.clear()
            _SPECS[self.digest] = found
        return found


class ReceiptSerial(GuardedModel):
    """受理编号流水."""

    key = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField(default=0)


class Draft(GuardedModel):
    """草稿: what a person has filled in and not yet submitted; one a matter."""

    user = models.ForeignKey("people.User", models.CASCADE, related_name="drafts")
    firm = models.ForeignKey("people.Firm", models.PROTECT, null=True, blank=True, related_name="+")
    matter = models.ForeignKey(Matter, models.PROTECT, related_name="drafts")
    form = models.JSONField(_("表单"), default=dict)
    updated_at = models.DateTimeField(_("保存时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("草稿")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "matter", "firm"], name="services_draft_once", nulls_distinct=False
            )
        ]


class Case(GuardedModel):
    """办件: one application and what became of it."""

    receipt = models.CharField(_("受理编号"), max_length=32, unique=True)
    matter = models.ForeignKey(Matter, models.PROTECT, related_name="cases")
    version = models.ForeignKey(MatterVersion, models.PROTECT, related_name="cases")
    # foreign keys that begin a composite index below need none of their own: each costs every insert
    applicant = models.ForeignKey(
        "people.NaturalPerson", models.PROTECT, null=True, blank=True, related_name="cases", db_index=False
    )
    firm = models.ForeignKey(
        "people.Firm", models.PROTECT, null=True, blank=True, related_name="cases", db_index=False
    )
    applicant_name = models.CharField(_("申请主体"), max_length=120)
    submitted_by = models.ForeignKey(
        "people.User", models.PROTECT, related_name="cases_submitted", db_index=False
    )
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="cases", db_index=False)
    region_code = models.CharField(_("区划"), max_length=12, db_index=True)
    state = models.CharField(
        _("状态"), max_length=12, choices=[(state.value, state.text.zh) for state in State]
    )
    flow = models.JSONField(_("流程状态"), default=dict)
    channel = models.CharField(_("申请渠道"), max_length=12, default="online")
    form = models.JSONField(_("表单"), default=dict)
    provenance = models.JSONField(_("预填来源"), default=dict)
    clock = models.JSONField(_("办理时限"), default=dict)
    due_on = models.DateField(_("到期日"), default=NO_DUE)
    submitted_at = models.DateTimeField(_("提交时间"))
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    officer = models.ForeignKey(
        "people.User", models.PROTECT, null=True, blank=True, related_name="cases_handled"
    )
    decision = models.JSONField(_("决定"), default=dict)
    licence_number = models.CharField(_("证号"), max_length=40, blank=True)
    rating = models.PositiveSmallIntegerField(_("评价"), null=True, blank=True)
    rating_text = models.CharField(_("评价内容"), max_length=300, blank=True)
    revision = models.PositiveIntegerField(_("修订"), default=1)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("办件")
        indexes: ClassVar = [
            models.Index(fields=["department", "state", "due_on", "id"]),
            models.Index(fields=["department", "-submitted_at", "-id", "state"]),
            models.Index(fields=["due_on", "id"]),
            models.Index(fields=["-submitted_at", "-id"]),
            models.Index(fields=["applicant", "-submitted_at", "-id"]),
            models.Index(fields=["firm", "-submitted_at", "-id"]),
            models.Index(fields=["submitted_by", "-submitted_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.receipt

    @property
    def spec(self) -> MatterSpec:
        """The definition this case runs by."""
        return self.version.spec

    @property
    def state_text(self) -> Text:
        return State(self.state).text

    @property
    def due(self) -> date | None:
        """Due day, or None while suspended or over."""
        return None if self.due_on == NO_DUE else self.due_on


class CaseEvent(GuardedModel):
    """办件过程: append only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="history")
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("事件类型"), max_length=20)
    actor_name = models.CharField(_("办理人"), max_length=120)
    user = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    text = models.JSONField(_("过程说明"), default=dict)
    public = models.BooleanField(_("申请人可见"), default=True)
    data = models.JSONField(_("数据"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("办件过程")
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["case", "at", "id"])]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("办件过程只能追加。 The history of a case is append only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("办件过程只能追加。 The history of a case is append only.")


class CaseFile(GuardedModel):
    """材料文件: a decoded picture of a draft or a case; the bytes lie under their hash."""

    case = models.ForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="files")
    draft = models.ForeignKey(Draft, models.SET_NULL, null=True, blank=True, related_name="files")
    material = models.CharField(_("材料"), max_length=40)
    digest = models.CharField(_("摘要"), max_length=64)
    media_type = models.CharField(_("事件类型"), max_length=40)
    size = models.PositiveIntegerField(_("大小"))
    width = models.PositiveIntegerField(_("宽"))
    height = models.PositiveIntegerField(_("高"))
    name = models.CharField(_("文件名"), max_length=120)
    added_at = models.DateTimeField(_("上传时间"))
    added_by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    current = models.BooleanField(_("最新"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("材料文件")
        indexes: ClassVar = [models.Index(fields=["case", "material"])]


class Finding(GuardedModel):
    """审查结论: what one check said in one round."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="findings")
    round = models.PositiveIntegerField(_("轮次"))
    condition = models.CharField(_("条件"), max_length=40)
    label = models.JSONField(_("条件说明"))
    outcome = models.CharField(_("检查结论"), max_length=16)
    reason = models.JSONField(_("理由"))
    citation = models.JSONField(_("法律依据"))
    rule = models.CharField(_("参数"), max_length=100, blank=True)
    evidence = models.JSONField(_("证据"), default=dict)
    simulated = models.BooleanField(_("依据为模拟"), default=False)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("审查结论")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["case", "round"])]

    @property
    def outcome_text(self) -> Text:
        from quancheng.capabilities.services.checks import Outcome

        return Outcome(self.outcome).text
