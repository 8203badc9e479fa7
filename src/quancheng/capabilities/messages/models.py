"""Table of messages 消息."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Message(GuardedModel):
    """消息: one text to one person or one account, made once for each event."""

    class Kind(models.TextChoices):
        """类别."""

        PROGRESS = "progress", _("办件动态")
        LICENCE = "licence", _("证照")
        NOTICE = "notice", _("通知")
        ALERT = "alert", _("提醒")

    recipient = models.CharField(_("接收者"), max_length=40)
    """``person:12`` or ``user:3``; with ``source`` it makes a message unique."""
    person = models.ForeignKey(
        "people.NaturalPerson", models.PROTECT, null=True, blank=True, related_name="messages"
    )
    user = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="messages")
    kind = models.CharField(_("类别"), max_length=10, choices=Kind, default=Kind.NOTICE)
    title = models.JSONField(_("标题"))
    body = models.JSONField(_("内容"))
    link = models.CharField(_("链接"), max_length=200, blank=True)
    source = models.CharField(_("来源"), max_length=120)
    """What made it: an event id with a template name, or a sender's own key."""
    created_at = models.DateTimeField(_("时间"))
    read_at = models.DateTimeField(_("已读时间"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("消息")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipient", "source"], name="messages_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-created_at"]),
            models.Index(fields=["user", "-created_at"]),
            models.Index(fields=["recipient"], condition=models.Q(read_at=None), name="messages_unread"),
        ]

    def __str__(self) -> str:
        return self.title.get("zh", "")

    @property
    def title_text(self) -> Text:
        return Text.of(self.title)

    @property
    def body_text(self) -> Text:
        return Text.of(self.body)

    @property
    def unread(self) -> bool:
        return self.read_at is None
