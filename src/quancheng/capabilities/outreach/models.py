"""Tables of themes 主题, consents 同意, hints 提示 and sweeps 比对."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.outreach import themes
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Theme(GuardedModel):
    """主题: published or paused."""

    code = models.SlugField(_("主题代码"), max_length=40, unique=True)
    content = models.JSONField(_("主题内容"))
    digest = models.CharField(_("摘要"), max_length=64)
    active = models.BooleanField(_("发布中"), default=True)
    sensitive = models.BooleanField(_("敏感"), default=False)
    order = models.PositiveIntegerField(_("排序"), default=100)
    entitled = models.PositiveIntegerField(_("符合人数"), null=True, blank=True)
    swept_on = models.DateField(_("最近比对"), null=True, blank=True)
    changed_at = models.DateTimeField(_("更新时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("主题")

    def __str__(self) -> str:
        return self.code

    @property
    def spec(self) -> themes.Theme:
        """The theme as a value."""
        return themes.read(self.content)

    @property
    def text(self) -> Text:
        return Text.of(self.content["name"])


class Consent(GuardedModel):
    """同意: to be told at all (theme empty), and of each theme."""

    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="outreach_consents")
    theme = models.ForeignKey(Theme, models.PROTECT, null=True, blank=True, related_name="consents")
    agreed = models.BooleanField(_("已同意"))
    at = models.DateTimeField(_("时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("主动服务同意")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "theme"], name="outreach_consent_once", nulls_distinct=False
            )
        ]


class Hint(GuardedModel):
    """提示: one person told once of one cause."""

    class State(models.TextChoices):
        """提示状态."""

        TOLD = "told", _("已提示")
        APPLIED = "applied", _("已申请")
        DECLINED = "declined", _("不需要")

    theme = models.ForeignKey(Theme, models.PROTECT, related_name="hints")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="outreach_hints")
    firm = models.ForeignKey("people.Firm", models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.CharField(_("缘由编号"), max_length=100)
    reason = models.JSONField(_("提示理由"))
    state = models.CharField(_("提示状态"), max_length=8, choices=State, default=State.TOLD)
    told_at = models.DateTimeField(_("提示时间"))
    ended_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    receipt = models.CharField(_("受理编号"), max_length=32, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("主动提示")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["theme", "person", "cause"], name="outreach_hint_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-told_at", "-id"]),
            models.Index(fields=["theme", "state"]),
        ]


class Sweep(GuardedModel):
    """比对进度: how far the night's run has come; a run cut off goes on from here."""

    day = models.DateField(_("日期"), unique=True)
    stage = models.CharField(_("阶段"), max_length=8, default="person")
    cursor = models.BigIntegerField(_("进度"), default=0)
    counts = models.JSONField(_("计数"), default=dict)
    told = models.PositiveIntegerField(_("提示数"), default=0)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("主题比对")
