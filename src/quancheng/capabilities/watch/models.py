"""Tables of rules 监测规则, their versions, trials on the past 试算 and episodes 触发过程."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.watch.values import moment
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Level(models.IntegerChoices):
    """告警级别 (中国预警四色)."""

    RED = 1, _("红色")
    ORANGE = 2, _("橙色")
    YELLOW = 3, _("黄色")
    BLUE = 4, _("蓝色")


class State(models.TextChoices):
    """版本状态."""

    DRAFT = "draft", _("起草中")
    SIMULATED = "simulated", _("已试算")
    APPROVED = "approved", _("已批准")
    IN_FORCE = "in_force", _("生效中")
    RETIRED = "retired", _("已停用")


class WatchRule(GuardedModel):
    """监测规则: what all its versions have in common."""

    code = models.CharField(_("编号"), max_length=80, unique=True)
    zh = models.CharField(_("名称"), max_length=100)
    en = models.CharField(_("英文名称"), max_length=160)
    pack = models.CharField(_("规则包"), max_length=60, blank=True, default="")
    """Name of the pack it came with; empty for a rule somebody wrote here."""
    created_at = models.DateTimeField(_("建立时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("监测规则")

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """The name in both languages."""
        return Text(self.zh, self.en)

    def get_absolute_url(self) -> str:
        """The rule's page."""
        return f"/work/watch/{self.code}/"


class RuleVersion(GuardedModel):
    """规则版本: what it asks, of which streams; it does not change any more once it was tried."""

    rule = models.ForeignKey(WatchRule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("版本"))
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.DRAFT)
    kind = models.CharField(_("类型"), max_length=12)
    spec: Any = models.JSONField(_("条件"))
    scope: Any = models.JSONField(_("范围"))
    parameter = models.CharField(_("参数编号"), max_length=100, blank=True, default="")
    """Rule book id of the limit; empty: the limit is the version's own, from ``source``."""
    source = models.CharField(_("依据"), max_length=300, blank=True, default="")
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    incident_type = models.CharField(_("事件类别"), max_length=100)
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")
    written_by = models.CharField(_("起草人"), max_length=120)
    written_at = models.DateTimeField(_("起草时间"))
    approved_by = models.CharField(_("批准人"), max_length=120, blank=True, default="")
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    valid_from = models.DateTimeField(_("生效时间"), null=True)
    valid_to = models.DateTimeField(_("停用时间"), null=True)
    retired_by = models.CharField(_("停用人"), max_length=120, blank=True, default="")
    changed_at = models.DateTimeField(_("变更时间"))

    class Meta:
        verbose_name = _("规则版本")
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="watch_version_once"),
            models.UniqueConstraint(
                fields=["rule"], condition=models.Q(state="in_force"), name="watch_one_in_force"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-changed_at", "-id"], name="watch_version_state"),
            models.Index(fields=["-changed_at"], name="watch_version_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.rule.code} v{self.number}"


class Trial(GuardedModel):
    """试算: what a version would have found in the past."""

    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, related_name="trials")
    since = models.DateTimeField(_("起"))
    until = models.DateTimeField(_("止"))
    streams = models.PositiveIntegerField(_("数据流"))
    readings = models.PositiveBigIntegerField(_("读数"))
    firings = models.PositiveIntegerField(_("触发次数"))
    episodes: Any = models.JSONField(_("过程"), default=list)
    """The first 200: ``stream name began ended value limit``, times in µs."""
    by_day: Any = models.JSONField(_("逐日次数"), default=dict)
    by = models.CharField(_("经办"), max_length=120)
    at = models.DateTimeField(_("时间"))
    milliseconds = models.PositiveIntegerField(_("用时"), default=0)

    class Meta:
        verbose_name = _("试算")
        indexes = [models.Index(fields=["version", "-at"], name="watch_trial_version")]


class Episode(GuardedModel):
    """触发过程: a rule in force came true at a stream, from when until when; times in µs."""

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="episodes")
    stream = models.BigIntegerField(_("数据流"))
    key = models.CharField(_("对象"), max_length=200)
    began = models.BigIntegerField(_("开始"))
    ended = models.BigIntegerField(_("结束"), null=True)
    value = models.FloatField(_("数值"))
    limit = models.FloatField(_("阈值"))
    late = models.BooleanField(_("迟到数据"), default=False)
    alarm = models.BigIntegerField(_("告警"))
    detected_at = models.DateTimeField(_("发现时间"))
    delay_ms = models.PositiveIntegerField(_("用时（毫秒）"), default=0)
    """From the reading's receipt (see :mod:`delays`) to the beginning of its writing."""
    readings: Any = models.JSONField(_("读数"), default=list)

    class Meta:
        verbose_name = _("触发过程")
        constraints = [
            models.UniqueConstraint(fields=["version", "stream", "began"], name="watch_episode_once")
        ]
        indexes = [
            models.Index(fields=["version", "-began", "-id"], name="watch_episode_version"),
            models.Index(fields=["ended", "version"], name="watch_episode_open"),
            models.Index(fields=["alarm"], name="watch_episode_alarm"),
        ]

    @property
    def began_at(self) -> datetime:
        """The event time of its beginning."""
        return moment(self.began)

    @property
    def ended_at(self) -> datetime | None:
        """The event time of its end."""
        return None if self.ended is None else moment(self.ended)
