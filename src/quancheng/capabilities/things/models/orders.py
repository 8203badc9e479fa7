"""维修工单: what is broken, who repairs it, until when, and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.things.models.alarms import Alarm
from quancheng.capabilities.things.models.stations import Maintainer, Station
from quancheng.kernel.models import GuardedModel


class RepairOrder(GuardedModel):
    """维修工单."""

    class State(models.TextChoices):
        ORDERED = "ordered", _("已派单")
        ACCEPTED = "accepted", _("已接单")
        ON_SITE = "on_site", _("已到场")
        REPAIRED = "repaired", _("已修复")
        VERIFIED = "verified", _("已验收")
        REFUSED = "refused", _("已退单")

    class Cause(models.TextChoices):
        SILENT = "silent", _("静默")
        FAULTY = "faulty", _("故障")
        ALARM = "alarm", _("告警")
        QUALITY = "quality", _("数据质量")
        INSPECTION = "inspection", _("巡检")

    number = models.CharField(_("工单号"), max_length=24, unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="orders")
    alarm = models.ForeignKey(Alarm, on_delete=models.SET_NULL, null=True, related_name="orders")
    maintainer = models.ForeignKey(Maintainer, on_delete=models.PROTECT, related_name="orders")
    cause = models.CharField(_("原因"), max_length=12, choices=Cause.choices)
    text = models.CharField(_("情况"), max_length=500)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.ORDERED)
    created_at = models.DateTimeField(_("派单时间"))
    created_by = models.CharField(_("派单人"), max_length=120)
    due_at = models.DateTimeField(_("时限"))
    ended_at = models.DateTimeField(_("办结时间"), null=True)
    overdue_told = models.BooleanField(_("已提醒超时"), default=False)
    photo = models.FileField(_("现场照片"), upload_to="things/%Y/%m/", blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("维修工单")
        constraints = [
            models.UniqueConstraint(
                fields=["station"],
                condition=models.Q(state__in=["ordered", "accepted", "on_site", "repaired"]),
                name="things_order_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="things_order_state"),
            models.Index(fields=["maintainer", "state"], name="things_order_maintainer"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The order's page."""
        return f"/work/things/orders/{self.number}/"


OPEN = (
    RepairOrder.State.ORDERED,
    RepairOrder.State.ACCEPTED,
    RepairOrder.State.ON_SITE,
    RepairOrder.State.REPAIRED,
)


class RepairStep(GuardedModel):
    """工单经过."""

    order = models.ForeignKey(RepairOrder, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField(_("时间"))
    state = models.CharField(_("状态"), max_length=10, choices=RepairOrder.State.choices)
    by = models.CharField(_("经办"), max_length=120)
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("工单经过")
        indexes = [models.Index(fields=["order", "at", "id"], name="things_repair_step")]
