"""画像: who opened whose profile for what, and what the person agreed to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.masters.models.records import Golden
from quancheng.kernel.models import GuardedModel


class Opening(GuardedModel):
    """画像查看: one look at one record, for a purpose and a case; the person reads it. Without a golden
    record: a look-up that found nothing, which counts all the same."""

    golden = models.ForeignKey(Golden, models.CASCADE, related_name="openings", null=True)
    purpose = models.CharField(_("用途"), max_length=40)
    case = models.CharField(_("业务编号"), max_length=80, blank=True)
    who = models.CharField(_("查看人"), max_length=100)
    user = models.BigIntegerField(null=True, db_index=True)
    way = models.CharField(_("方式"), max_length=10, default="page")
    fields = models.JSONField(_("所见字段"), default=list)
    at = models.DateTimeField(_("时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("画像查看")
        indexes: ClassVar = [
            models.Index(fields=["golden", "-at", "-id"], name="masters_opening_latest"),
            models.Index(fields=["user", "at"], name="masters_opening_user"),
        ]

    def __str__(self) -> str:
        return f"{self.golden_id} {self.purpose}"


class Consent(GuardedModel):
    """同意: what a person agreed to, for a purpose whose basis is consent; a withdrawal ends it."""

    person = models.BigIntegerField(_("自然人"), db_index=True)
    purpose = models.CharField(_("用途"), max_length=40)
    given_at = models.DateTimeField(_("同意时间"))
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("同意")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "purpose"],
                condition=models.Q(withdrawn_at=None),
                name="masters_consent_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.purpose}"
