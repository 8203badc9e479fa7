"""Tables of halls 大厅, receptions 收件 and bags of paper 材料袋."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.counter.custody import OVER, BagState, Link, holder_text
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class AppendOnlyError(RuntimeError):
    """A programming fault: history was to be changed."""


class Hall(GuardedModel):
    """政务服务大厅: one of four levels, from city to community."""

    class Level(models.TextChoices):
        """层级."""

        CITY = "city", _("市级")
        DISTRICT = "district", _("区县级")
        STREET = "street", _("镇街级")
        COMMUNITY = "community", _("社区（村）级")

    code = models.SlugField(_("大厅代码"), max_length=40, unique=True)
    level = models.CharField(_("大厅层级"), max_length=10, choices=Level)
    region_code = models.CharField(_("区域代码"), max_length=12, db_index=True)
    name = models.JSONField(_("大厅名称"))
    address = models.JSONField(_("大厅地址"))
    hours = models.JSONField(_("开放时间"))
    phone = models.CharField(_("咨询电话"), max_length=20, default="12345")
    windows = models.PositiveSmallIntegerField(_("窗口数"))
    accessible = models.BooleanField(_("无障碍"), default=False)
    longitude = models.FloatField(_("经度"))
    latitude = models.FloatField(_("纬度"))
    order = models.PositiveIntegerField(_("排序"), default=100)
    simulated = models.BooleanField(_("模拟"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("政务服务大厅")

    def __str__(self) -> str:
        return str(self.name["zh"])

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class Reception(GuardedModel):
    """窗口收件: where, by whom and for whom a case was received."""

    case = models.OneToOneField("services.Case", models.PROTECT, related_name="reception")
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="receptions")
    clerk = models.ForeignKey("people.User", models.PROTECT, related_name="receptions")
    at = models.DateTimeField(_("收件时间"))
    purpose = models.CharField(_("用途"), max_length=200)
    papers = models.JSONField(_("纸质材料"), default=list)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("窗口收件")
        indexes: ClassVar = [models.Index(fields=["hall", "-at", "-id"])]


class Bag(GuardedModel):
    """材料袋: paper originals under one seal."""

    number = models.CharField(_("袋号"), max_length=40, unique=True)
    seal = models.CharField(_("封签号"), max_length=30, unique=True)
    case = models.ForeignKey("services.Case", models.PROTECT, related_name="bags")
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="bags")
    office = models.ForeignKey("people.Department", models.PROTECT, related_name="bags")
    papers = models.JSONField(_("清单"), default=list)
    count = models.PositiveSmallIntegerField(_("份数"))
    state = models.CharField(
        _("流转状态"), max_length=12, choices=[(one.value, one.text.zh) for one in BagState]
    )
    holder = models.CharField(_("持有方"), max_length=12)
    holder_name = models.CharField(_("持有人"), max_length=120)
    due_at = models.DateTimeField(_("应完成时间"), null=True, blank=True)
    problem = models.BooleanField(_("有差异"), default=False)
    head = models.CharField(_("链头"), max_length=64)
    sealed_at = models.DateTimeField(_("封装时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("材料袋")
        indexes: ClassVar = [
            models.Index(fields=["hall", "-sealed_at", "-id"]),
            models.Index(fields=["office", "-sealed_at", "-id"]),
            models.Index(fields=["state", "due_at"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state_text(self) -> Text:
        return BagState(self.state).text

    @property
    def holder_text(self) -> Text:
        """Who has the paper: role and name."""
        role = holder_text(self.holder)
        return Text(f"{role.zh}：{self.holder_name}", f"{role.en}: {self.holder_name}")

    @property
    def over(self) -> bool:
        return self.state in OVER


class BagEvent(GuardedModel):
    """交接记录: one link of a bag's chain; append only."""

    bag = models.ForeignKey(Bag, models.PROTECT, related_name="events")
    sequence = models.PositiveSmallIntegerField(_("序号"))
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("交接步骤"), max_length=16)
    giver = models.CharField(_("交出方"), max_length=120)
    taker = models.CharField(_("接收方"), max_length=120)
    user = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    signer = models.CharField(_("登记人"), max_length=140)
    data = models.JSONField(_("交接内容"), default=dict)
    previous = models.CharField(_("前一摘要"), max_length=64)
    digest = models.CharField(_("摘要"), max_length=64)
    signature = models.CharField(_("签名"), max_length=128)

    class Meta:
        verbose_name = verbose_name_plural = _("交接记录")
        ordering: ClassVar = ["sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bag", "sequence"], name="counter_link_once")
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("交接记录只能追加。 The chain of custody is append only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("交接记录只能追加。 The chain of custody is append only.")

    def link(self, number: str) -> Link:
        """The value that was hashed; ``number`` is the bag's."""
        return Link(
            number,
            self.sequence,
            self.at,
            self.kind,
            self.giver,
            self.taker,
            self.signer,
            self.data,
            self.previous,
        )


class Partner(GuardedModel):
    """协作城市: a city that receives for us and for which we receive."""

    code = models.SlugField(_("城市代码"), max_length=40, unique=True)
    name = models.JSONField(_("城市名称"))
    circle = models.CharField(_("协作范围"), max_length=60)
    address = models.CharField(_("接口地址"), max_length=200, blank=True)
    public_key = models.CharField(_("公钥"), max_length=64, blank=True)
    matters = models.JSONField(_("可通办事项"), default=list)
    sent = models.PositiveIntegerField(_("已发序号"), default=0)
    received = models.PositiveIntegerField(_("已收序号"), default=0)
    active = models.BooleanField(_("启用"), default=True)
    simulated = models.BooleanField(_("模拟"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("协作城市")

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class Exchange(GuardedModel):
    """跨城办件: one application handed between two cities."""

    reference = models.CharField(_("跨城编号"), max_length=64, unique=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="exchanges")
    outgoing = models.BooleanField(_("由本市发出"))
    state = models.CharField(_("跨城状态"), max_length=12)
    matter = models.CharField(_("事项代码"), max_length=60)
    applicant = models.CharField(_("申请人"), max_length=120)
    content = models.JSONField(_("申请内容"), default=dict)
    note = models.CharField(_("跨城说明"), max_length=500, blank=True)
    user = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(
        "people.NaturalPerson", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("发起时间"))
    updated_at = models.DateTimeField(_("更新时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("跨城办件")
        indexes: ClassVar = [models.Index(fields=["-updated_at", "-id"])]


class Letter(GuardedModel):
    """跨城报文: a signed message sent or received, in the partner's sequence."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="letters")
    exchange = models.ForeignKey(Exchange, models.PROTECT, null=True, blank=True, related_name="letters")
    message_id = models.CharField(_("报文编号"), max_length=64)
    outgoing = models.BooleanField(_("由本市发出"))
    sequence = models.PositiveIntegerField(_("序号"))
    kind = models.CharField(_("报文类型"), max_length=16)
    body = models.TextField(_("报文"))
    receipt = models.TextField(_("回执"), blank=True)
    at = models.DateTimeField(_("时间"))
    delivered_at = models.DateTimeField(_("送达时间"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    problem = models.CharField(_("未送达原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("跨城报文")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "outgoing", "message_id"], name="counter_letter_once"),
            models.UniqueConstraint(fields=["partner", "outgoing", "sequence"], name="counter_letter_order"),
        ]
