"""读数、接收台账与拒收: what came in over SL 651 and what was refused."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.things.models.stations import EXERCISE_LENGTH, Datastream
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


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
