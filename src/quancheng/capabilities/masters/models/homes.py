"""一户一档 and 房屋空置: a home, who lives there by which source, and how lived-in it looks."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.masters.models.records import Golden
from quancheng.kernel.models import GuardedModel


class Home(GuardedModel):
    """房屋: one golden record of the space master, with its dossiers and its vacancy score.

    ``place`` is the address in its compared form. The score is a hint to look, never a ground to act.
    """

    class State(models.TextChoices):
        """居住状态."""

        OCCUPIED = "OCCUPIED", _("有人居住")
        UNCERTAIN = "UNCERTAIN", _("待核实")
        VACANT = "VACANT", _("疑似空置")
        UNKNOWN = "UNKNOWN", _("数据不足")

    golden = models.OneToOneField(Golden, models.CASCADE, related_name="home")
    address = models.CharField(_("地址"), max_length=200)
    place = models.CharField(max_length=250, db_index=True)
    region_code = models.CharField(_("社区代码"), max_length=12)
    residents = models.PositiveSmallIntegerField(_("登记居住人数"), default=0)
    households = models.JSONField(_("户"), default=list)
    contradictions = models.JSONField(_("矛盾"), default=list)
    contradictions_count = models.PositiveSmallIntegerField(_("矛盾数"), default=0)
    measures = models.JSONField(_("指标"), default=dict)
    state = models.CharField(_("居住状态"), max_length=10, choices=State, default=State.UNKNOWN)
    score = models.FloatField(_("分值"), default=0.0)
    findings = models.JSONField(_("依据"), default=list)
    rule_from = models.DateField(_("规则起始日"), null=True)
    judged_at = models.DateTimeField(_("判定时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("房屋")
        indexes: ClassVar = [
            models.Index(fields=["region_code", "state", "-score", "-id"], name="masters_home_region"),
            models.Index(fields=["state", "-score", "-id"], name="masters_home_state"),
        ]

    def __str__(self) -> str:
        return self.address


class Residence(GuardedModel):
    """居住关系: a person at a home by some sources; ``chosen`` when the golden record says so too."""

    home = models.ForeignKey(Home, models.CASCADE, related_name="residences")
    golden = models.ForeignKey(Golden, models.CASCADE, related_name="residences")
    sources = models.JSONField(_("依据来源"), default=list)
    chosen = models.BooleanField(_("采信"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("居住关系")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["home", "golden"], name="masters_residence_once")
        ]

    def __str__(self) -> str:
        return f"{self.golden_id}@{self.home_id}"
