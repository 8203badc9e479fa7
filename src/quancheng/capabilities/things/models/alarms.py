"""告警: rules by version, alarms with their evidence, and everything done about them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.things.models.stations import EXERCISE_LENGTH, Datastream, Station
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class AlarmRule(GuardedModel):
    """告警规则: one version of one ``[[alarm_rule]]`` row; changed rows make a new version."""

    class Direction(models.TextChoices):
        ABOVE = "above", _("不低于")
        BELOW = "below", _("不高于")

    code = models.CharField(_("编号"), max_length=100)
    version = models.PositiveIntegerField(_("版本"))
    module = models.CharField(_("模块"), max_length=40)
    zh = models.CharField(max_length=200)
    en = models.CharField(max_length=200)
    prop = models.CharField(_("要素"), max_length=40)
    station_kind = models.CharField(_("站类"), max_length=12)
    station = models.CharField(_("站码"), max_length=40, blank=True, default="")
    """Only this station (a stage means something at one gauge only); empty = all of the kind."""
    window_minutes = models.PositiveIntegerField(_("窗口(分钟)"))
    direction = models.CharField(max_length=6, choices=Direction.choices, default=Direction.ABOVE)
    parameter = models.CharField(_("参数编号"), max_length=100)
    level = models.PositiveSmallIntegerField(_("级别"))
    incident_type = models.CharField(_("事件类别"), max_length=100)
    digest = models.CharField(max_length=64)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("告警规则")
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="things_rule_version"),
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(active=True), name="things_rule_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    @property
    def text(self) -> Text:
        """The rule's name."""
        return Text(self.zh, self.en)


class Level(models.IntegerChoices):
    """告警级别 (中国预警四色)."""

    RED = 1, _("红色")
    ORANGE = 2, _("橙色")
    YELLOW = 3, _("黄色")
    BLUE = 4, _("蓝色")


class Result(models.TextChoices):
    """关闭结论."""

    REAL = "real", _("属实")
    FALSE = "false", _("误报")
    TEST = "test", _("测试")
    DUPLICATE = "duplicate", _("重复")
    ENDED = "ended", _("自行恢复")


class Alarm(GuardedModel):
    """告警: a rule that came true at a stream, with everything it was based on.

    Alarms of rules over SensorThings streams may have no station: then ``key`` names the thing and
    ``place`` holds what is known of it.
    """

    class State(models.TextChoices):
        RAISED = "raised", _("未确认")
        ACKNOWLEDGED = "acknowledged", _("已确认")
        CLOSED = "closed", _("已关闭")

    rule = models.ForeignKey(AlarmRule, on_delete=models.PROTECT, related_name="alarms")
    datastream = models.ForeignKey(Datastream, on_delete=models.PROTECT, related_name="alarms", null=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="alarms", null=True)
    key = models.CharField(_("对象"), max_length=120, blank=True, default="")
    """Station code or thing key; with the rule's code it is what one open row is about."""
    stream = models.BigIntegerField(_("SensorThings 数据流"), null=True)
    place = models.JSONField(_("对象信息"), default=dict)
    department = models.CharField(_("管理单位"), max_length=60, blank=True, default="")
    region = models.CharField(_("区划代码"), max_length=12, blank=True, default="")
    exercise = models.CharField(_("演练"), max_length=EXERCISE_LENGTH, blank=True, default="")
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    raised_at = models.DateTimeField(_("越限时间"))
    detected_at = models.DateTimeField(_("发现时间"))
    amount = models.DecimalField(_("数值"), max_digits=18, decimal_places=4, null=True)
    threshold = models.DecimalField(_("阈值"), max_digits=18, decimal_places=4, null=True)
    coverage = models.FloatField(_("到报率"), null=True)
    finding = models.JSONField(_("依据"))
    evidence = models.JSONField(_("读数"))
    run = models.CharField(_("批次"), max_length=40, blank=True, default="")
    state = models.CharField(_("状态"), max_length=14, choices=State.choices, default=State.RAISED)
    count = models.PositiveIntegerField(_("次数"), default=1)
    last_at = models.DateTimeField(_("最近一次"), null=True)
    ended_at = models.DateTimeField(_("恢复时间"), null=True)
    muted_until = models.DateTimeField(_("静音至"), null=True)
    untold = models.BooleanField(_("未通知"), default=False)
    """Raised while muted: its event is owed once the mute is over."""
    step = models.PositiveSmallIntegerField(_("升级步数"), default=0)
    escalated_at = models.DateTimeField(_("升级时间"), null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True, default="")
    result = models.CharField(_("结论"), max_length=10, choices=Result.choices, blank=True, default="")
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("告警")
        constraints = [
            models.UniqueConstraint(
                fields=["exercise", "datastream", "rule", "raised_at"], name="things_alarm_once"
            )
        ]
        indexes = [
            models.Index(fields=["exercise", "state", "-raised_at", "-id"], name="things_alarm_state"),
            models.Index(fields=["station", "-raised_at"], name="things_alarm_station"),
            models.Index(fields=["key", "state"], name="things_alarm_key"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.key}"

    @property
    def text(self) -> Text:
        """The name of what the alarm is about."""
        if self.station is not None:
            return self.station.text
        return Text(str(self.place.get("zh") or self.key), str(self.place.get("en") or self.key))

    @property
    def where(self) -> str:
        """The page of what the alarm is about; empty when it has none."""
        if self.station is None:
            return ""
        return self.station.get_absolute_url() + (f"?exercise={self.exercise}" if self.exercise else "")

    @property
    def unit(self) -> str:
        """The unit of amount and threshold."""
        if self.datastream is not None:
            return self.datastream.unit
        return str(self.finding.get("unit") or self.place.get("unit") or "")

    @property
    def is_simulated(self) -> bool:
        """Whether it is about something that does not exist."""
        return self.simulated or bool(self.exercise) or (self.station is not None and self.station.simulated)


class AlarmOccurrence(GuardedModel):
    """告警发生: each time a rule came true at a stream; what makes raising idempotent."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="occurrences")
    rule = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    key = models.CharField(max_length=120)
    stream = models.BigIntegerField(default=0)
    """0 = none, so that the constraint holds."""
    at = models.DateTimeField(_("越限时间"))
    amount = models.DecimalField(_("数值"), max_digits=18, decimal_places=4, null=True)

    class Meta:
        verbose_name = _("告警发生")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "version", "key", "stream", "at"], name="things_occurrence_once"
            )
        ]
        indexes = [models.Index(fields=["alarm", "-at"], name="things_occurrence_alarm")]


class AlarmStep(GuardedModel):
    """告警经过: what was done about an alarm, by whom, and who was told."""

    class What(models.TextChoices):
        RAISED = "raised", _("发出")
        REPEATED = "repeated", _("再次越限")
        ENDED = "ended", _("恢复")
        ACKNOWLEDGED = "acknowledged", _("确认")
        MUTED = "muted", _("静音")
        ESCALATED = "escalated", _("升级")
        DOWNGRADED = "downgraded", _("降级")
        CLOSED = "closed", _("关闭")

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField(_("时间"))
    what = models.CharField(_("经过"), max_length=14, choices=What.choices)
    by = models.CharField(_("经办"), max_length=120, blank=True, default="")
    to_role = models.CharField(_("通知角色"), max_length=60, blank=True, default="")
    to_department = models.CharField(_("通知单位"), max_length=60, blank=True, default="")
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")
    detail = models.JSONField(_("细节"), default=dict)
    """``before`` and ``level`` of a downgrade, ``result`` of a closing, ``until`` of a mute."""

    class Meta:
        verbose_name = _("告警经过")
        indexes = [models.Index(fields=["alarm", "at", "id"], name="things_step_alarm")]


class AlarmMute(GuardedModel):
    """告警静音: a rule at a place says nothing until a moment, with the reason."""

    rule = models.CharField(_("规则"), max_length=100)
    key = models.CharField(_("对象"), max_length=120)
    until = models.DateTimeField(_("静音至"))
    reason = models.CharField(_("原因"), max_length=300)
    by = models.CharField(_("经办"), max_length=120)
    created_at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("告警静音")
        indexes = [models.Index(fields=["rule", "key", "-until"], name="things_mute_rule")]
