"""Tables of collection: books 台账, their rows 台账行, what was sent 报送, photos 照片."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.ledgers.columns import columns_of
from quancheng.capabilities.ledgers.values import Column
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class State(models.TextChoices):
    """台账状态."""

    DRAFT = "draft", _("草稿")
    PROPOSED = "proposed", _("待审核")
    OPEN = "open", _("填报中")
    CLOSED = "closed", _("已截止")
    ARCHIVED = "archived", _("已归档")


class Period(models.TextChoices):
    """填报周期."""

    ONCE = "once", _("一次性")
    MONTH = "month", _("每月")
    QUARTER = "quarter", _("每季度")
    YEAR = "year", _("每年")


class Book(GuardedModel):
    """台账: what is asked of whom until when. ``base`` is the returned table whose rows it begins with."""

    code = models.CharField(_("台账编号"), max_length=24, unique=True)
    zh = models.CharField(_("台账名称"), max_length=60)
    en = models.CharField(_("英文名称"), max_length=120, blank=True, default="")
    purpose = models.CharField(_("用途"), max_length=300)
    legal_basis = models.CharField(_("采集依据"), max_length=300, blank=True, default="")
    department = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("发起单位")
    )
    region_code = models.CharField(_("覆盖区域"), max_length=12, db_index=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    columns = models.JSONField(_("字段"), default=list)
    key_column = models.CharField(_("标识字段"), max_length=40, blank=True, default="")
    base = models.ForeignKey(
        "ledgers.Returned",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="books",
        verbose_name=_("来源数据"),
    )
    base_where = models.JSONField(_("来源条件"), default=dict)
    period = models.CharField(_("周期"), max_length=8, choices=Period, default=Period.ONCE)
    due_on = models.DateField(_("截止日期"))
    may_add = models.BooleanField(_("可新增行"), default=True)
    photos = models.PositiveSmallIntegerField(_("每行照片上限"), default=0)
    round = models.PositiveIntegerField(_("期次"), default=1)
    previous = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="following")
    held = models.JSONField(_("已有数据核对"), default=list)
    created_by = models.BigIntegerField(_("设计人"), null=True)
    created_name = models.CharField(_("设计人姓名"), max_length=120)
    created_at = models.DateTimeField(_("设计时间"))
    decided_name = models.CharField(_("审核人"), max_length=120, blank=True, default="")
    decision = models.CharField(_("审核意见"), max_length=300, blank=True, default="")
    opened_at = models.DateTimeField(_("下发时间"), null=True)
    closed_at = models.DateTimeField(_("截止时间"), null=True)
    revision = models.PositiveIntegerField(_("版本"), default=1)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("台账")
        indexes: ClassVar = [
            models.Index(fields=["state", "due_on"], name="ledgers_book_state"),
            models.Index(fields=["region_code", "-id"], name="ledgers_book_region"),
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en or self.zh)

    @property
    def design(self) -> tuple[Column, ...]:
        """Its columns."""
        return columns_of(self.columns)

    @property
    def asked(self) -> tuple[Column, ...]:
        return tuple(one for one in self.design if not one.prefilled)

    @property
    def prefilled(self) -> tuple[Column, ...]:
        return tuple(one for one in self.design if one.prefilled)


class Row(GuardedModel):
    """台账行: ``base`` is what the city knew, ``cells`` what stands now; counters say who typed how much."""

    class State(models.TextChoices):
        TODO = "todo", _("待填")
        DONE = "done", _("已填")

    class Standing(models.TextChoices):
        """与来源数据的关系."""

        BASE = "base", _("来源已有")
        ADDED = "added", _("现场新增")
        ABSENT = "absent", _("现场未见")

    book = models.ForeignKey(Book, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("行号"))
    key = models.CharField(_("标识"), max_length=120, blank=True, default="")
    base_key = models.JSONField(_("来源主键"), default=list)
    region_code = models.CharField(_("社区代码"), max_length=12, db_index=True)
    assignee_id = models.BigIntegerField(_("填报人"), null=True, db_index=True)
    base = models.JSONField(_("来源值"), default=dict)
    cells = models.JSONField(_("现值"), default=dict)
    state = models.CharField(_("状态"), max_length=6, choices=State, default=State.TODO)
    standing = models.CharField(_("核查情况"), max_length=8, choices=Standing, default=Standing.BASE)
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")
    revision = models.PositiveIntegerField(_("版本"), default=1)
    client_id = models.CharField(max_length=64, blank=True, default="")
    spared = models.PositiveSmallIntegerField(_("预填格数"), default=0)
    typed = models.PositiveSmallIntegerField(_("手填格数"), default=0)
    differing = models.PositiveSmallIntegerField(_("与来源不同"), default=0)
    done_at = models.DateTimeField(_("填报时间"), null=True)
    changed_at = models.DateTimeField(_("修改时间"))
    changed_by = models.CharField(_("修改人"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("台账行")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["book", "number"], name="ledgers_row_number"),
            models.UniqueConstraint(
                fields=["book", "client_id"], condition=~models.Q(client_id=""), name="ledgers_row_client"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["book", "state", "number"], name="ledgers_row_state"),
            models.Index(fields=["book", "region_code"], name="ledgers_row_region"),
            models.Index(fields=["assignee_id", "book"], name="ledgers_row_assignee"),
        ]

    def __str__(self) -> str:
        return f"{self.book_id}/{self.number}"


class Submission(GuardedModel):
    """报送: everything that ever was sent for a row; nothing of it is thrown away."""

    class State(models.TextChoices):
        KEPT = "kept", _("已采用")
        OPEN = "open", _("冲突待决")
        SETTLED = "settled", _("冲突已决")

    row = models.ForeignKey(Row, models.CASCADE, related_name="submissions")
    base_revision = models.PositiveIntegerField(_("依据版本"))
    revision = models.PositiveIntegerField(_("成为版本"), null=True)
    sent = models.JSONField(_("报送值"), default=dict)
    after = models.JSONField(_("采用后"), default=dict)
    clashes = models.JSONField(_("冲突"), default=list)
    choices = models.JSONField(_("裁定"), default=dict)
    standing = models.CharField(_("核查情况"), max_length=8, blank=True, default="")
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.KEPT)
    by_id = models.BigIntegerField(null=True)
    by = models.CharField(_("报送人"), max_length=120)
    at = models.DateTimeField(_("报送时间"))
    settled_by = models.CharField(_("裁定人"), max_length=120, blank=True, default="")
    settled_at = models.DateTimeField(_("裁定时间"), null=True)

    class Meta:
        verbose_name = _("报送")
        indexes: ClassVar = [
            models.Index(fields=["row", "revision"], name="ledgers_sent_row"),
            models.Index(fields=["state", "-id"], name="ledgers_sent_state"),
        ]


class Photo(GuardedModel):
    """现场照片 of a row."""

    row = models.ForeignKey(Row, models.CASCADE, related_name="pictures")
    file = models.FileField(_("照片"), upload_to="ledgers/%Y/%m/")
    client_id = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField(_("时间"))
    by = models.CharField(_("拍摄人"), max_length=120)

    class Meta:
        verbose_name = _("现场照片")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["row", "client_id"], condition=~models.Q(client_id=""), name="ledgers_photo_client"
            )
        ]
