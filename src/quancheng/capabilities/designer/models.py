"""Tables of the designer: drafts 草稿, what was changed in them, scenarios 场景, migrations 迁移."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.designer.values import DraftState
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class MatterDraft(GuardedModel):
    """事项草稿: a definition somebody works on; published it becomes a version of the matter."""

    code = models.SlugField(_("代码"), max_length=60)
    name = models.JSONField(_("名称"))
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    content = models.JSONField(_("内容"))
    base_version = models.PositiveIntegerField(_("依据版本"), null=True, blank=True)
    author = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    author_name = models.CharField(_("起草人"), max_length=80)
    state = models.CharField(_("状态"), max_length=10, default=DraftState.EDITING.value)
    revision = models.PositiveIntegerField(_("修订号"), default=1)
    note = models.CharField(_("变更说明"), max_length=500, blank=True)
    proposed_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(_("提请时间"), null=True, blank=True)
    published_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    published_version = models.PositiveIntegerField(_("发布为版本"), null=True, blank=True)
    created_at = models.DateTimeField(_("创建时间"))
    updated_at = models.DateTimeField(_("修改时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("事项草稿")
        indexes: ClassVar = [
            models.Index(fields=["department", "-updated_at", "-id"]),
            models.Index(fields=["code", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.code} r{self.revision}"

    @property
    def text(self) -> Text:
        return Text.of(self.name)

    @property
    def state_text(self) -> Text:
        return DraftState(self.state).text

    @property
    def open(self) -> bool:
        """Whether it can still be changed."""
        return self.state == DraftState.EDITING


class DraftChange(GuardedModel):
    """修改记录: who changed what in a draft, in words; never altered."""

    draft = models.ForeignKey(MatterDraft, models.CASCADE, related_name="changes")
    revision = models.PositiveIntegerField(_("修订号"))
    at = models.DateTimeField(_("时间"))
    by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    by_name = models.CharField(_("人员"), max_length=80)
    part = models.CharField(_("部分"), max_length=12)
    lines = models.JSONField(_("内容"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("修改记录")
        indexes: ClassVar = [models.Index(fields=["draft", "-id"])]


class Scenario(GuardedModel):
    """场景: a trial run kept with what must come of it; run again before every publication."""

    code = models.SlugField(_("事项代码"), max_length=60)
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    name = models.CharField(_("名称"), max_length=80)
    sample = models.JSONField(_("模拟申请人"))
    answers = models.JSONField(_("答案"), default=dict)
    steps = models.JSONField(_("步骤"), default=list)
    expected = models.JSONField(_("预期"), default=dict)
    start = models.DateField(_("开始日期"))
    by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("保存时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("场景")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "name"], name="designer_scenario_once")
        ]


class Migration(GuardedModel):
    """办件迁移: running cases of a matter being moved to its current version by a job."""

    code = models.SlugField(_("事项代码"), max_length=60)
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(_("目标版本"))
    version_id_kept = models.PositiveBigIntegerField(_("目标版本键"))
    by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    by_name = models.CharField(_("人员"), max_length=80)
    started_at = models.DateTimeField(_("开始时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    moved = models.PositiveIntegerField(_("已迁移"), default=0)
    refused = models.JSONField(_("未迁移"), default=list)
    last_id = models.PositiveBigIntegerField(_("进度"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("办件迁移")
        indexes: ClassVar = [models.Index(fields=["code", "-id"])]
