"""Tables of the water scenario: places that flood, and the reports of drills."""

from __future__ import annotations

from django.db import models

from quancheng.kernel.models import GuardedModel


class FloodPoint(GuardedModel):
    """易涝点: a place known to fill with water (underpass, low street)."""

    code = models.CharField("编号", max_length=20, unique=True)
    zh = models.CharField("名称", max_length=80)
    en = models.CharField("英文名称", max_length=120)
    kind = models.CharField("类型", max_length=20)
    lon = models.FloatField("经度")
    lat = models.FloatField("纬度")
    region = models.CharField("区划", max_length=12, db_index=True)
    department = models.CharField("责任单位", max_length=60)
    closes_at_cm = models.PositiveSmallIntegerField("封闭水深(厘米)")
    simulated = models.BooleanField("模拟", default=True)

    class Meta:
        verbose_name = "易涝点"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.zh}"


class DrillRun(GuardedModel):
    """演练记录: what a rehearsal did and showed; the report is kept as it was made."""

    code = models.CharField("演练编号", max_length=40, unique=True)
    drill = models.CharField("演练", max_length=40)
    seed = models.BigIntegerField("随机种子")
    faults = models.FloatField("故障比例")
    seats = models.CharField("席位", max_length=10)
    started_at = models.DateTimeField("开始(演练时间)")
    ended_at = models.DateTimeField("结束(演练时间)")
    recorded_at = models.DateTimeField("记录时间", db_index=True)
    passed = models.BooleanField("通过")
    report = models.JSONField("报告")

    class Meta:
        verbose_name = "演练记录"
        ordering = ["-recorded_at", "-id"]

    def __str__(self) -> str:
        return self.code
