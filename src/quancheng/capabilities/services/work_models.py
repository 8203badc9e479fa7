"""Tables around a case: tasks of other offices, timers, documents, charges, complaints, absences."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

__all__ = [
    "Absence",
    "CaseDocument",
    "CaseTask",
    "CaseTimer",
    "Charge",
    "Complaint",
    "DocumentKind",
    "TaskState",
]


class TaskState(StrEnum):
    """Where a task stands (任务状态)."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def text(self) -> Text:
        return _TASK_STATES[self]


_TASK_STATES = {
    TaskState.OPEN: Text("待办", "Waiting"),
    TaskState.DONE: Text("已办", "Done"),
    TaskState.CANCELLED: Text("已取消", "Cancelled"),
}


class CaseTask(GuardedModel):
    """协办任务: what another office or the head has to do for a case: opinion, site visit, review."""

    case = models.ForeignKey("services.Case", models.PROTECT, related_name="tasks")
    token = models.CharField(_("流程任务"), max_length=40)
    element = models.CharField(_("流程节点"), max_length=80)
    side = models.CharField(_("任务类型"), max_length=12)
    title = models.JSONField(_("名称"))
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="case_tasks")
    state = models.CharField(_("状态"), max_length=10, default=TaskState.OPEN.value)
    opened_at = models.DateTimeField(_("开始时间"))
    due_on = models.DateField(_("到期日"))
    officer = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(_("结论"), max_length=12, blank=True)
    opinion = models.CharField(_("意见"), max_length=500, blank=True)
    data = models.JSONField(_("数据"), default=dict)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("协办任务")
        indexes: ClassVar = [
            models.Index(fields=["department", "state", "due_on", "id"]),
            models.Index(fields=["case", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.element}"

    @property
    def state_text(self) -> Text:
        return TaskState(self.state).text

    @property
    def title_text(self) -> Text:
        return Text.of(self.title)


class CaseTimer(GuardedModel):
    """流程计时: a moment at which the process of a case goes on by itself."""

    case = models.ForeignKey("services.Case", models.PROTECT, related_name="timers")
    timer = models.CharField(_("流程计时器"), max_length=40)
    element = models.CharField(_("流程节点"), max_length=80)
    due_at = models.DateTimeField(_("到时"))
    open = models.BooleanField(_("有效"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("流程计时")
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="services_timer_due", condition=models.Q(open=True))
        ]


class DocumentKind(StrEnum):
    """Kinds of documents a case gives (文书)."""

    ACCEPTANCE = "acceptance"
    CORRECTION = "correction"
    APPROVAL = "approval"
    REFUSAL = "refusal"
    REVIEW = "review"

    @property
    def text(self) -> Text:
        return _DOCUMENTS[self]


_DOCUMENTS = {
    DocumentKind.ACCEPTANCE: Text("受理通知书", "Notice of acceptance"),
    DocumentKind.CORRECTION: Text("补正材料告知书", "Notice of correction"),
    DocumentKind.APPROVAL: Text("准予决定书", "Decision of approval"),
    DocumentKind.REFUSAL: Text("不予办理决定书", "Decision of refusal"),
    DocumentKind.REVIEW: Text("复核决定书", "Decision on review"),
}


class CaseDocument(GuardedModel):
    """文书: a numbered and sealed document of a case; the bytes lie under their hash."""

    case = models.ForeignKey("services.Case", models.PROTECT, related_name="documents")
    kind = models.CharField(_("文书种类"), max_length=12)
    number = models.CharField(_("文号"), max_length=60, unique=True)
    content = models.JSONField(_("内容"))
    digest = models.CharField(_("摘要"), max_length=64, blank=True)
    size = models.PositiveIntegerField(_("大小"), default=0)
    made_at = models.DateTimeField(_("决定时间"))
    sealed_at = models.DateTimeField(_("用印时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("文书")
        indexes: ClassVar = [models.Index(fields=["case", "made_at"])]

    @property
    def kind_text(self) -> Text:
        return DocumentKind(self.kind).text


class Charge(GuardedModel):
    """应缴费用: what a case costs by the dated parameter, and whether it was paid."""

    case = models.ForeignKey("services.Case", models.PROTECT, related_name="charges")
    label = models.JSONField(_("项目"))
    cents = models.PositiveIntegerField(_("金额（分）"))
    rule = models.CharField(_("收费依据"), max_length=100)
    made_at = models.DateTimeField(_("产生时间"))
    paid_at = models.DateTimeField(_("缴费时间"), null=True, blank=True)
    reference = models.CharField(_("票据号"), max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("应缴费用")

    @property
    def amount(self) -> str:
        """As people write it: ¥12.50."""
        return f"¥{self.cents // 100}.{self.cents % 100:02d}"


class Complaint(GuardedModel):
    """投诉与差评整改: what somebody was not content with and what the office did about it."""

    case = models.ForeignKey("services.Case", models.PROTECT, related_name="complaints")
    kind = models.CharField(_("来源"), max_length=10)
    text = models.CharField(_("内容"), max_length=500)
    made_at = models.DateTimeField(_("提出时间"))
    made_by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    due_on = models.DateField(_("答复期限"))
    state = models.CharField(_("状态"), max_length=10, default=TaskState.OPEN.value)
    answer = models.CharField(_("答复"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    answered_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    satisfied = models.BooleanField(_("对答复满意"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("投诉与整改")
        indexes: ClassVar = [models.Index(fields=["state", "due_on", "id"])]


class Absence(GuardedModel):
    """离岗代办: while an official is away another one takes what comes."""

    user = models.ForeignKey("people.User", models.CASCADE, related_name="absences")
    substitute = models.ForeignKey("people.User", models.CASCADE, related_name="covers")
    since = models.DateField(_("开始"))
    until = models.DateField(_("结束"))
    reason = models.CharField(_("原因"), max_length=100, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("离岗代办")
        indexes: ClassVar = [models.Index(fields=["user", "until"])]
