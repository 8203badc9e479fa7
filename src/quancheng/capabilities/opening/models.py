"""Tables of opening: the opened dataset 开放数据集."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class State(models.TextChoices):
    """开放状态."""

    PROPOSED = "proposed", _("待审核")
    RETURNED = "returned", _("已退回")
    PUBLISHED = "published", _("已开放")
    WITHDRAWN = "withdrawn", _("已撤销")


class Dataset(GuardedModel):
    """开放数据集: some columns of a data table, kept for the public as a copy of their own.

    The public never reads the table itself: what is not opened is not in the copy, so no search can tell it.
    """

    name = models.CharField(_("数据集标识"), max_length=80)
    """The entry's code with "-" for "/": its address and its name in CKAN's API."""
    entry_id = models.UUIDField(_("目录条目"))
    table_id = models.UUIDField(_("数据表"))
    copy_id = models.UUIDField(_("开放副本"), null=True)
    organ = models.ForeignKey(
        "people.Department", models.PROTECT, related_name="+", verbose_name=_("提供部门")
    )
    zh = models.CharField(_("中文名称"), max_length=200)
    en = models.CharField(_("英文名称"), max_length=200, blank=True)
    about = models.JSONField(_("摘要"), default=dict)
    theme = models.CharField(_("主题"), max_length=8, blank=True)
    """Code of the first theme its entry is hung on (three digits)."""
    cycle = models.CharField(_("更新周期"), max_length=16, blank=True)
    words = models.TextField(_("检索文本"), blank=True)
    fields = models.JSONField(_("开放的列"))
    quasi = models.JSONField(_("准标识符"), default=list)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.PROPOSED)
    findings = models.JSONField(_("披露风险"), default=list)
    """Why a later version of the rows could not be followed; empty when all is well."""
    tested_version = models.BigIntegerField(_("已检查的来源版本"), default=0)
    smallest = models.PositiveIntegerField(_("最小组"), null=True)
    source_version = models.BigIntegerField(_("来源版本"), default=0)
    last_id = models.BigIntegerField(_("已用的最大行号"), default=0)
    """Numbers of rows are never given twice, so that a client may keep them."""
    rows = models.BigIntegerField(_("行数"), default=0)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    reason_en = models.CharField(_("英文理由"), max_length=300, blank=True)
    """Only when the platform itself says why."""
    proposed_by = models.BigIntegerField(null=True)
    decided_by = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField(_("申请时间"))
    decided_at = models.DateTimeField(_("审核时间"), null=True)
    copied_at = models.DateTimeField(_("更新时间"), null=True)
    used = models.BigIntegerField(_("使用次数"), default=0)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("开放数据集")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["table_id"], condition=Q(state__in=["proposed", "published"]), name="opening_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-copied_at", "-id"], name="opening_by_state"),
            models.Index(fields=["name"], name="opening_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en or self.zh)

    @property
    def why(self) -> Text:
        """Why it was returned or withdrawn, as it was written."""
        return Text(self.reason, self.reason_en or self.reason)

    @property
    def live(self) -> bool:
        """Whether the public reads it now."""
        return self.state == State.PUBLISHED


class Kind(models.TextChoices):
    """How a dataset was used."""

    VIEW = "view", _("浏览")
    DOWNLOAD = "download", _("下载")
    API = "api", _("接口调用")


class Usage(GuardedModel):
    """使用统计: how often a dataset was used on a day; nothing of who."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="usages")
    day = models.DateField(_("日期"))
    kind = models.CharField(_("使用方式"), max_length=8, choices=Kind)
    count = models.BigIntegerField(_("使用次数"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("使用统计")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "day", "kind"], name="opening_usage_once")
        ]


class Feedback(GuardedModel):
    """数据评价: what a signed-in person says of a dataset; one a person, changed as often as they like."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="feedback")
    user_id = models.BigIntegerField()
    who = models.CharField(_("评价人"), max_length=40)
    """Masked: the public reads it."""
    stars = models.PositiveSmallIntegerField(_("星级"))
    said = models.CharField(_("评价内容"), max_length=1000)
    at = models.DateTimeField(_("评价时间"))
    answer = models.CharField(_("答复"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据评价")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "user_id"], name="opening_feedback_once")
        ]


class WishState(models.TextChoices):
    """How far a request for data has come."""

    ASKED = "asked", _("待答复")
    ACCEPTED = "accepted", _("已采纳")
    DECLINED = "declined", _("未采纳")


class Wish(GuardedModel):
    """开放需求: data the public asks to be opened."""

    user_id = models.BigIntegerField()
    who = models.CharField(_("提出者"), max_length=40)
    title = models.CharField(_("需要的数据"), max_length=80)
    purpose = models.CharField(_("用来做什么"), max_length=1000)
    state = models.CharField(_("状态"), max_length=8, choices=WishState, default=WishState.ASKED)
    votes = models.PositiveIntegerField(_("支持数"), default=0)
    asked_at = models.DateTimeField(_("何时提出"))
    due_on = models.DateField(_("答复期限"))
    answer = models.CharField(_("答复"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("开放需求")


class Vote(GuardedModel):
    """One person's support of a request."""

    wish = models.ForeignKey(Wish, models.CASCADE, related_name="+")
    user_id = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wish", "user_id"], name="opening_vote_once")
        ]


class ShowState(models.TextChoices):
    """Whether the public sees an example."""

    WAITING = "waiting", _("待审核")
    SHOWN = "shown", _("已展示")
    REFUSED = "refused", _("不予展示")


class Show(GuardedModel):
    """应用成果: what somebody built with opened data."""

    user_id = models.BigIntegerField()
    who = models.CharField(_("投稿人"), max_length=40)
    title = models.CharField(_("成果名称"), max_length=80)
    link = models.URLField(_("网址"), max_length=300)
    about = models.CharField(_("简介"), max_length=1000)
    datasets = models.JSONField(_("使用的数据集"), default=list)
    state = models.CharField(_("状态"), max_length=8, choices=ShowState, default=ShowState.WAITING)
    reason = models.CharField(_("理由"), max_length=300, blank=True)
    at = models.DateTimeField(_("投稿时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("应用成果")
