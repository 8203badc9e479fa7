"""Tables of collection 归集: feeds, registered addresses, runs, refused rows, decisions, lineage."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.collection.values import (
    Connector,
    HoldKind,
    Lateness,
    Layout,
    Mode,
    RunState,
    Verdict,
    schema_from,
)
from quancheng.core.tabular import Schema
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

CONNECTORS = [
    (Connector.UPLOAD.value, _("上传文件")),
    (Connector.FOLDER.value, _("文件夹")),
    (Connector.HTTP.value, _("HTTP接口")),
    (Connector.POSTGRES.value, _("PostgreSQL数据库")),
    (Connector.MYSQL.value, _("MySQL数据库")),
    (Connector.SFTP.value, _("SFTP服务器")),
    (Connector.S3.value, _("对象存储（S3）")),
    (Connector.OWN.value, _("本平台模块")),
    (Connector.ROBOT.value, _("网络机器人")),
]
MODES = [(Mode.FULL.value, _("全量")), (Mode.INCREMENTAL.value, _("增量"))]
RUN_STATES = [
    (RunState.QUEUED.value, _("排队")),
    (RunState.FETCHED.value, _("已取数")),
    (RunState.HELD.value, _("待处理")),
    (RunState.PLANNED.value, _("执行中")),
    (RunState.DONE.value, _("已入库")),
    (RunState.UNCHANGED.value, _("无变化")),
    (RunState.REJECTED.value, _("已退回")),
    (RunState.FAILED.value, _("失败")),
]
LATENESS = [
    (Lateness.FRESH.value, _("及时")),
    (Lateness.LATE.value, _("迟报")),
    (Lateness.SILENT.value, _("断报")),
    (Lateness.NEVER.value, _("从未报送")),
    (Lateness.NONE.value, _("未约定")),
]
HOLDS = [
    (HoldKind.COLUMN_MISSING.value, _("缺列")),
    (HoldKind.COLUMN_ADDED.value, _("新增列")),
    (HoldKind.COLUMN_RENAMED.value, _("疑似改名")),
    (HoldKind.COLUMN_TYPE.value, _("类型变化")),
    (HoldKind.REFUSALS.value, _("拒收过多")),
    (HoldKind.DELETIONS.value, _("删除过多")),
    (HoldKind.EMPTY.value, _("没有可用的行")),
]
VERDICTS = [
    (Verdict.ACCEPT.value, _("照此执行")),
    (Verdict.MAP.value, _("改名对应")),
    (Verdict.EXTEND.value, _("把新列加入数据表")),
    (Verdict.REJECT.value, _("退回来源")),
]
OPEN_STATES = [state.value for state in RunState if state.open]


class Feed(GuardedModel):
    """归集任务: which source brings which table, how and how often."""

    class State(models.TextChoices):
        """任务状态."""

        DRAFT = "draft", _("配置中")
        ACTIVE = "active", _("启用")
        PAUSED = "paused", _("暂停")
        TRIPPED = "tripped", _("熔断")
        RETIRED = "retired", _("停用")

    code = models.CharField(_("任务编码"), max_length=60, unique=True)
    zh = models.CharField(_("名称"), max_length=120)
    en = models.CharField(_("英文名称"), max_length=160, blank=True, default="")
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("来源部门")
    )
    owner_id = models.BigIntegerField(_("负责人"), null=True)
    """Account of the officer who set it up."""
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.DRAFT)
    connector = models.CharField(_("接入方式"), max_length=10, choices=CONNECTORS)
    mode = models.CharField(_("归集方式"), max_length=12, choices=MODES, default=Mode.FULL.value)
    settings: Any = models.JSONField(_("接入参数"), default=dict)
    sealed = models.TextField(_("密钥"), blank=True, default="")
    """Secrets of the connection under encryption (``sealing``); no page and no API shows them."""
    columns: Any = models.JSONField(_("信息项"), default=list)
    """Columns of the table: ``name kind zh en required level personal``."""
    key: Any = models.JSONField(_("主键"), default=list)
    layout: Any = models.JSONField(_("列对应"), default=dict)
    table_id = models.UUIDField(_("数据表"), null=True)
    entry = models.CharField(_("目录编码"), max_length=80, blank=True, default="", db_index=True)
    """Resource code of the catalogue entry it serves."""
    period_minutes = models.PositiveIntegerField(_("运行周期（分钟）"), default=0)
    """0: it runs when something is delivered."""
    sla_minutes = models.PositiveIntegerField(_("时限（分钟）"), default=0)
    cursor: Any = models.JSONField(_("读取位置"), default=dict)
    sample = models.CharField(_("样例摘要"), max_length=64, blank=True, default="")
    sample_name = models.CharField(_("样例文件名"), max_length=200, blank=True, default="")
    trial: Any = models.JSONField(_("试运行"), default=dict)
    next_at = models.DateTimeField(_("下次运行"), null=True)
    failures = models.PositiveIntegerField(_("连续失败"), default=0)
    last_digest = models.CharField(_("上次摘要"), max_length=64, blank=True, default="")
    rejected_digest = models.CharField(_("退回摘要"), max_length=64, blank=True, default="")
    """Content a person sent back: the same again is sent back without asking."""
    last_success_at = models.DateTimeField(_("上次成功"), null=True)
    lateness = models.CharField(_("及时性"), max_length=8, choices=LATENESS, default=Lateness.NONE.value)
    late_since = models.DateTimeField(_("迟报起"), null=True)
    active_since = models.DateTimeField(_("启用时间"), null=True)
    created_at = models.DateTimeField(_("建立时间"))
    created_by = models.CharField(_("建立人"), max_length=120)
    changed_at = models.DateTimeField(_("变更时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("归集任务")
        indexes: ClassVar = [
            models.Index(fields=["state", "next_at"], name="collection_feed_due"),
            models.Index(fields=["organ", "state"], name="collection_feed_organ"),
            models.Index(fields=["lateness", "code"], name="collection_feed_late"),
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en or self.zh)

    @property
    def schema(self) -> Schema:
        """The table's columns as the reader knows them."""
        return schema_from(self.columns, tuple(self.key))

    @property
    def plan_of_columns(self) -> Layout:
        """How source columns become columns of the table."""
        return Layout.of(self.layout)

    @property
    def personal(self) -> frozenset[str]:
        """Source names of personal columns."""
        hidden = {one["name"] for one in self.columns if one.get("personal")}
        return frozenset(source for source, name in self.plan_of_columns.columns.items() if name in hidden)

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/work/collection/{self.code}/"


class Address(GuardedModel):
    """登记地址: a host that connectors may reach; what is not registered is not reached."""

    host = models.CharField(_("主机"), max_length=200)
    port = models.PositiveIntegerField(_("端口"), default=0)
    """0: any port."""
    private = models.BooleanField(_("政务网或内网"), default=False)
    """Only then it may be an address of a private network."""
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("所属部门")
    )
    note = models.CharField(_("说明"), max_length=300, blank=True, default="")
    registered_by = models.CharField(_("登记人"), max_length=120)
    registered_at = models.DateTimeField(_("登记时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("登记地址")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["host", "port"], name="collection_address_once")
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


class Run(GuardedModel):
    """一次归集: fetched, planned, held or applied."""

    class Trigger(models.TextChoices):
        """由何触发."""

        SCHEDULE = "schedule", _("定时")
        UPLOAD = "upload", _("上传")
        PERSON = "person", _("人工")
        API = "api", _("接口")
        RETRY = "retry", _("重试")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    feed = models.ForeignKey(Feed, models.PROTECT, related_name="runs")
    state = models.CharField(_("状态"), max_length=10, choices=RUN_STATES, default=RunState.QUEUED.value)
    trigger = models.CharField(_("触发"), max_length=8, choices=Trigger)
    mode = models.CharField(_("归集方式"), max_length=12, choices=MODES, default=Mode.FULL.value)
    """The feed's, or incremental when only corrected rows are sent again."""
    by = models.CharField(_("经办"), max_length=120)
    began_at = models.DateTimeField(_("开始时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True)
    stage = models.PositiveIntegerField(_("轮次"), default=0)
    """Counts up whenever the run is sent to work again, so that its jobs have keys of their own."""
    job_id = models.UUIDField(_("任务"), null=True)
    raw = models.CharField(_("原始文件摘要"), max_length=64, blank=True, default="")
    raw_name = models.CharField(_("原始文件名"), max_length=200, blank=True, default="")
    raw_bytes = models.BigIntegerField(_("字节"), default=0)
    source: Any = models.JSONField(_("来源"), default=dict)
    """``namespace`` and ``name`` of the source, as lineage calls it."""
    found: Any = models.JSONField(_("识别结果"), default=dict)
    counts: Any = models.JSONField(_("计数"), default=dict)
    plan: Any = models.JSONField(_("计划"), default=dict)
    holds: Any = models.JSONField(_("待决事项"), default=list)
    trace: Any = models.JSONField(_("访问记录"), default=list)
    """Requests of a robot or an interface: method, address, status, bytes, ms."""
    cursor: Any = models.JSONField(_("读取位置"), default=dict)
    failure: Any = models.JSONField(_("失败原因"), default=dict)
    version = models.PositiveIntegerField(_("数据版本"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("归集运行")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["feed"], condition=models.Q(state__in=OPEN_STATES), name="collection_one_open_run"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["feed", "-began_at"], name="collection_run_feed"),
            models.Index(fields=["state", "-began_at"], name="collection_run_state"),
            models.Index(fields=["-began_at", "-id"], name="collection_run_began"),
        ]

    def __str__(self) -> str:
        return f"{self.feed.code} {self.began_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/work/collection/runs/{self.pk}/"


class RefusedRow(GuardedModel):
    """拒收行: place, reason and cells of a row that was not taken; personal cells are masked here.

    All of them stand in the run's own file; here are the first, for looking at.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="refused_rows")
    number = models.PositiveIntegerField(_("序号"))
    sheet = models.CharField(_("工作表"), max_length=120, blank=True, default="")
    row = models.PositiveIntegerField(_("行"))
    line = models.PositiveIntegerField(_("文本行"), default=0)
    reason = models.CharField(_("原因"), max_length=24)
    column = models.CharField(_("列"), max_length=200, blank=True, default="")
    problems: Any = models.JSONField(_("问题"), default=list)
    cells: Any = models.JSONField(_("原文"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("拒收行")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "number"], name="collection_refused_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["run", "reason", "number"], name="collection_refused_reason")
        ]


class Decision(GuardedModel):
    """处理决定: what a person decided about a held run, and why."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="decisions")
    verdict = models.CharField(_("决定"), max_length=8, choices=VERDICTS)
    covers: Any = models.JSONField(_("涉及事项"), default=list)
    detail: Any = models.JSONField(_("内容"), default=dict)
    reason = models.CharField(_("理由"), max_length=500)
    by = models.CharField(_("决定人"), max_length=120)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("处理决定")


class LineageEvent(GuardedModel):
    """血缘事件: an OpenLineage run event as it came; kept as it is, never replaced."""

    run_id = models.UUIDField(_("运行"))
    kind = models.CharField(_("类型"), max_length=10)
    at = models.DateTimeField(_("时间"))
    job = models.CharField(_("作业"), max_length=200)
    producer = models.CharField(_("产生者"), max_length=200)
    digest = models.CharField(_("摘要"), max_length=64, unique=True)
    body: Any = models.JSONField(_("事件"))

    class Meta:
        verbose_name = verbose_name_plural = _("血缘事件")
        indexes: ClassVar = [
            models.Index(fields=["run_id", "at"], name="collection_lineage_run"),
            models.Index(fields=["-at", "-id"], name="collection_lineage_at"),
        ]


class LineageEdge(GuardedModel):
    """血缘边: a run of a job made ``target`` from ``source``; merged by run from all its events."""

    run_id = models.UUIDField(_("运行"))
    job = models.CharField(_("作业"), max_length=200)
    source = models.CharField(_("上游"), max_length=400)
    target = models.CharField(_("下游"), max_length=400)
    columns: Any = models.JSONField(_("字段"), default=dict)
    """Target column → source columns."""
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("血缘边")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run_id", "source", "target"], name="collection_edge_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["source", "-at"], name="collection_edge_source"),
            models.Index(fields=["target", "-at"], name="collection_edge_target"),
        ]
