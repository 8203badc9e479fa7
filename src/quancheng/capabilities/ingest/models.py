"""Tables of ingest: devices 接入设备, their channels 通道, credentials 凭据, commands 指令, dead letters 死信."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class Protocol(models.TextChoices):
    """接入协议."""

    MQTT = "mqtt", _("MQTT")
    HTTP = "http", _("HTTP")
    HJ212 = "hj212", _("HJ 212 污染源")
    GB26875 = "gb26875", _("GB 26875.3 消防")
    JT808 = "jt808", _("JT/T 808 车载")
    SL651 = "sl651", _("SL 651 水文")
    NBIOT = "nbiot", _("NB-IoT 平台推送")


class Status(models.TextChoices):
    """接入状态."""

    ACTIVE = "active", _("正常")
    SUSPENDED = "suspended", _("停用")


class Device(GuardedModel):
    """接入设备: who may send, how, and how much."""

    code = models.CharField(_("设备编码"), max_length=64, unique=True)
    protocol = models.CharField(_("协议"), max_length=10, choices=Protocol.choices)
    address = models.CharField(_("地址"), max_length=64)
    payload = models.CharField(_("载荷格式"), max_length=16, default="json")
    thing = models.CharField(_("所属物"), max_length=80, blank=True, default="")
    status = models.CharField(_("状态"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    rate = models.FloatField(_("速率上限"), default=0.0)
    secret_hash = models.CharField(max_length=100)
    secret_at = models.DateTimeField(_("凭据时间"))
    revision = models.PositiveIntegerField(_("版本"), default=1)
    created_at = models.DateTimeField(_("登记时间"))
    connected = models.BooleanField(_("在线"), default=False)
    seen_at = models.DateTimeField(_("最近上线"), null=True)
    dead_dropped = models.PositiveIntegerField(_("未留存死信"), default=0)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("接入设备")
        constraints = [models.UniqueConstraint(fields=["protocol", "address"], name="ingest_address_once")]
        indexes = [
            models.Index(fields=["status", "code"], name="ingest_device_status"),
            models.Index(fields=["connected", "code"], name="ingest_device_connected"),
        ]

    def __str__(self) -> str:
        return self.code


class Channel(GuardedModel):
    """通道: one element of a device and the stream it becomes."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="channels")
    element = models.CharField(_("要素"), max_length=80)
    stream = models.BigIntegerField(_("数据流"))
    scale = models.FloatField(_("系数"), default=1.0)
    offset = models.FloatField(_("偏移"), default=0.0)

    class Meta:
        verbose_name = _("通道")
        constraints = [models.UniqueConstraint(fields=["device", "element"], name="ingest_channel_once")]
        indexes = [models.Index(fields=["stream"], name="ingest_channel_stream")]

    def __str__(self) -> str:
        return f"{self.element} → {self.stream}"


class Certificate(GuardedModel):
    """设备证书: the fingerprint of a certificate a device may sign in with."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="certificates")
    fingerprint = models.CharField(_("指纹"), max_length=64, unique=True)
    added_at = models.DateTimeField(_("添加时间"))

    class Meta:
        verbose_name = _("设备证书")

    def __str__(self) -> str:
        return self.fingerprint[:16]


class Change(GuardedModel):
    """What gateways must read again; they look at new rows every second."""

    code = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("变更通知")


class DeadLetter(GuardedModel):
    """死信: what a device said and we could not take, and why. Bounded for each device."""

    class State(models.TextChoices):
        OPEN = "open", _("待处理")
        RETRIED = "retried", _("已重试入库")
        DISMISSED = "dismissed", _("已忽略")

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="letters", null=True)
    code = models.CharField(_("设备编码"), max_length=64, blank=True, default="")
    source = models.CharField(_("来源"), max_length=10)
    reason = models.CharField(_("原因"), max_length=24)
    detail = models.CharField(_("细节"), max_length=300, blank=True, default="")
    raw = models.BinaryField(_("原始报文"))
    size = models.PositiveIntegerField(_("字节数"))
    at = models.DateTimeField(_("收到时间"))
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)

    class Meta:
        verbose_name = _("死信")
        indexes = [
            models.Index(fields=["state", "-at", "-id"], name="ingest_letter_state"),
            models.Index(fields=["code", "-at"], name="ingest_letter_code"),
            models.Index(fields=["reason", "-at"], name="ingest_letter_reason"),
            models.Index(fields=["at"], name="ingest_letter_at"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.reason}"

    @property
    def text(self) -> str:
        """The bytes for people: as text when they are text, else in hexadecimal."""
        raw = bytes(self.raw)
        try:
            found = raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.hex(" ")
        return found if found.isprintable() or "\n" in found else raw.hex(" ")


class Command(GuardedModel):
    """下行指令: queued durably, delivered with QoS 1, done when the device acknowledged."""

    class State(models.TextChoices):
        QUEUED = "queued", _("待下发")
        SENT = "sent", _("已下发")
        DONE = "done", _("设备已确认")
        EXPIRED = "expired", _("已过期")

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="commands")
    body = models.BinaryField(_("内容"))
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField(_("提交时间"))
    queued_by = models.CharField(_("提交人"), max_length=120)
    expires_at = models.DateTimeField(_("有效期至"))
    sent_at = models.DateTimeField(_("下发时间"), null=True)
    done_at = models.DateTimeField(_("确认时间"), null=True)

    class Meta:
        verbose_name = _("下行指令")
        indexes = [
            models.Index(fields=["state", "id"], name="ingest_command_state"),
            models.Index(fields=["device", "-id"], name="ingest_command_device"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id}:{self.pk}"
