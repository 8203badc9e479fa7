"""Tables of weather: warnings and their log."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import quote

from django.db import models

from quancheng.core.cap import Colour
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel
from quancheng.scenarios.weather import flow


class Warning(GuardedModel):
    """预警: one message of a chain (alert, updates, cancel), kept exactly as it was sent."""

    number = models.CharField("编号", max_length=60, unique=True)
    event_type = models.CharField("灾种", max_length=30, default="rainstorm")
    level = models.PositiveSmallIntegerField("级别")
    msg_type = models.CharField("消息类型", max_length=10)
    state = models.CharField("状态", max_length=12, db_index=True)
    headline = models.JSONField("标题")
    description = models.JSONField("内容")
    instruction = models.JSONField("防御指南")
    districts = models.JSONField("影响区县")
    basis = models.JSONField("依据", default=list)
    crossed_at = models.DateTimeField("达标时间", null=True)
    effective = models.DateTimeField("生效时间", null=True)
    expires = models.DateTimeField("截止时间", null=True)
    drafted_at = models.DateTimeField("起草时间")
    drafted_by = models.CharField("起草", max_length=100)
    submitted_at = models.DateTimeField("送审时间", null=True)
    submitted_by = models.CharField("送审", max_length=100, blank=True)
    published_at = models.DateTimeField("发布时间", null=True)
    approved_by = models.CharField("签发", max_length=100, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    changed_at = models.DateTimeField("变动时间")
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="next", verbose_name="上一条"
    )
    exercise = models.CharField("演练编号", max_length=40, blank=True, default="")
    simulated = models.BooleanField("模拟", default=False)
    xml = models.BinaryField("CAP 报文", null=True)
    xml_sha256 = models.CharField("报文摘要", max_length=64, blank=True)
    signature = models.CharField("签名", max_length=200, blank=True)

    class Meta:
        verbose_name = "预警"
        ordering = ["-drafted_at", "-id"]
        indexes = [
            models.Index(fields=["exercise", "state", "-drafted_at"]),
            models.Index(fields=["exercise", "-published_at"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def colour(self) -> Colour:
        """Colour of the level."""
        return flow.COLOURS[self.level]

    @property
    def state_text(self) -> Text:
        """Name of the state."""
        return flow.NAMES[flow.State(self.state)]

    @property
    def msg_text(self) -> Text:
        """Name of the message type."""
        return flow.MSG_NAMES[flow.MsgType(self.msg_type)]

    @property
    def revision(self) -> str:
        """Changes with every step and every word, also while a drill's clock stands still.

        An approver approves exactly what was read.
        """
        said = [self.state, self.level, self.districts, self.headline, self.description, self.instruction]
        told = json.dumps([self.changed_at.isoformat(), *said], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def is_live(self) -> bool:
        """Draft, awaiting approval or in force."""
        return self.state in flow.LIVE

    @property
    def path(self) -> str:
        """Its page."""
        return f"/screen/warnings/{quote(self.number)}/"

    @property
    def message_path(self) -> str:
        """Where its message is: with ``.xml``, its signature with ``.sig``."""
        return f"/feeds/cap/{quote(self.number)}"


class WarningEvent(GuardedModel):
    """预警日志: who did what to a warning, when."""

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="log", verbose_name="预警")
    at = models.DateTimeField("时间")
    actor = models.CharField("人员", max_length=100)
    identity = models.CharField("身份", max_length=100)
    """Who it was beyond namesakes: ``user:<id>``, or the name of a seat or rule."""
    verb = models.CharField("动作", max_length=20)
    zh = models.CharField("说明", max_length=300)
    en = models.CharField("英文说明", max_length=400)

    class Meta:
        verbose_name = "预警日志"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.verb}"

    @property
    def text(self) -> Text:
        """What was done, in both languages."""
        return Text(self.zh, self.en)
