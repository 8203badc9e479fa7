"""事项、流程、待办、结果文书."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.internal.models.base import AppendOnly
from quancheng.capabilities.internal.values import OVER, ItemState, WorkState
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

NO_DUE = date(9999, 12, 31)
"""Stands for "no due day" so that the inbox sorts by one indexed column."""


class Serial(GuardedModel):
    """流水号: the last number given out in a series."""

    key = models.CharField(max_length=60, primary_key=True)
    last = models.PositiveIntegerField(default=0)


class ItemModel(AppendOnly):
    """流程版本: one published BPMN model with its item's definition; running items keep theirs."""

    code = models.SlugField(_("事项代码"), max_length=40)
    number = models.PositiveIntegerField(_("版本"))
    content = models.JSONField(_("事项定义"))
    bpmn = models.TextField(_("流程图"))
    digest = models.CharField(_("摘要"), max_length=64)
    published_at = models.DateTimeField(_("发布时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("流程版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "number"], name="internal_model_once")
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.number}"


class Item(GuardedModel):
    """事项办件: one item of one dossier and how far it is."""

    number = models.CharField(_("办件编号"), max_length=32, unique=True)
    model = models.ForeignKey(ItemModel, models.PROTECT, related_name="items")
    code = models.SlugField(_("事项代码"), max_length=40)
    group = models.CharField(_("类别"), max_length=12)
    name = models.JSONField(_("事项"))
    dossier = models.ForeignKey(
        "internal.Dossier", models.PROTECT, null=True, blank=True, related_name="items"
    )
    subject_name = models.CharField(_("办理对象"), max_length=120)
    unit = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("申报单位")
    )
    form = models.JSONField(_("表单"), default=dict)
    provenance = models.JSONField(_("预填来源"), default=dict)
    flow = models.JSONField(_("流程状态"), default=dict)
    state = models.CharField(_("状态"), max_length=12, choices=[(one.value, one.zh) for one in ItemState])
    filed_by = models.ForeignKey("people.User", models.PROTECT, related_name="+", verbose_name=_("经办人"))
    filed_at = models.DateTimeField(_("申报时间"))
    due_on = models.DateField(_("全程到期日"))
    decided_at = models.DateTimeField(_("审批时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    returns = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    decision = models.JSONField(_("决定"), default=dict)
    revision = models.PositiveIntegerField(_("修订"), default=1)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("机关内部事项")
        indexes: ClassVar = [
            models.Index(fields=["unit", "state", "-filed_at", "-id"]),
            models.Index(fields=["group", "-filed_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def text(self) -> Text:
        return Text.of(self.name)

    @property
    def state_text(self) -> Text:
        return ItemState(self.state).text

    @property
    def over(self) -> bool:
        return self.state in OVER


class WorkItem(GuardedModel):
    """待办: one step that waits for people of one department in one role."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="works")
    task = models.CharField(_("流程任务"), max_length=80)
    element = models.CharField(_("流程节点"), max_length=80)
    kind = models.CharField(_("环节类型"), max_length=12)
    name = models.JSONField(_("环节"))
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    role = models.CharField(_("角色"), max_length=40)
    state = models.CharField(_("状态"), max_length=10, choices=[(one.value, one.zh) for one in WorkState])
    opened_at = models.DateTimeField(_("到达时间"))
    due_on = models.DateField(_("到期日"), default=NO_DUE)
    rule = models.CharField(_("时限参数"), max_length=80, blank=True)
    done_at = models.DateTimeField(_("办理时间"), null=True, blank=True)
    done_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(_("办理意见"), max_length=10, blank=True)
    opinion = models.CharField(_("意见内容"), max_length=500, blank=True)
    result = models.JSONField(_("办理结果"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("待办")
        indexes: ClassVar = [
            models.Index(fields=["department", "role", "state", "due_on", "id"]),
            models.Index(fields=["item", "id"]),
        ]
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "task"], name="internal_work_once")]

    def __str__(self) -> str:
        return f"{self.item_id}:{self.element}"

    @property
    def text(self) -> Text:
        return Text.of(self.name)

    @property
    def state_text(self) -> Text:
        return WorkState(self.state).text


class ItemEvent(AppendOnly):
    """办理过程: append only."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="history")
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("事件类型"), max_length=20)
    actor_name = models.CharField(_("办理人"), max_length=120)
    user = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    text = models.JSONField(_("过程说明"))
    data = models.JSONField(_("数据"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("办理过程")
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["item", "at", "id"])]


class Notice(AppendOnly):
    """结果文书: one sealed document of the result pack."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="notices")
    kind = models.CharField(_("文书类型"), max_length=40)
    title = models.JSONField(_("文书名称"))
    issuer = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    code = models.CharField(_("验证码"), max_length=24, unique=True)
    digest = models.CharField(_("摘要"), max_length=64)
    seal = models.JSONField(_("签章"))
    at = models.DateTimeField(_("签发时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("结果文书")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "kind"], name="internal_notice_once")
        ]

    @property
    def text(self) -> Text:
        return Text.of(self.title)
