"""数据质量与衔接: a day's quality of each stream; how far readings were handed on."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.things.models.stations import Datastream
from quancheng.kernel.models import GuardedModel


class StreamDay(GuardedModel):
    """数据流日质量: what should have come on a local day, what came, and what was wrong with it."""

    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField(_("日期"))
    expected = models.PositiveIntegerField(_("应到"))
    arrived = models.PositiveIntegerField(_("实到"))
    due_hours = models.PositiveSmallIntegerField(_("应有小时"))
    valid_hours = models.PositiveSmallIntegerField(_("有效小时"))
    late = models.PositiveIntegerField(_("迟到"))
    stuck_hours = models.PositiveSmallIntegerField(_("不变小时"))
    impossible = models.PositiveIntegerField(_("不可能值"))

    class Meta:
        verbose_name = _("数据流日质量")
        constraints = [models.UniqueConstraint(fields=["day", "datastream"], name="things_day_once")]
        indexes = [models.Index(fields=["datastream", "-day"], name="things_day_stream")]


class BridgePosition(GuardedModel):
    """衔接进度: readings up to this row are in the observation store."""

    name = models.CharField(max_length=20, unique=True)
    position = models.BigIntegerField(_("位置"), default=0)
    moved_at = models.DateTimeField(_("时间"), null=True)

    class Meta:
        verbose_name = _("衔接进度")
