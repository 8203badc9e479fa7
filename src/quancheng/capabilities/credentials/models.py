"""Tables of verifiable credentials: offers, what was issued, nonces, questions of verifiers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class Offer(GuardedModel):
    """领取: a holder takes a licence into a wallet: a code for the wallet, a number only the holder sees."""

    class State(models.TextChoices):
        """状态."""

        OFFERED = "offered", _("待领取")
        REDEEMED = "redeemed", _("领取中")
        DONE = "done", _("已领取")
        LOCKED = "locked", _("已锁定")

    code_digest = models.CharField(max_length=64, unique=True)
    tx_digest = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, blank=True, db_index=True)
    licence = models.ForeignKey("trust.Licence", models.PROTECT, related_name="offers")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="vc_offers")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.OFFERED)
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(_("发出时间"))
    expires_at = models.DateTimeField(_("到期时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("凭证领取")


class Nonce(GuardedModel):
    """挑战: a nonce a wallet's proof answers, once."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(_("到期时间"), db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = _("凭证挑战")


class Issued(GuardedModel):
    """已发凭证: one credential in one wallet, by its place in the status list."""

    licence = models.ForeignKey("trust.Licence", models.PROTECT, related_name="credentials")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="vc_issued")
    key = models.CharField(_("钱包密钥"), max_length=64)
    """Thumbprint of the wallet's key."""
    status_index = models.PositiveIntegerField(unique=True)
    issued_at = models.DateTimeField(_("发放时间"))
    expires_at = models.DateTimeField(_("到期时间"))
    stopped_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("已发凭证")
        indexes: ClassVar = [models.Index(fields=["person", "-issued_at"])]


class Question(GuardedModel):
    """出示请求: which facts an office asks a wallet for, why, and what came."""

    class State(models.TextChoices):
        """状态."""

        ASKED = "asked", _("等待出示")
        ANSWERED = "answered", _("已出示")
        REFUSED = "refused", _("未通过")

    code = models.CharField(max_length=40, unique=True)
    nonce = models.CharField(max_length=60)
    asked_by = models.ForeignKey("people.User", models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="vc_questions")
    purpose = models.CharField(_("用途"), max_length=200)
    type_code = models.CharField(_("证照类型"), max_length=60)
    claims = models.JSONField(_("所需事实"))
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.ASKED)
    facts = models.JSONField(_("出示的事实"), null=True)
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    asked_at = models.DateTimeField(_("请求时间"))
    expires_at = models.DateTimeField(_("到期时间"))
    answered_at = models.DateTimeField(_("出示时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("出示请求")
        indexes: ClassVar = [models.Index(fields=["department", "-asked_at"])]
