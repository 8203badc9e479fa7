"""公文: documents in circulation, every version kept."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.internal.models.base import AppendOnly
from quancheng.capabilities.internal.values import PaperState
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Paper(GuardedModel):
    """公文: one document of one organ and how far it is."""

    kind = models.CharField(_("文种"), max_length=20)
    title = models.CharField(_("标题"), max_length=200)
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("发文机关")
    )
    urgency = models.CharField(_("紧急程度"), max_length=10, default="normal")
    online = models.BooleanField(_("网上流转"), default=True)
    state = models.CharField(
        _("公文状态"), max_length=12, choices=[(one.value, one.zh) for one in PaperState]
    )
    version = models.PositiveIntegerField(_("版本"), default=1)
    number = models.CharField(_("发文字号"), max_length=60, blank=True, db_index=True)
    recipients = models.ManyToManyField("people.Department", related_name="+", verbose_name=_("主送机关"))
    countersigners = models.ManyToManyField("people.Department", related_name="+", verbose_name=_("会签单位"))
    drafter = models.ForeignKey("people.User", models.PROTECT, related_name="+", verbose_name=_("拟稿人"))
    issued_by = models.CharField(_("签发人"), max_length=120, blank=True)
    issued_at = models.DateTimeField(_("签发时间"), null=True, blank=True)
    digest = models.CharField(_("版式文件摘要"), max_length=64, blank=True)
    seal = models.JSONField(_("签章"), default=dict)
    created_at = models.DateTimeField(_("起草时间"))
    revision = models.PositiveIntegerField(_("修订"), default=1)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("公文")
        indexes: ClassVar = [
            models.Index(fields=["organ", "state", "-created_at", "-id"]),
            models.Index(fields=["-created_at", "-id"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], condition=~models.Q(number=""), name="internal_paper_number_once"
            )
        ]

    def __str__(self) -> str:
        return self.number or self.title

    @property
    def state_text(self) -> Text:
        return PaperState(self.state).text


class PaperVersion(AppendOnly):
    """公文版本: the text as somebody left it."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("版本"))
    title = models.CharField(_("标题"), max_length=200)
    body = models.TextField(_("正文"))
    by = models.CharField(_("修改人"), max_length=120)
    at = models.DateTimeField(_("修改时间"))
    why = models.CharField(_("修改说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("公文版本")
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paper", "number"], name="internal_paper_version_once")
        ]


class PaperOpinion(GuardedModel):
    """会签意见: what one department is asked for and says on one round."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="opinions")
    round = models.PositiveIntegerField(_("轮次"))
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("送会签时间"))
    outcome = models.CharField(_("会签意见"), max_length=10, blank=True)
    opinion = models.CharField(_("意见内容"), max_length=500, blank=True)
    by = models.CharField(_("会签人"), max_length=120, blank=True)
    at = models.DateTimeField(_("会签时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("会签意见")
        ordering: ClassVar = ["round", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paper", "round", "department"], name="internal_opinion_once")
        ]


class PaperCopy(GuardedModel):
    """收文: the copy one unit received, signed for and dealt with."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="copies")
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(_("分发时间"))
    received_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    received_by = models.CharField(_("签收人"), max_length=120, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    handling = models.CharField(_("办理情况"), max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("收文")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["department", "received_at", "id"])]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paper", "department"], name="internal_copy_once")
        ]


class PaperEvent(AppendOnly):
    """公文过程: append only."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="history")
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("事件类型"), max_length=20)
    actor_name = models.CharField(_("办理人"), max_length=120)
    text = models.JSONField(_("过程说明"))
    data = models.JSONField(_("数据"), default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("公文过程")
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["paper", "at", "id"])]
