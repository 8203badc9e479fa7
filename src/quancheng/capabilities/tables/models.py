"""Tables of tables: the data table 数据表 and its changes 变更."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.tables.values import TableInfo, TableSchema
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


def store_name(table_id: uuid.UUID) -> str:
    """The kernel store's name of a data table."""
    return f"tables.t{table_id.hex}"


class DataTable(GuardedModel):
    """数据表: a keyed set of rows. Its rows are files of the kernel's store, named by ``lake``."""

    table_id = models.UUIDField(_("表标识"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("表名"), max_length=100, unique=True)
    zh = models.CharField(_("中文名称"), max_length=120)
    en = models.CharField(_("英文名称"), max_length=160, blank=True)
    owner = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("所属机构")
    )
    schema = models.JSONField(_("结构"))
    key = models.CharField(max_length=200, null=True, unique=True)
    """Under which idempotency key it was made."""
    version = models.BigIntegerField(_("版本"), default=0)
    store_version = models.BigIntegerField(default=0)
    """Version of the store's table that holds this version's rows; compaction moves it alone."""
    rows = models.BigIntegerField(_("行数"), default=0)
    sets = models.PositiveIntegerField(default=0)
    """Change sets on top of the base."""
    set_rows = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("建立时间"))
    updated_at = models.DateTimeField(_("更新时间"))
    dropped_at = models.DateTimeField(_("删除时间"), null=True)
    reason = models.CharField(_("删除原因"), max_length=300, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据表")
        indexes: ClassVar = [
            models.Index(fields=["owner", "name"], name="tables_by_owner"),
            models.Index(fields=["-updated_at", "-id"], name="tables_by_update"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en or self.zh)

    @property
    def store_name(self) -> str:
        """Name of its table in the kernel's store."""
        return store_name(self.table_id)

    @property
    def structure(self) -> TableSchema:
        """Its schema as a value."""
        return TableSchema.from_json(self.schema)

    @property
    def info(self) -> TableInfo:
        """As other modules know it."""
        return TableInfo(
            str(self.table_id), self.name, self.zh, self.en, self.owner.code, self.structure,
            self.version, self.rows, self.updated_at, self.simulated,
        )  # fmt: skip


class Change(GuardedModel):
    """变更: what one run did to a table. Those that changed something made a version."""

    table = models.ForeignKey(DataTable, models.PROTECT, related_name="changes")
    run = models.CharField(_("批次"), max_length=200, blank=True)
    version = models.BigIntegerField(_("版本"))
    moved = models.BooleanField(default=True)
    """It made this version; False when the rows were all there already."""
    store_version = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(_("行数"), default=0)
    inserted = models.BigIntegerField(_("新增"), default=0)
    updated = models.BigIntegerField(_("更新"), default=0)
    deleted = models.BigIntegerField(_("删除"), default=0)
    unchanged = models.BigIntegerField(_("未变"), default=0)
    at = models.DateTimeField(_("时间"))
    by = models.CharField(_("操作者"), max_length=120)

    class Meta:
        verbose_name = verbose_name_plural = _("数据变更")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["table", "version"], condition=Q(moved=True), name="tables_one_version"
            ),
            models.UniqueConstraint(fields=["table", "run"], condition=~Q(run=""), name="tables_once_a_run"),
        ]
        indexes: ClassVar = [models.Index(fields=["table", "-at", "-id"], name="tables_change_time")]

    def __str__(self) -> str:
        return f"{self.table_id}@{self.version}"
