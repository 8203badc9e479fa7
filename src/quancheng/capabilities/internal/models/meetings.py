"""会议: notice, replies, seats and minutes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.internal.models.base import AppendOnly
from quancheng.capabilities.internal.values import ReplyState
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Meeting(GuardedModel):
    """会议."""

    title = models.CharField(_("会议名称"), max_length=200)
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("召集单位")
    )
    hall = models.CharField(_("会场"), max_length=40)
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    reply_by = models.DateTimeField(_("回执截止"))
    agenda = models.TextField(_("议程"))
    sent_at = models.DateTimeField(_("通知时间"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("取消时间"), null=True, blank=True)
    seats = models.JSONField(_("座次"), default=list)
    minutes = models.TextField(_("纪要"), blank=True)
    minutes_at = models.DateTimeField(_("纪要印发时间"), null=True, blank=True)
    created_by = models.ForeignKey(
        "people.User", models.PROTECT, related_name="+", verbose_name=_("会务人员")
    )
    revision = models.PositiveIntegerField(_("修订"), default=1)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("会议")
        indexes: ClassVar = [models.Index(fields=["-starts_at", "-id"])]

    def __str__(self) -> str:
        return self.title


class Invitation(GuardedModel):
    """参会通知与回执: one unit, what is required of it, and its answer."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="invitations")
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    required = models.CharField(_("参会要求"), max_length=120)
    state = models.CharField(_("回执"), max_length=12, choices=[(one.value, one.zh) for one in ReplyState])
    attendee = models.CharField(_("参会人员"), max_length=60, blank=True)
    post = models.CharField(_("职务"), max_length=60, blank=True)
    rank = models.PositiveSmallIntegerField(_("礼宾序"), default=50)
    rostrum = models.BooleanField(_("主席台就座"), default=False)
    reason = models.CharField(_("请假或委派原因"), max_length=300, blank=True)
    replied_at = models.DateTimeField(_("回执时间"), null=True, blank=True)
    replied_by = models.CharField(_("回执人"), max_length=120, blank=True)
    reminded_at = models.DateTimeField(_("催办时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("参会回执")
        ordering: ClassVar = ["rank", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["meeting", "department"], name="internal_invitation_once")
        ]

    @property
    def state_text(self) -> Text:
        return ReplyState(self.state).text


class MeetingEvent(AppendOnly):
    """会议过程: append only."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="history")
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("事件类型"), max_length=20)
    actor_name = models.CharField(_("办理人"), max_length=120)
    text = models.JSONField(_("过程说明"))

    class Meta:
        verbose_name = verbose_name_plural = _("会议过程")
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["meeting", "at", "id"])]
