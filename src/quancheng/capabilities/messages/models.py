"""Table of messages 消息."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.messages.routing import Preferences, masked
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


class Contact(GuardedModel):
    """接收设置: where a recipient may be reached outside, proved by a code, and when not."""

    recipient = models.CharField(_("接收者"), max_length=40, unique=True)
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("people.User", models.PROTECT, null=True, related_name="+")
    phone = models.CharField(_("手机号"), max_length=20, blank=True, db_index=True)
    email = models.EmailField(_("电子邮箱"), blank=True)
    sms_on = models.BooleanField(_("短信提醒"), default=True)
    email_on = models.BooleanField(_("邮件提醒"), default=True)
    quiet_from = models.TimeField(_("免打扰开始"), null=True, blank=True)
    quiet_until = models.TimeField(_("免打扰结束"), null=True, blank=True)
    updated_at = models.DateTimeField(_("更新时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("接收设置")

    @property
    def preferences(self) -> Preferences:
        return Preferences(
            self.phone, self.email, self.sms_on, self.email_on, self.quiet_from, self.quiet_until
        )


class AddressCode(GuardedModel):
    """验证码: sent to an address that somebody says is theirs; kept as a keyed digest."""

    recipient = models.CharField(_("接收者"), max_length=40, db_index=True)
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("people.User", models.PROTECT, null=True, related_name="+")
    channel = models.CharField(_("渠道"), max_length=8)
    address = models.CharField(_("地址"), max_length=254)
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField(_("时间"))
    expires_at = models.DateTimeField(_("失效时间"))
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("验证码")


class Delivery(GuardedModel):
    """投递: one text on its way to one address outside, and how it ended."""

    class State(models.TextChoices):
        """状态."""

        QUEUED = "queued", _("待发送")
        SENDING = "sending", _("发送中")
        SENT = "sent", _("已提交")
        DELIVERED = "delivered", _("已送达")
        FAILED = "failed", _("失败")
        CANCELLED = "cancelled", _("已取消")

    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="deliveries")
    recipient = models.CharField(_("接收者"), max_length=40, db_index=True)
    channel = models.CharField(_("渠道"), max_length=8)
    address = models.CharField(_("地址"), max_length=254)
    subject = models.CharField(_("主题"), max_length=200, blank=True)
    text = models.TextField(_("内容"), blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    parts = models.PositiveSmallIntegerField(_("条数"), default=1)
    due_at = models.DateTimeField(_("应发时间"))
    made_at = models.DateTimeField(_("时间"))
    sent_at = models.DateTimeField(_("提交时间"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)
    secret = models.BooleanField(default=False)
    """A code: its text is wiped when it has gone out."""
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("投递")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "channel"], name="messages_delivery_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["channel", "state", "due_at"], name="messages_due"),
            models.Index(fields=["-made_at", "-id"], name="messages_newest"),
        ]

    @property
    def masked(self) -> str:
        return masked(self.address)


class DeliveryPart(GuardedModel):
    """投递分段: a part of a text as the gateway numbers it; its report finds the delivery."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="pieces")
    gateway_id = models.CharField(max_length=20, unique=True)
    status = models.CharField(_("状态报告"), max_length=10, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("投递分段")
