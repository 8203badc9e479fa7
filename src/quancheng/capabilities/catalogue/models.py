"""Tables of the catalogue: entries 目录条目, versions 版本, duties 权责清单, demands 数据需求, bulk deeds 批量编辑."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.catalogue import Resource, read_resource
from quancheng.kernel.models import GuardedModel


class State(models.TextChoices):
    """条目状态 of the working copy; a live entry in another state than published is being revised."""

    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("待审核")
    APPROVED = "approved", _("待发布")
    RETURNED = "returned", _("已退回")
    PUBLISHED = "published", _("已发布")
    WITHDRAWN = "withdrawn", _("已撤销")


class Intent(models.TextChoices):
    """What a submission asks for."""

    PUBLISH = "publish", _("发布")
    WITHDRAW = "withdraw", _("撤销")


class Entry(GuardedModel):
    """目录条目: one information resource; ``working`` is edited, ``published`` is what others read.

    The columns for filtering say what is published, or what is worked on while nothing is.
    """

    entry_id = models.UUIDField(_("条目标识"), default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(_("信息资源代码"), max_length=64, unique=True)
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("提供部门")
    )
    name = models.CharField(_("信息资源名称"), max_length=200)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    intent = models.CharField(_("申请事项"), max_length=10, choices=Intent, default=Intent.PUBLISH)
    live = models.BooleanField(_("在用"), default=False)
    public = models.BooleanField(_("公众可见"), default=False)
    sealed = models.BooleanField(_("限级"), default=False)
    share = models.CharField(_("共享类型"), max_length=16)
    openness = models.CharField(_("开放属性"), max_length=16)
    level = models.CharField(_("数据级别"), max_length=1)
    cycle = models.CharField(_("更新周期"), max_length=16)
    home_class = models.CharField(_("主分类"), max_length=16)
    classes = models.CharField(_("分类"), max_length=400)
    formats = models.CharField(_("格式"), max_length=200)
    working = models.JSONField(_("编辑稿"))
    published = models.JSONField(_("发布稿"), null=True)
    number = models.PositiveIntegerField(_("版本数"), default=0)
    revision = models.PositiveIntegerField(_("修改次数"), default=1)
    seq = models.BigIntegerField(_("变更序号"), default=0, db_index=True)
    edited_by = models.BigIntegerField(null=True)
    submitted_by = models.BigIntegerField(null=True)
    reason = models.CharField(_("理由"), max_length=500, blank=True, default="")
    created_at = models.DateTimeField(_("登记时间"))
    changed_at = models.DateTimeField(_("修改时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("目录条目")
        indexes: ClassVar = [
            models.Index(fields=["organ", "state", "name", "id"], name="catalogue_entry_organ"),
            models.Index(fields=["live", "public", "name", "id"], name="catalogue_entry_live"),
            models.Index(fields=["state", "changed_at"], name="catalogue_entry_state"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def draft(self) -> Resource:
        """The working copy as a value."""
        return read_resource(self.working)

    @property
    def resource(self) -> Resource:
        """What is published, else the working copy."""
        return read_resource(self.published or self.working)

    @property
    def revising(self) -> bool:
        """Whether a published entry has a working copy under way."""
        return self.live and self.state != State.PUBLISHED


class Link(GuardedModel):
    """挂接: the data table behind a distribution of an entry."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="links")
    distribution = models.CharField(_("挂接资源"), max_length=80)
    table_id = models.CharField(_("数据表"), max_length=36, unique=True)

    class Meta:
        verbose_name = verbose_name_plural = _("数据表挂接")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "distribution"], name="catalogue_link_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} → {self.table_id}"


class Version(GuardedModel):
    """发布版本: written once and never changed."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("序号"))
    version = models.CharField(_("版本"), max_length=20)
    resource = models.JSONField(_("内容"))
    digest = models.CharField(_("摘要"), max_length=64)
    impact = models.CharField(_("影响"), max_length=10, blank=True, default="")
    at = models.DateTimeField(_("发布时间"))
    by = models.CharField(_("发布人"), max_length=120)

    class Meta:
        verbose_name = verbose_name_plural = _("目录版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "number"], name="catalogue_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("a published version is never changed")
        super().save(*args, **kwargs)


class Step(GuardedModel):
    """经过: what happened to an entry, who did it and why."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="steps")
    at = models.DateTimeField(_("时间"))
    who = models.CharField(_("经办人"), max_length=120)
    verb = models.CharField(_("动作"), max_length=16)
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("目录经过")
        indexes: ClassVar = [models.Index(fields=["entry", "-id"], name="catalogue_step_entry")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.verb}"


class Duty(GuardedModel):
    """权责清单事项: what an organ does by law and whether data comes of it."""

    code = models.CharField(_("事项代码"), max_length=64, unique=True)
    organ = models.ForeignKey("people.Department", models.PROTECT, related_name="+", verbose_name=_("部门"))
    name = models.CharField(_("事项名称"), max_length=200)
    yields_data = models.BooleanField(_("产生数据"), default=True)
    basis = models.CharField(_("设定依据"), max_length=300, blank=True, default="")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("权责清单事项")
        indexes: ClassVar = [models.Index(fields=["organ", "code"], name="catalogue_duty_organ")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Demand(GuardedModel):
    """数据需求: who wants which data for which duty, and what became of it."""

    class State(models.TextChoices):
        """需求状态, the same words as core.catalogue.DemandState."""

        OPEN = "open", _("待响应")
        ANSWERED = "answered", _("已响应")
        SATISFIED = "satisfied", _("已满足")
        REFUSED = "refused", _("已拒绝")
        WITHDRAWN = "withdrawn", _("已撤回")

    number = models.CharField(_("需求编号"), max_length=24, unique=True)
    name = models.CharField(_("需求名称"), max_length=200)
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("需求部门")
    )
    target = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", null=True, verbose_name=_("责任部门")
    )
    purpose = models.CharField(_("用途"), max_length=500)
    basis = models.CharField(_("依据"), max_length=300)
    items = models.JSONField(_("所需信息项"), default=list)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    answer = models.CharField(_("答复"), max_length=500, blank=True, default="")
    entry = models.ForeignKey(Entry, models.SET_NULL, null=True, related_name="demands")
    asked_at = models.DateTimeField(_("提出时间"))
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据需求")
        indexes: ClassVar = [models.Index(fields=["state", "-id"], name="catalogue_demand_state")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class BulkDeed(GuardedModel):
    """批量编辑: one plan that was carried out, with what takes it back."""

    entries = models.PositiveIntegerField(_("涉及条目"))
    steps = models.JSONField(_("步骤"))
    digest = models.CharField(_("计划摘要"), max_length=64)
    about = models.CharField(_("说明"), max_length=300)
    by = models.CharField(_("经办人"), max_length=120)
    user = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("时间"))
    undone_at = models.DateTimeField(_("撤回时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("批量编辑")

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.about}"


class Pulse(GuardedModel):
    """变更序号: one row, raised by each write; its lock gives writers one order on any database."""

    seq = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("目录变更序号")
