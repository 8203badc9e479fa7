"""Doubtful pairs 待核对 that people decide, and corrections 校核 asked of source organs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.masters.models.definition import Master, Source
from quancheng.capabilities.masters.models.records import Golden
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Pair(GuardedModel):
    """待核对项: two records that may be the same. ``left`` < ``right`` are "source:record".

    A decision binds every later build until it is replaced. ``evidence``: lines of the model.
    """

    class State(models.TextChoices):
        """状态."""

        OPEN = "open", _("待核对")
        SECOND = "second", _("待复核")
        SAME = "same", _("同一对象")
        DIFFERENT = "different", _("不同对象")
        UNSURE = "unsure", _("无法判断")
        WITHDRAWN = "withdrawn", _("不再存疑")

    master = models.ForeignKey(Master, models.CASCADE, related_name="pairs")
    left = models.CharField(_("左记录"), max_length=170)
    right = models.CharField(_("右记录"), max_length=170)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    bits = models.FloatField(_("权重"), default=0.0)
    probability = models.FloatField(_("匹配概率"), default=0.0)
    value = models.FloatField(_("判定价值"), default=0.0)
    unclear = models.BooleanField(_("有同样好的对手"), default=False)
    evidence = models.JSONField(_("证据"), default=list)
    region_code = models.CharField(_("区域代码"), max_length=12, blank=True)
    needs_second = models.BooleanField(_("需第二人"), default=False)
    asked_at = models.DateTimeField(_("提出时间"))
    decided_by = models.CharField(_("判定人"), max_length=100, blank=True)
    decided_user = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(_("判定时间"), null=True)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    second_by = models.CharField(_("复核人"), max_length=100, blank=True)
    sampled = models.BooleanField(_("抽检"), default=False)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("待核对项")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["master", "left", "right"], name="masters_pair_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-value", "-id"], name="masters_pair_queue"),
            models.Index(fields=["master", "state"], name="masters_pair_master"),
        ]

    def __str__(self) -> str:
        return f"{self.left} ≟ {self.right}"

    @property
    def decided(self) -> bool:
        """Whether a decision binds."""
        return self.state in (self.State.SAME, self.State.DIFFERENT)


class Correction(GuardedModel):
    """校核请求: somebody says a value is wrong; the organ it came from answers."""

    class State(models.TextChoices):
        """状态."""

        SENT = "sent", _("已转来源部门")
        ACCEPTED = "accepted", _("已更正")
        REFUSED = "refused", _("不予更正")
        WITHDRAWN = "withdrawn", _("已撤回")

    golden = models.ForeignKey(Golden, models.CASCADE, related_name="corrections")
    source = models.ForeignKey(Source, models.PROTECT, related_name="corrections")
    record = models.CharField(_("来源记录号"), max_length=120)
    organ = models.BigIntegerField(_("来源部门"), db_index=True)
    field = models.CharField(_("字段"), max_length=40)
    held = models.CharField(_("现值"), max_length=300)
    claimed = models.CharField(_("主张值"), max_length=300)
    reason = models.CharField(_("理由"), max_length=500)
    asked_by = models.CharField(_("申请人"), max_length=100)
    user = models.BigIntegerField(null=True, db_index=True)
    asked_at = models.DateTimeField(_("申请时间"))
    due_on = models.DateField(_("答复期限"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.SENT)
    answer = models.CharField(_("答复"), max_length=500, blank=True)
    answered_by = models.CharField(_("答复人"), max_length=100, blank=True)
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("校核请求")
        indexes: ClassVar = [
            models.Index(fields=["organ", "state", "-asked_at", "-id"], name="masters_correction_organ")
        ]

    def __str__(self) -> str:
        return f"{self.golden_id} {self.field}"

    @property
    def text(self) -> Text:
        """What was asked, in both languages."""
        return Text(
            f"{self.field}：{self.held} → {self.claimed}", f"{self.field}: {self.held} → {self.claimed}"
        )
