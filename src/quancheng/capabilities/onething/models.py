"""Tables of one-things: published themes, bundles of items, consents."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.onething.spec import Theme as ThemeSpec
from quancheng.capabilities.onething.spec import read_theme
from quancheng.capabilities.onething.values import BundleState, ItemState
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Theme(GuardedModel):
    """一件事主题: what people can have done at once; its content lives in versions."""

    code = models.SlugField(_("代码"), max_length=60, unique=True)
    name = models.JSONField(_("名称"))
    zone = models.CharField(_("专区"), max_length=60, db_index=True)
    icon = models.CharField(_("图标"), max_length=40, default="list-check")
    module = models.CharField(_("登记模块"), max_length=40)
    enabled = models.BooleanField(_("启用"), default=True)
    order = models.PositiveIntegerField(_("排序"), default=100)
    search = models.TextField(_("检索词"), blank=True)
    current = models.ForeignKey("ThemeVersion", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = _("一件事主题")
        indexes: ClassVar = [models.Index(fields=["enabled", "order", "id"])]

    def __str__(self) -> str:
        return str(self.name["zh"])

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class ThemeVersion(GuardedModel):
    """一件事版本: one published definition; running bundles keep theirs."""

    theme = models.ForeignKey(Theme, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("版本"))
    content = models.JSONField(_("内容"))
    digest = models.CharField(_("摘要"), max_length=64)
    published_at = models.DateTimeField(_("发布时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("一件事版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["theme", "number"], name="onething_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.theme_id} v{self.number}"

    @cached_property
    def spec(self) -> ThemeSpec:
        """The definition as a value."""
        return read_theme(self.content)


class Bundle(GuardedModel):
    """一件事办件: one person's or firm's one-thing, from the first answer to the result pack."""

    receipt = models.CharField(_("一件事编号"), max_length=24, unique=True, null=True, blank=True)
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="bundles")
    version = models.ForeignKey(ThemeVersion, models.PROTECT, related_name="bundles")
    user = models.ForeignKey("people.User", models.PROTECT, related_name="onethings")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="onethings")
    firm = models.ForeignKey("people.Firm", models.PROTECT, null=True, blank=True, related_name="onethings")
    applicant_name = models.CharField(_("申请主体"), max_length=120)
    region_code = models.CharField(_("区划"), max_length=12, blank=True)
    state = models.CharField(
        _("状态"),
        max_length=10,
        default=BundleState.DRAFT,
        choices=[(one.value, one.text.zh) for one in BundleState],
    )
    answers = models.JSONField(_("问卷"), default=dict)
    facts = models.JSONField(_("信息"), default=dict)
    provenance = models.JSONField(_("来源"), default=dict)
    uploads = models.JSONField(_("材料"), default=dict)
    """Upload → what is known of the stored file: digest, media_type, size, width, height, name."""
    started_at = models.DateTimeField(_("开始时间"))
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    finished_at = models.DateTimeField(_("办完时间"), null=True, blank=True)
    asked = models.PositiveIntegerField(_("填写项数"), default=0)
    known = models.PositiveIntegerField(_("免填项数"), default=0)
    pack_round = models.PositiveIntegerField(_("结果包轮次"), default=0)
    pack_digest = models.CharField(_("结果包摘要"), max_length=64, blank=True)
    pack_size = models.PositiveIntegerField(_("结果包大小"), default=0)
    packed_at = models.DateTimeField(_("结果包时间"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("一件事办件")
        indexes: ClassVar = [
            models.Index(fields=["user", "-started_at", "-id"]),
            models.Index(fields=["state", "-started_at", "-id"]),
            models.Index(fields=["-started_at", "-id"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "theme"], condition=models.Q(state="draft"), name="onething_draft_once"
            )
        ]

    def __str__(self) -> str:
        return self.receipt or f"draft {self.pk}"

    @property
    def spec(self) -> ThemeSpec:
        return self.version.spec

    @property
    def progress(self) -> BundleState:
        return BundleState(self.state)


class BundleItem(GuardedModel):
    """一件事事项: one matter of a bundle and its case."""

    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="items")
    key = models.CharField(_("事项键"), max_length=40)
    matter = models.CharField(_("事项代码"), max_length=60)
    name = models.JSONField(_("名称"))
    position = models.PositiveSmallIntegerField(_("次序"))
    layer = models.PositiveSmallIntegerField(_("步骤"))
    case = models.OneToOneField(
        "services.Case", models.PROTECT, null=True, blank=True, related_name="onething_item"
    )
    state = models.CharField(
        _("状态"),
        max_length=10,
        default=ItemState.WAITING,
        choices=[(one.value, one.text.zh) for one in ItemState],
    )
    reason = models.JSONField(_("原因"), default=dict)
    missing = models.JSONField(_("待补充"), default=dict)
    extra = models.JSONField(_("补充"), default=dict)
    """``{fields: {…}, files: {material: …}}`` the applicant added while it asked."""
    result = models.JSONField(_("结果"), default=dict)
    attempt = models.PositiveIntegerField(_("送出次数"), default=0)
    given_number = models.CharField(_("赋码"), max_length=18, unique=True, null=True, blank=True)
    changed_at = models.DateTimeField(_("变动时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("一件事事项")
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["bundle", "key"], name="onething_item_once")]

    def __str__(self) -> str:
        return f"{self.bundle_id} {self.key}"

    @property
    def progress(self) -> ItemState:
        return ItemState(self.state)

    @property
    def text(self) -> Text:
        return Text.of(self.name)

    @property
    def why(self) -> Text | None:
        return Text.of(self.reason) if self.reason else None


class BundleConsent(GuardedModel):
    """授权: one yes or no about one use of data, with what was read when it was said."""

    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="consents")
    key = models.CharField(_("授权键"), max_length=40)
    department = models.CharField(_("使用部门"), max_length=60)
    given = models.BooleanField(_("同意"))
    said = models.JSONField(_("告知内容"))
    digest = models.CharField(_("摘要"), max_length=64)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("授权")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bundle", "key"], name="onething_consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id} {self.key} {self.given}"


def plain(value: Any) -> dict[str, Any]:
    """A JSON copy of a mapping column."""
    return dict(value or {})
