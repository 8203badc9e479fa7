"""人事档案与国企档案: one dossier per staff member or state enterprise, its facts appended."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.internal.models.base import AppendOnly
from quancheng.capabilities.internal.values import DossierStatus
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Dossier(GuardedModel):
    """档案: who it is about; everything known stands in its entries."""

    class Kind(models.TextChoices):
        """档案类型."""

        STAFF = "staff", _("人事档案")
        ENTERPRISE = "enterprise", _("国企档案")

    number = models.CharField(_("档案号"), max_length=24, unique=True)
    kind = models.CharField(_("档案类型"), max_length=10, choices=Kind)
    name = models.CharField(_("姓名或名称"), max_length=120, db_index=True)
    identity = models.CharField(_("证件号码"), max_length=18, blank=True, db_index=True)
    user = models.OneToOneField(
        "people.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("本人账户")
    )
    unit = models.ForeignKey("people.Department", models.PROTECT, related_name="+", verbose_name=_("单位"))
    status = models.CharField(
        _("人员状态"), max_length=8, choices=[(one.value, one.zh) for one in DossierStatus]
    )
    retires_on = models.DateField(_("法定退休时间"), null=True, blank=True)
    opened_at = models.DateTimeField(_("建档时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("档案")
        indexes: ClassVar = [
            models.Index(fields=["unit", "status", "name", "id"]),
            models.Index(fields=["status", "retires_on", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def status_text(self) -> Text:
        return DossierStatus(self.status).text


class DossierEntry(AppendOnly):
    """档案条目: one fact from one day on, and where it comes from; never changed."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="entries")
    key = models.CharField(_("条目"), max_length=40)
    value = models.JSONField(_("内容"))
    valid_from = models.DateField(_("生效日"))
    source = models.JSONField(_("来源"))
    item = models.ForeignKey("internal.Item", models.PROTECT, null=True, blank=True, related_name="entries")
    at = models.DateTimeField(_("记入时间"))
    by = models.CharField(_("记入人"), max_length=120)

    class Meta:
        verbose_name = verbose_name_plural = _("档案条目")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["dossier", "key", "id"])]
