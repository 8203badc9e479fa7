"""Tables of devices 设备, their streams 数据流, readings 读数 and alarms 告警."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.things.properties import label_of, unit_of
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

EXERCISE_LENGTH = 40


class Kind(models.TextChoices):
    """站类."""

    RAIN = "rain", _("雨量站")
    RIVER = "river", _("河道站")
    RESERVOIR = "reservoir", _("水库站")
    SPRING = "spring", _("泉水站")
    PONDING = "ponding", _("积水点")
    WEATHER = "weather", _("气象站")


class Status(models.TextChoices):
    """设备状态."""

    PLANNED = "planned", _("规划")
    ONLINE = "online", _("在线")
    SILENT = "silent", _("静默")
    FAULTY = "faulty", _("故障")
    RETIRED = "retired", _("退役")


class Station(GuardedModel):
    """站点: a device at a place, with an owner."""

    code = models.CharField(_("站码"), max_length=40, unique=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=12, choices=Kind.choices)
    lon = models.FloatField(_("经度"))
    lat = models.FloatField(_("纬度"))
    region = models.CharField(_("区划代码"), max_length=12)
    department = models.CharField(_("管理单位"), max_length=60)
    protocol = models.CharField(_("规约"), max_length=20, default="SL651")
    address = models.CharField(_("遥测站地址"), max_length=10, unique=True, null=True)
    status = models.CharField(_("状态"), max_length=10, choices=Status.choices, default=Status.PLANNED)
    last_seen = models.DateTimeField(_("最近到报"), null=True)
    changed_at = models.DateTimeField(_("变更时间"))
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("站点")
        indexes = [
            models.Index(fields=["kind", "status", "code"], name="things_kind_status"),
            models.Index(fields=["region", "kind"], name="things_region_kind"),
            models.Index(fields=["status", "last_seen"], name="things_status_seen"),
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """The name in both languages."""
        return Text(self.zh, self.en)

    def get_absolute_url(self) -> str:
        """The station's page."""
        return f"/work/things/{self.code}/"


class Datastream(GuardedModel):
    """数据流: one property of one station."""

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="streams")
    prop = models.CharField(_("要素"), max_length=40)
    unit = models.CharField(_("单位"), max_length=12, blank=True)

    class Meta:
        verbose_name = _("数据流")
        constraints = [models.UniqueConstraint(fields=["station", "prop"], name="things_stream_once")]

    def __str__(self) -> str:
        return f"{self.station_id}:{self.prop}"

    @property
    def text(self) -> Text:
        """The property's name."""
        return label_of(self.prop)

    @classmethod
    def of(cls, station: Station, prop: str) -> Datastream:
        """An unsaved stream with the unit of its property."""
        return cls(station=station, prop=prop, unit=unit_of(prop))


class Quality(models.TextChoices):
    """读数质量."""

    GOOD = "good", _("正常")
    LATE = "late", _("迟到")
    CORRECTED = "corrected", _("更正")


class Latest(GuardedModel):
    """最新值: one row a stream, and another for each exercise it took part in."""

    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="latest")
    exercise = models.CharField(_("演练"), max_length=EXERCISE_LENGTH, blank=True, default="")
    time = models.DateTimeField(_("观测时间"))
    value = models.DecimalField(_("值"), max_digits=14, decimal_places=4)
    quality = models.CharField(_("质量"), max_length=10, choices=Quality.choices)

    class Meta:
        verbose_name = _("最新值")
        constraints = [models.UniqueConstraint(fields=["datastream", "exercise"], name="things_latest_once")]


class RecentReading(GuardedModel):
    """近48小时读数: what windows are made of; older ones are in the store only."""

    datastream = models.ForeignKey(
        Datastream, on_delete=models.CASCADE, related_name="recent", db_index=False
    )
    exercise = models.CharField(_("演练"), max_length=EXERCISE_LENGTH, blank=True, default="")
    time = models.DateTimeField(_("观测时间"))
    value = models.DecimalField(_("值"), max_digits=14, decimal_places=4)
    quality = models.CharField(_("质量"), max_length=10, choices=Quality.choices)

    class Meta:
        verbose_name = _("近期读数")
        constraints = [
            models.UniqueConstraint(fields=["datastream", "exercise", "time"], name="things_reading_once")
        ]
        indexes = [models.Index(fields=["exercise", "time"], name="things_reading_age")]


class IngestBatch(GuardedModel):
    """接收台账: one transaction of frames and what became of each."""

    run = models.CharField(_("批次"), max_length=40, unique=True)
    channel = models.CharField(_("通道"), max_length=40)
    exercise = models.CharField(_("演练"), max_length=EXERCISE_LENGTH, blank=True, default="")
    received_at = models.DateTimeField(_("接收时间"))
    received = models.PositiveIntegerField(_("收到帧"))
    accepted = models.PositiveIntegerField(_("接收帧"))
    duplicate = models.PositiveIntegerField(_("重复帧"))
    rejected = models.PositiveIntegerField(_("拒收帧"))
    reasons = models.JSONField(_("拒收原因"), default=dict)
    late = models.PositiveIntegerField(_("迟到帧"))
    readings = models.PositiveIntegerField(_("读数"))
    corrected = models.PositiveIntegerField(_("更正"), default=0)
    refused = models.JSONField(_("拒收读数"), default=dict)

    class Meta:
        verbose_name = _("接收台账")
        indexes = [models.Index(fields=["exercise", "received_at"], name="things_batch_time")]


class DeadLetter(GuardedModel):
    """拒收报文: bytes or values we refused, and why; never accepted, never thrown away silently."""

    received_at = models.DateTimeField(_("接收时间"))
    channel = models.CharField(_("通道"), max_length=40)
    exercise = models.CharField(_("演练"), max_length=EXERCISE_LENGTH, blank=True, default="")
    reason = models.CharField(_("原因"), max_length=30)
    zh = models.CharField(max_length=300)
    en = models.CharField(max_length=300)
    detail = models.CharField(_("细节"), max_length=200, blank=True)
    raw_hex = models.TextField(_("原始报文"))
    address = models.CharField(_("遥测站地址"), max_length=10, blank=True, default="")
    run = models.CharField(_("批次"), max_length=40)

    class Meta:
        verbose_name = _("拒收报文")
        indexes = [
            models.Index(fields=["exercise", "-received_at", "-id"], name="things_dead_time"),
            models.Index(fields=["address", "-received_at"], name="things_dead_address"),
        ]

    @property
    def text(self) -> Text:
        """What happened and what to do."""
        return Text(self.zh, self.en)

    @property
    def size(self) -> int:
        """Bytes kept."""
        return len(self.raw_hex) // 2

    @property
    def dump(self) -> str:
        """The bytes, sixteen a line with their place."""
        rows = [self.raw_hex[at : at + 32] for at in range(0, len(self.raw_hex), 32)]
        pairs = (" ".join(row[at : at + 2] for at in range(0, len(row), 2)) for row in rows)
        return "\n".join(f"{16 * number:04X}  {row}" for number, row in enumerate(pairs))


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


class Alarm(GuardedModel):
    """告警: a rule that came true at a stream, with everything it was based on."""

    class State(models.TextChoices):
        RAISED = "raised", _("未确认")
        ACKNOWLEDGED = "acknowledged", _("已确认")
        CLOSED = "closed", _("已关闭")

    rule = models.ForeignKey(AlarmRule, on_delete=models.PROTECT, related_name="alarms")
    datastream = models.ForeignKey(Datastream, on_delete=models.PROTECT, related_name="alarms")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="alarms")
    exercise = models.CharField(_("演练"), max_length=EXERCISE_LENGTH, blank=True, default="")
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    raised_at = models.DateTimeField(_("越限时间"))
    detected_at = models.DateTimeField(_("发现时间"))
    amount = models.DecimalField(_("数值"), max_digits=14, decimal_places=4)
    threshold = models.DecimalField(_("阈值"), max_digits=14, decimal_places=4)
    coverage = models.FloatField(_("到报率"))
    finding = models.JSONField(_("依据"))
    evidence = models.JSONField(_("读数"))
    run = models.CharField(_("批次"), max_length=40)
    state = models.CharField(_("状态"), max_length=14, choices=State.choices, default=State.RAISED)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")

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
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.station}"
