"""站点与数据流: the devices of the city and what each measures."""

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
    AIR = "air", _("空气微站")
    NOISE = "noise", _("噪声监测点")
    MANHOLE = "manhole", _("窨井水位计")
    SMOKE = "smoke", _("烟感探测器")
    STREETLIGHT = "streetlight", _("路灯控制器")
    METER = "meter", _("远传水表")
    CAMERA = "camera", _("摄像机")
    POLE = "pole", _("智慧杆")
    SATELLITE = "satellite", _("卫星")
    DRONE = "drone", _("无人机")
    VEHICLE = "vehicle", _("车载监测")


class Status(models.TextChoices):
    """设备状态."""

    PLANNED = "planned", _("规划")
    INSTALLED = "installed", _("已安装")
    ONLINE = "online", _("在线")
    SILENT = "silent", _("静默")
    FAULTY = "faulty", _("故障")
    RETIRED = "retired", _("退役")


IN_SERVICE = (Status.ONLINE, Status.SILENT, Status.FAULTY)
"""在用: it should speak. Life cycle: planned → installed → in service (online, silent, faulty) → retired."""


class Maintainer(GuardedModel):
    """运维单位: the firm or team that keeps devices working."""

    code = models.CharField(_("编号"), max_length=40, unique=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120)
    contact = models.CharField(_("联系人"), max_length=40, blank=True, default="")
    phone = models.CharField(_("电话"), max_length=30, blank=True, default="")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("运维单位")

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """The name in both languages."""
        return Text(self.zh, self.en)


class MaintainerMember(GuardedModel):
    """运维人员: an account that works on the orders of a maintainer."""

    maintainer = models.ForeignKey(Maintainer, on_delete=models.CASCADE, related_name="members")
    user_id = models.BigIntegerField(_("账号"))

    class Meta:
        verbose_name = _("运维人员")
        constraints = [models.UniqueConstraint(fields=["maintainer", "user_id"], name="things_member_once")]


class ImportBatch(GuardedModel):
    """批量登记记录: one file of devices; may be taken back within a day."""

    name = models.CharField(_("文件"), max_length=120)
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField(_("行数"))
    by = models.CharField(_("经办"), max_length=120)
    at = models.DateTimeField(_("时间"))
    undone_at = models.DateTimeField(_("撤销时间"), null=True)
    undone_by = models.CharField(_("撤销"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("批量登记记录")
        indexes = [models.Index(fields=["-at", "-id"], name="things_import_time")]


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
    address = models.CharField(_("设备地址"), max_length=64, unique=True, null=True)
    """What it calls itself in its protocol: SL 651 ten digits, HJ 212 MN, GB/T 28181 twenty digits …"""
    status = models.CharField(_("状态"), max_length=10, choices=Status.choices, default=Status.PLANNED)
    last_seen = models.DateTimeField(_("最近到报"), null=True)
    changed_at = models.DateTimeField(_("变更时间"))
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")
    maker = models.CharField(_("厂商"), max_length=80, blank=True, default="")
    model = models.CharField(_("型号"), max_length=80, blank=True, default="")
    serial = models.CharField(_("序列号"), max_length=80, blank=True, default="")
    maintainer = models.ForeignKey(
        Maintainer, on_delete=models.PROTECT, null=True, related_name="stations", verbose_name=_("运维单位")
    )
    host = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="mounted", verbose_name=_("搭载于")
    )
    """The pole, satellite or vehicle it sits on."""
    installed_on = models.DateField(_("安装日期"), null=True)
    calibrated_on = models.DateField(_("上次检定"), null=True)
    calibration_due = models.DateField(_("下次检定"), null=True)
    thing = models.BigIntegerField(_("SensorThings 物"), null=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.SET_NULL, null=True, related_name="stations")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("站点")
        indexes = [
            models.Index(fields=["kind", "status", "code"], name="things_kind_status"),
            models.Index(fields=["region", "kind"], name="things_region_kind"),
            models.Index(fields=["status", "last_seen"], name="things_status_seen"),
            models.Index(fields=["department", "kind"], name="things_department_kind"),
            models.Index(fields=["calibration_due"], name="things_calibration_due"),
            models.Index(fields=["thing"], name="things_station_thing"),
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
    number = models.BigIntegerField(_("SensorThings 数据流"), null=True, unique=True)
    interval_minutes = models.PositiveIntegerField(_("应报间隔(分钟)"), null=True)
    """Only when it differs from that of its kind."""
    silent_since = models.DateTimeField(_("静默起"), null=True)

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


class DeviceEvent(GuardedModel):
    """设备经历: everything done to a device, newest last."""

    class What(models.TextChoices):
        REGISTERED = "registered", _("登记")
        EDITED = "edited", _("修改")
        STATUS = "status", _("变更状态")
        CALIBRATED = "calibrated", _("检定")
        MAINTAINER = "maintainer", _("变更运维单位")
        CONNECTED = "connected", _("发放接入凭据")
        ORDERED = "ordered", _("报修")
        REPAIRED = "repaired", _("修复验收")

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField(_("时间"))
    what = models.CharField(_("经历"), max_length=12, choices=What.choices)
    by = models.CharField(_("经办"), max_length=120)
    note = models.CharField(_("说明"), max_length=300, blank=True, default="")
    detail = models.JSONField(_("细节"), default=dict)

    class Meta:
        verbose_name = _("设备经历")
        indexes = [models.Index(fields=["station", "-at", "-id"], name="things_history_station")]


class Calibration(GuardedModel):
    """检定校准记录."""

    class Outcome(models.TextChoices):
        PASSED = "passed", _("合格")
        ADJUSTED = "adjusted", _("调整后合格")
        FAILED = "failed", _("不合格")

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="calibrations")
    on = models.DateField(_("检定日期"))
    outcome = models.CharField(_("结论"), max_length=10, choices=Outcome.choices)
    certificate = models.CharField(_("证书编号"), max_length=60, blank=True, default="")
    due = models.DateField(_("下次检定"), null=True)
    by = models.CharField(_("经办"), max_length=120)
    note = models.CharField(_("说明"), max_length=300, blank=True, default="")
    at = models.DateTimeField(_("记录时间"))

    class Meta:
        verbose_name = _("检定校准记录")
        indexes = [models.Index(fields=["station", "-on", "-id"], name="things_calibration_station")]
