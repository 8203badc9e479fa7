"""Tables of data return: what is returned 数据返还, receipts 签收, differences sent up 差异上报."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Returned(GuardedModel):
    """返还数据: a table of the city given back to districts and towns, each its own rows."""

    table = models.CharField(_("数据表"), max_length=36, unique=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120, blank=True, default="")
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("来源部门")
    )
    region_column = models.CharField(_("区划字段"), max_length=80)
    fields = models.JSONField(_("返还字段"), default=list)
    active = models.BooleanField(_("返还中"), default=True)
    declared_by = models.CharField(_("设定人"), max_length=120)
    declared_at = models.DateTimeField(_("设定时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("返还数据")

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en or self.zh)


class Receipt(GuardedModel):
    """返还签收: an area took a version; both sides counted its rows."""

    returned = models.ForeignKey(Returned, models.PROTECT, related_name="receipts")
    region_code = models.CharField(_("区域"), max_length=12, db_index=True)
    version = models.PositiveIntegerField(_("数据版本"))
    given = models.PositiveIntegerField(_("市级下发行数"))
    taken = models.PositiveIntegerField(_("本地签收行数"))
    digest = models.CharField(_("内容摘要"), max_length=64)
    by = models.CharField(_("签收人"), max_length=120)
    at = models.DateTimeField(_("签收时间"))

    class Meta:
        verbose_name = _("返还签收")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["returned", "region_code", "version"], name="ledgers_receipt_once"
            )
        ]

    @property
    def equal(self) -> bool:
        """Whether both counts agree."""
        return self.given == self.taken


class Difference(GuardedModel):
    """差异: what the field found otherwise than the base has it; the source's officer decides."""

    class Kind(models.TextChoices):
        VALUE = "value", _("值不同")
        EXTRA = "extra", _("多：来源没有")
        MISSING = "missing", _("少：现场未见")

    class State(models.TextChoices):
        WAITING = "waiting", _("待核实")
        ACCEPTED = "accepted", _("已采纳")
        REJECTED = "rejected", _("未采纳")

    book = models.ForeignKey("ledgers.Book", models.PROTECT, null=True, related_name="differences")
    row = models.ForeignKey("ledgers.Row", models.PROTECT, null=True, related_name="differences")
    comparison = models.ForeignKey(
        "ledgers.Comparison", models.SET_NULL, null=True, related_name="differences"
    )
    returned = models.ForeignKey(Returned, models.PROTECT, related_name="differences")
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("来源部门")
    )
    kind = models.CharField(_("差异类型"), max_length=8, choices=Kind)
    key = models.JSONField(_("来源主键"), default=list)
    label = models.CharField(_("标识"), max_length=120)
    column = models.CharField(_("字段"), max_length=80, blank=True, default="")
    source = models.CharField(_("来源字段"), max_length=80, blank=True, default="")
    base = models.CharField(_("来源值"), max_length=1000, blank=True, default="")
    found = models.CharField(_("现场值"), max_length=1000, blank=True, default="")
    content = models.JSONField(_("整行"), default=dict)
    region_code = models.CharField(_("社区代码"), max_length=12, db_index=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    sent_by = models.CharField(_("上报人"), max_length=120)
    sent_at = models.DateTimeField(_("上报时间"))
    decided_by = models.CharField(_("核实人"), max_length=120, blank=True, default="")
    decided_at = models.DateTimeField(_("核实时间"), null=True)
    reason = models.CharField(_("理由"), max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(_("生效版本"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("差异")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["row", "kind", "column"],
                condition=models.Q(state="waiting"),
                name="ledgers_difference_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organ", "state", "-id"], name="ledgers_difference_organ"),
            models.Index(fields=["book", "state"], name="ledgers_difference_book"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.column}"
