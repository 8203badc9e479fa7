"""Tables of video 视频: who speaks to us, the cameras, who asked to watch, who watched, what was seen."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel

CODE = 20


class Direction(models.TextChoices):
    """接入方向."""

    DEVICE = "device", _("接入设备")
    LOWER = "lower", _("下级平台")
    UPPER = "upper", _("上级平台")
    ANALYSER = "analyser", _("分析系统")


class Kind(models.TextChoices):
    """摄像机类型 (PTZType of GB/T 28181 A.2.1.9, and high towers)."""

    FIXED = "fixed", _("枪机")
    DOME = "dome", _("球机")
    HALF_DOME = "half-dome", _("半球")
    TOWER = "tower", _("高空瞭望")
    OTHER = "other", _("其他")


class Status(models.TextChoices):
    """摄像机状态."""

    PLANNED = "planned", _("规划")
    ONLINE = "online", _("在线")
    OFFLINE = "offline", _("离线")
    REMOVED = "removed", _("已移除")


class Play(models.TextChoices):
    """调阅方式."""

    LIVE = "live", _("实时")
    PLAYBACK = "playback", _("回放")
    DOWNLOAD = "download", _("下载")


class Platform(GuardedModel):
    """信令对端: a device, a lower or an upper platform, or a system that analyses pictures."""

    code = models.CharField(_("编码"), max_length=CODE, unique=True)
    name = models.CharField(_("名称"), max_length=120)
    direction = models.CharField(_("方向"), max_length=10, choices=Direction)
    region = models.CharField(_("区划代码"), max_length=12)
    owner = models.ForeignKey(
        "people.Department", models.PROTECT, null=True, related_name="+", verbose_name=_("管理单位")
    )
    host = models.CharField(_("地址"), max_length=64, blank=True, default="")
    port = models.PositiveIntegerField(_("端口"), default=5060)
    transport = models.CharField(
        _("传输"), max_length=3, default="udp", choices=[("udp", "UDP"), ("tcp", "TCP")]
    )
    realm = models.CharField(_("认证域"), max_length=64, blank=True, default="")
    key_md5 = models.CharField(max_length=32, blank=True, default="")
    key_sha256 = models.CharField(max_length=64, blank=True, default="")
    sealed = models.CharField(max_length=300, blank=True, default="")
    """Upper platforms: our password there, encrypted; analysers: SHA-256 of their token."""
    enabled = models.BooleanField(_("启用"), default=True)
    may_play_until = models.DateTimeField(_("准许调阅至"), null=True)
    """Upper platforms: until when their INVITEs are served; empty = not at all."""
    play_purpose = models.CharField(_("调阅用途"), max_length=200, blank=True, default="")
    share_region = models.CharField(_("共享范围"), max_length=12, blank=True, default="")
    """Upper platforms: which cameras they are told of, by region prefix; empty = none."""
    online = models.BooleanField(_("在线"), default=False)
    online_changed_at = models.DateTimeField(_("状态变更时间"), null=True)
    flapping = models.BooleanField(_("抖动"), default=False)
    configured_at = models.DateTimeField(_("配置变更时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("信令对端")
        indexes: ClassVar = [
            models.Index(fields=["direction", "code"], name="video_platform_direction"),
            models.Index(fields=["configured_at"], name="video_platform_configured"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("video:platform", args=[self.code])


class Camera(GuardedModel):
    """摄像机: one channel with its place."""

    code = models.CharField(_("编码"), max_length=CODE, unique=True)
    name = models.CharField(_("名称"), max_length=120)
    platform = models.ForeignKey(
        Platform, models.PROTECT, null=True, related_name="cameras", verbose_name=_("信令对端")
    )
    parent = models.CharField(_("上级编码"), max_length=CODE, blank=True, default="")
    lon = models.FloatField(_("经度"), null=True)
    lat = models.FloatField(_("纬度"), null=True)
    region = models.CharField(_("区划代码"), max_length=12)
    owner = models.ForeignKey(
        "people.Department", models.PROTECT, null=True, related_name="+", verbose_name=_("管理单位")
    )
    address = models.CharField(_("地点"), max_length=120, blank=True, default="")
    kind = models.CharField(_("类型"), max_length=10, choices=Kind, default=Kind.FIXED)
    smart = models.BooleanField(_("智能"), default=False)
    key_area = models.BooleanField(_("重点公共区域"), default=False)
    reported = models.BooleanField(default=True)
    """What its platform says of it; counts while the platform is there."""
    status = models.CharField(_("状态"), max_length=8, choices=Status, default=Status.PLANNED)
    status_at = models.DateTimeField(_("状态变更时间"))
    changed_at = models.DateTimeField(_("变更时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("摄像机")
        indexes: ClassVar = [
            models.Index(fields=["region", "status", "code"], name="video_camera_region"),
            models.Index(fields=["status", "code"], name="video_camera_status"),
            models.Index(fields=["platform", "status"], name="video_camera_platform"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("video:camera", args=[self.code])


class StatusChange(GuardedModel):
    """上下线记录: one change, told once."""

    camera = models.ForeignKey(Camera, models.CASCADE, related_name="changes")
    online = models.BooleanField()
    at = models.DateTimeField()
    reason = models.CharField(max_length=12)
    flapping = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("上下线记录")
        indexes: ClassVar = [models.Index(fields=["camera", "-at"], name="video_change_camera")]


class Conflict(GuardedModel):
    """编码冲突: somebody claims a code that another holds; the holder keeps it."""

    code = models.CharField(_("编码"), max_length=CODE)
    holder = models.CharField(_("持有方"), max_length=80)
    claimant = models.CharField(_("申报方"), max_length=80)
    first_at = models.DateTimeField(_("首次"))
    last_at = models.DateTimeField(_("最近"))
    times = models.PositiveIntegerField(_("次数"), default=1)

    class Meta:
        verbose_name = _("编码冲突")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "claimant"], name="video_conflict_once")
        ]


class PlayRequest(GuardedModel):
    """调阅申请: who wants to see what, for which purpose, until when it is allowed."""

    class State(models.TextChoices):
        """状态."""

        PENDING = "pending", _("待审批")
        APPROVED = "approved", _("已批准")
        REFUSED = "refused", _("已驳回")

    class Rule(models.TextChoices):
        """依据."""

        OWN_AREA = "own-area", _("本辖区或本单位，即时生效")
        APPROVAL = "approval", _("跨辖区，须经审批")

    camera = models.ForeignKey(Camera, models.PROTECT, related_name="requests")
    kind = models.CharField(_("调阅方式"), max_length=8, choices=Play)
    purpose = models.CharField(_("用途"), max_length=200)
    start = models.DateTimeField(_("录像起"), null=True)
    end = models.DateTimeField(_("录像止"), null=True)
    requester_id = models.IntegerField()
    requester = models.CharField(_("申请人"), max_length=80)
    rule = models.CharField(_("依据"), max_length=10, choices=Rule)
    state = models.CharField(_("状态"), max_length=8, choices=State)
    asked_at = models.DateTimeField(_("申请时间"))
    decided_by = models.CharField(_("审批人"), max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(_("审批时间"), null=True)
    note = models.CharField(_("审批意见"), max_length=200, blank=True, default="")
    expires_at = models.DateTimeField(_("有效期至"), null=True)

    class Meta:
        verbose_name = _("调阅申请")
        indexes: ClassVar = [
            models.Index(fields=["state", "-asked_at"], name="video_request_state"),
            models.Index(fields=["requester_id", "-asked_at"], name="video_request_who"),
        ]


class PlaySession(GuardedModel):
    """播放会话: one viewer on one stream; several share the stream of one camera."""

    class State(models.TextChoices):
        """状态."""

        STARTING = "starting", _("建立中")
        PLAYING = "playing", _("播放中")
        ENDED = "ended", _("已结束")
        FAILED = "failed", _("未成功")

    request = models.ForeignKey(PlayRequest, models.PROTECT, null=True, related_name="sessions")
    platform = models.ForeignKey(Platform, models.PROTECT, null=True, related_name="+")
    """The upper platform that watches, when it is no person."""
    camera = models.ForeignKey(Camera, models.PROTECT, related_name="sessions")
    kind = models.CharField(_("调阅方式"), max_length=8, choices=Play)
    viewer_id = models.IntegerField(null=True)
    viewer = models.CharField(_("调阅人"), max_length=120)
    purpose = models.CharField(_("用途"), max_length=200)
    watermark = models.CharField(_("水印"), max_length=200)
    state = models.CharField(_("状态"), max_length=8, choices=State)
    urls = models.JSONField(default=dict)
    opened_at = models.DateTimeField(_("开始"))
    until = models.DateTimeField(_("准许至"))
    ended_at = models.DateTimeField(_("结束"), null=True)
    end_reason = models.CharField(_("结束原因"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("播放会话")
        indexes: ClassVar = [
            models.Index(fields=["state", "-opened_at"], name="video_session_state"),
            models.Index(fields=["camera", "-opened_at"], name="video_session_camera"),
        ]


class VideoEvent(GuardedModel):
    """视频事件: what a machine or a device saw; no names and no faces."""

    class Kind(models.TextChoices):
        """类别."""

        PERSON = "person", _("人员")
        VEHICLE = "vehicle", _("机动车")
        NON_MOTOR = "non-motor", _("非机动车")
        CROWD = "crowd", _("人群")
        SMOKE = "smoke", _("烟雾")
        FIRE = "fire", _("火焰")
        DEVICE_ALARM = "device-alarm", _("设备报警")

    event_id = models.CharField(_("事件编号"), max_length=64, unique=True)
    digest = models.CharField(max_length=64)
    camera = models.ForeignKey(Camera, models.PROTECT, related_name="events")
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    at = models.DateTimeField(_("时间"))
    count = models.PositiveIntegerField(_("数量"), default=1)
    confidence = models.FloatField(_("置信度"))
    box = models.JSONField(null=True)
    picture = models.CharField(_("图片摘要"), max_length=64, blank=True, default="")
    algorithm = models.CharField(_("算法"), max_length=80, blank=True, default="")
    detail = models.CharField(_("说明"), max_length=300, blank=True, default="")
    source = models.CharField(_("来源"), max_length=80)
    stream = models.BigIntegerField(null=True)
    alarm = models.BigIntegerField(null=True)
    received_at = models.DateTimeField(_("接收时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("视频事件")
        indexes: ClassVar = [
            models.Index(fields=["camera", "-at"], name="video_event_camera"),
            models.Index(fields=["kind", "-at"], name="video_event_kind"),
        ]
