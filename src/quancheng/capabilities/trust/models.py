"""Tables of licences 证照 and their types 证照类型."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.trust import lifecycle
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.models import GuardedModel


class LicenceType(GuardedModel):
    """证照类型: what a licence of this sort says; synced from resource files."""

    code = models.SlugField(_("代码"), max_length=60, unique=True)
    name = models.JSONField(_("名称"))
    prefix = models.CharField(_("证号前缀"), max_length=6)
    colour = models.CharField(_("底色"), max_length=7, default="#0a5cad")
    items = models.JSONField(_("照面项"))
    """``[{key, name: {zh, en}, sensitive}]`` in the order shown."""
    several = models.BooleanField(_("可持有多张"), default=False)
    """One holder may have several: a mother has a birth certificate for each child."""
    module = models.CharField(_("登记模块"), max_length=40)

    class Meta:
        verbose_name = verbose_name_plural = _("证照类型")

    def __str__(self) -> str:
        return self.name["zh"]

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class Serial(GuardedModel):
    """证号流水: the last number given for a type, region and year."""

    key = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveIntegerField(default=0)


class Licence(GuardedModel):
    """证照: one licence of one holder."""

    class Status(models.TextChoices):
        """状态: what is decided; what follows from the day is in :attr:`state`."""

        VALID = lifecycle.Kept.VALID.value, _("证照有效")
        SUSPENDED = lifecycle.Kept.SUSPENDED.value, _("已暂停")
        REVOKED = lifecycle.Kept.REVOKED.value, _("已撤销")
        REPLACED = lifecycle.Kept.REPLACED.value, _("已换发")

    number = models.CharField(_("证号"), max_length=40, unique=True)
    code = models.CharField(_("核验码"), max_length=32, unique=True)
    type = models.ForeignKey(LicenceType, models.PROTECT, related_name="licences")
    person = models.ForeignKey(
        "people.NaturalPerson", models.PROTECT, null=True, blank=True, related_name="licences"
    )
    firm = models.ForeignKey("people.Firm", models.PROTECT, null=True, blank=True, related_name="licences")
    holder_name = models.CharField(_("持证主体"), max_length=120)
    items = models.JSONField(_("照面内容"))
    issued_by = models.ForeignKey("people.Department", models.PROTECT, related_name="licences")
    issued_on_case = models.CharField(_("依据办件"), max_length=40, blank=True)
    issued_at = models.DateTimeField(_("签发时间"))
    valid_from = models.DateField(_("有效期起"))
    valid_to = models.DateField(_("有效期至"), null=True, blank=True)
    """The last valid day; None means without end."""
    check_until = models.DateField(_("审验期限"), null=True, blank=True)
    """The last day for the next periodic check; None means that there are none."""
    status = models.CharField(_("状态"), max_length=10, choices=Status, default=Status.VALID)
    status_index = models.PositiveBigIntegerField(_("状态序号"), null=True, unique=True)
    """Place in the status lists: list ``index >> 20``, entry ``index & 0xFFFFF``; given once, in random order."""
    version = models.PositiveIntegerField(_("版本"), default=1)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    """The version before this one."""
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    revoked_reason = models.CharField(_("撤销原因"), max_length=300, blank=True)
    content_hash = models.CharField(_("内容摘要"), max_length=64)
    salt = models.CharField(_("盐"), max_length=32)
    paper = models.CharField(_("纸质件摘要"), max_length=64, blank=True)
    """SHA-256 of the sealed PDF, once it was asked for."""
    commitment = models.CharField(_("加盐承诺"), max_length=64, db_index=True)
    """SHA-256 over salt and content; this, not the content's hash, goes into the audit chain."""
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("证照")
        indexes: ClassVar = [
            models.Index(fields=["person", "-issued_at"]),
            models.Index(fields=["firm", "-issued_at"]),
            models.Index(fields=["issued_by", "-issued_at"]),
            models.Index(fields=["check_until"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False) ^ models.Q(firm__isnull=False),
                name="trust_one_holder",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def expired(self) -> bool:
        """Past its last valid day."""
        return self.valid_to is not None and self.valid_to < clock.today()

    @property
    def state(self) -> lifecycle.State:
        """What the licence is today."""
        days = lifecycle.Days(self.valid_from, self.valid_to, self.check_until)
        notice = rulebook.find("trust.check_notice_days").integer() if self.check_until else 0
        return lifecycle.state_of(lifecycle.Kept(self.status), days, clock.today(), notice)

    @property
    def meaning(self) -> lifecycle.Meaning:
        """What today's state means for showing and verifying."""
        return lifecycle.meaning(self.state)

    @property
    def good(self) -> bool:
        """May be relied on now: valid, and a due check not overdue."""
        return self.meaning.good

    @property
    def state_text(self) -> Text:
        """有效, 已过期, 已撤销 …"""
        return self.meaning.text

    def content(self) -> dict[str, object]:
        """What the commitment covers."""
        return {
            "number": self.number,
            "type": self.type.code,
            "holder": self.holder_name,
            "items": self.items,
            "issued_by": self.issued_by.code,
            "case": self.issued_on_case,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }


class LicenceChange(GuardedModel):
    """证照变动: who did what to a licence, when and why; never changed."""

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="changes")
    deed = models.CharField(
        _("变动"), max_length=12, choices=[(one.value, one.text.zh) for one in lifecycle.Deed]
    )
    at = models.DateTimeField(_("时间"))
    by_name = models.CharField(_("经办"), max_length=120)
    by_id = models.BigIntegerField(_("经办账号"), null=True, blank=True)
    reason = models.CharField(_("原因"), max_length=300, blank=True)
    what = models.JSONField(_("变动内容"), default=dict)
    """``{from, to, items?: [keys changed], check_until?, number?}``: names of items, never their values."""

    class Meta:
        verbose_name = verbose_name_plural = _("证照变动")
        indexes: ClassVar = [models.Index(fields=["licence", "-at"])]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.deed}"

    @property
    def text(self) -> Text:
        """The deed in both languages."""
        return lifecycle.Deed(self.deed).text


class LicenceShow(GuardedModel):
    """选择出示: a few facts of one licence, shown to whoever holds the link, for some minutes."""

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="shows")
    code = models.CharField(_("出示码"), max_length=32, unique=True)
    keys = models.JSONField(_("出示项"))
    purpose = models.CharField(_("用途"), max_length=100)
    made_at = models.DateTimeField(_("生成时间"))
    ends_at = models.DateTimeField(_("失效时间"))
    stopped_at = models.DateTimeField(_("停用时间"), null=True, blank=True)
    views = models.PositiveIntegerField(_("查看次数"), default=0)
    views_most = models.PositiveIntegerField(_("最多查看次数"))

    class Meta:
        verbose_name = verbose_name_plural = _("选择出示")
        indexes: ClassVar = [models.Index(fields=["licence", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.purpose}"

    @property
    def open(self) -> bool:
        """Can still be looked at."""
        return self.stopped_at is None and clock.now() < self.ends_at and self.views < self.views_most


class LicenceLook(GuardedModel):
    """查验计数: how often a licence was verified on a day; nothing about who did."""

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="looks")
    day = models.DateField(_("日期"))
    way = models.CharField(_("方式"), max_length=8)
    """code, show or paper."""
    count = models.PositiveIntegerField(_("次数"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("查验计数")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["licence", "day", "way"], name="trust_look_once")
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.day} {self.count}"


class LicenceObjection(GuardedModel):
    """证照异议: the holder says that something is wrong; the issuing department answers."""

    class State(models.TextChoices):
        """进度."""

        OPEN = "open", _("待答复")
        CORRECTED = "corrected", _("已更正")
        REFUSED = "refused", _("不予更正")

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="objections")
    item = models.CharField(_("有误的照面项"), max_length=60)
    claim = models.CharField(_("说明"), max_length=300)
    state = models.CharField(_("进度"), max_length=10, choices=State, default=State.OPEN)
    filed_at = models.DateTimeField(_("提出时间"))
    filed_by_id = models.BigIntegerField(_("提出人账号"))
    due_on = models.DateField(_("答复期限"))
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    answered_by = models.CharField(_("答复人"), max_length=120, blank=True)
    answer = models.CharField(_("答复"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("证照异议")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["licence"], condition=models.Q(state="open"), name="trust_one_open_objection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.state}"

    @property
    def late(self) -> bool:
        """Not answered in time."""
        return self.state == self.State.OPEN and self.due_on < clock.today()
