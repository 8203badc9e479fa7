"""Tables of the store: where each consumer is, what was dropped, what must be kept.

Observations themselves are no table: they are in the log and in the lake (``docs/modules/observations.md``).
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class LogOffset(GuardedModel):
    """读取位置: how far one consumer has read the log of one writer."""

    consumer = models.CharField(_("消费者"), max_length=60)
    writer = models.CharField(_("写入者"), max_length=60)
    file = models.BigIntegerField(_("文件序号"))
    position = models.BigIntegerField(_("位置"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("读取位置")
        constraints = [models.UniqueConstraint(fields=["consumer", "writer"], name="observations_one_offset")]

    def __str__(self) -> str:
        return f"{self.consumer}@{self.writer}:{self.file}+{self.position}"


class IdBlock(GuardedModel):
    """编号水位: ids below this may have been given; the backup of the file that hands them out."""

    name = models.CharField(_("名称"), max_length=60, unique=True)
    next = models.BigIntegerField(_("下一编号"))

    class Meta:
        verbose_name = _("编号水位")


class DroppedStream(GuardedModel):
    """已删除的数据流: nothing of it is shown any more; compaction removes its rows."""

    stream = models.BigIntegerField(_("数据流"), unique=True)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("已删除的数据流")


class LegalHold(GuardedModel):
    """留存令: observations that no retention may remove until it is lifted."""

    reason = models.CharField(_("理由"), max_length=300)
    stream = models.BigIntegerField(_("数据流"), null=True)
    """None = every stream."""
    since = models.BigIntegerField(_("自"))
    until = models.BigIntegerField(_("至"))
    placed_at = models.DateTimeField(_("设立时间"))
    lifted_at = models.DateTimeField(_("解除时间"), null=True)

    class Meta:
        verbose_name = _("留存令")


class Damage(GuardedModel):
    """日志损坏: bytes of the log that could not be read, copied aside for whoever examines them."""

    writer = models.CharField(_("写入者"), max_length=60)
    file = models.BigIntegerField(_("文件序号"))
    start = models.BigIntegerField(_("起"))
    end = models.BigIntegerField(_("止"))
    kept_as = models.CharField(_("留存文件"), max_length=200)
    found_at = models.DateTimeField(_("发现时间"))

    class Meta:
        verbose_name = _("日志损坏")
        constraints = [
            models.UniqueConstraint(fields=["writer", "file", "start"], name="observations_one_damage")
        ]


class Export(GuardedModel):
    """导出记录: a file of observations somebody asked for."""

    form = models.CharField(_("格式"), max_length=10)
    streams = models.JSONField(_("数据流"), null=True)
    since = models.BigIntegerField(_("自"))
    until = models.BigIntegerField(_("至"))
    purpose = models.CharField(_("用途"), max_length=300)
    name = models.CharField(_("文件"), max_length=80, unique=True)
    rows = models.BigIntegerField(_("行数"))
    bytes = models.BigIntegerField(_("字节"))
    sha256 = models.CharField(_("校验和"), max_length=64)
    by = models.CharField(_("导出人"), max_length=150)
    made_at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("导出记录")
        indexes = [models.Index(fields=["-made_at", "-id"], name="observations_export_time")]
