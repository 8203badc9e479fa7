"""Tables of the vault. What happened to a request stands in its entries; the other columns repeat them for lists."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.vault.wording import names_of
from quancheng.core.text import Text
from quancheng.core.vault import Mode, State
from quancheng.core.vault.objection import ObjectionState
from quancheng.kernel import clock
from quancheng.kernel.models import GuardedModel


class Source(GuardedModel):
    """数据来源: facts a department holds, and which reader fetches them."""

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    name = models.JSONField(_("名称"))
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="vault_sources")
    reader = models.CharField(_("读取方式"), max_length=40)
    order = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("数据来源")

    def __str__(self) -> str:
        return str(self.name["zh"])

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text.of(self.name)


class Item(GuardedModel):
    """数据项: one thing a person can give."""

    class Mask(models.TextChoices):
        """页面上先怎样遮盖."""

        NONE = "none", _("不遮盖")
        ID = "id", _("证件号码")
        PHONE = "phone", _("电话")
        NAME = "name", _("姓名")
        ALL = "all", _("全部")

    code = models.SlugField(_("代码"), max_length=60, unique=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="items")
    name = models.JSONField(_("名称"))
    field = models.CharField(_("字段"), max_length=60)
    mask = models.CharField(_("遮盖方式"), max_length=8, choices=Mask, default=Mask.NONE)
    order = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("数据项")

    def __str__(self) -> str:
        return str(self.name["zh"])

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text.of(self.name)


class Recipient(GuardedModel):
    """数据使用方: a bank, firm or department that may ask; approved by a second person."""

    class Kind(models.TextChoices):
        """类型."""

        BANK = "bank", _("银行")
        FIRM = "firm", _("企业")
        DEPARTMENT = "department", _("部门")

    class Standing(models.TextChoices):
        """状态."""

        PROPOSED = "proposed", _("待复核")
        ACTIVE = "active", _("可用")
        SUSPENDED = "suspended", _("已暂停")

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    name = models.JSONField(_("名称"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    department = models.ForeignKey(
        "people.Department", models.PROTECT, null=True, blank=True, related_name="+"
    )
    callback = models.URLField(_("回调地址"), max_length=300, blank=True)
    standing = models.CharField(_("状态"), max_length=10, choices=Standing, default=Standing.PROPOSED)
    proposed_by = models.BigIntegerField(_("登记人"), null=True)
    proposed_name = models.CharField(_("登记人姓名"), max_length=100, blank=True)
    proposed_at = models.DateTimeField(_("登记于"))
    approved_name = models.CharField(_("复核人"), max_length=100, blank=True)
    approved_at = models.DateTimeField(_("复核时间"), null=True, blank=True)
    reason = models.CharField(_("暂停原因"), max_length=300, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据使用方")

    def __str__(self) -> str:
        return str(self.name["zh"])

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text.of(self.name)


class RecipientKey(GuardedModel):
    """使用方公钥: signs its requests and countersigns receipts; kept after revocation to check old receipts."""

    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="keys")
    kid = models.CharField(_("密钥标识"), max_length=16, unique=True)
    jwk = models.JSONField(_("公钥"))
    added_at = models.DateTimeField(_("登记于"))
    revoked_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("使用方公钥")

    def __str__(self) -> str:
        return self.kid


class DataRequest(GuardedModel):
    """数据请求: who asks a person for what and why. ``person`` is None when nobody fits what was said.

    Such a request is kept, waits and lapses like any other: the asker cannot tell.
    """

    number = models.CharField(_("数据请求编号"), max_length=40, unique=True)
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="requests")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="+")
    key = models.CharField(_("幂等键"), max_length=80)
    body = models.CharField(_("报文摘要"), max_length=64)
    salt = models.BinaryField(max_length=16)
    """Opens the holder in the first entry; the asker has it too."""
    purpose = models.CharField(_("用途"), max_length=200)
    basis = models.CharField(_("依据"), max_length=200)
    items = models.JSONField(_("数据项"))
    mode = models.CharField(_("使用方式"), max_length=8, choices=[(one.value, one.value) for one in Mode])
    until = models.DateTimeField(_("最晚截止"))
    answer_by = models.DateTimeField(_("答复期限"))
    made_at = models.DateTimeField(_("提出时间"))
    seq = models.PositiveIntegerField(default=1)
    head = models.BinaryField(max_length=32)
    at = models.DateTimeField(_("最近变动"))
    uses = models.PositiveIntegerField(_("使用次数"), default=0)
    ended = models.CharField(_("终止"), max_length=10, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据请求")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipient", "key"], name="vault_request_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-made_at"], name="vault_request_person"),
            models.Index(fields=["recipient", "-made_at"], name="vault_request_recipient"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def live_grant(self) -> Grant | None:
        """Its grant, if the person gave one."""
        found: Grant | None = getattr(self, "grant", None)
        return found

    @property
    def state(self) -> State:
        """Where it stands now."""
        now, given = clock.now(), self.live_grant
        if self.ended:
            return State(self.ended)
        if given is None:
            return State.ASKED if now < self.answer_by else State.LAPSED
        return State.LIVE if now < given.until else State.EXPIRED

    @property
    def items_text(self) -> Text:
        """Names of the items asked for."""
        return names_of(self.items)


class Grant(GuardedModel):
    """授权: what the person allowed."""

    request = models.OneToOneField(DataRequest, models.PROTECT, related_name="grant")
    items = models.JSONField(_("数据项"))
    mode = models.CharField(_("使用方式"), max_length=8)
    since = models.DateTimeField(_("起"))
    until = models.DateTimeField(_("止"))
    hash = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = verbose_name_plural = _("个人授权")

    def __str__(self) -> str:
        return self.request.number


class EntryRow(GuardedModel):
    """记录: an entry of a request's log in its canonical bytes; appended, never changed."""

    request = models.ForeignKey(DataRequest, models.PROTECT, related_name="entries")
    seq = models.PositiveIntegerField(_("序号"))
    kind = models.CharField(_("种类"), max_length=10)
    data = models.BinaryField()
    at = models.DateTimeField(_("时间"))
    chained = models.BooleanField(_("已上链"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("授权记录")
        constraints: ClassVar = [models.UniqueConstraint(fields=["request", "seq"], name="vault_entry_once")]

    def __str__(self) -> str:
        return f"{self.request_id}:{self.seq}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Append only."""
        if self.pk is not None:
            raise RuntimeError("an entry is never changed")
        super().save(*args, **kwargs)


class Use(GuardedModel):
    """使用: one use with its entry. The facts are kept for repeated answers only, then forgotten."""

    number = models.CharField(_("使用编号"), max_length=48, unique=True)
    request = models.ForeignKey(DataRequest, models.PROTECT, related_name="used")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="uses")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="+")
    key = models.CharField(_("幂等键"), max_length=80)
    body = models.CharField(_("报文摘要"), max_length=64)
    entry = models.OneToOneField(EntryRow, models.PROTECT, related_name="use")
    items = models.JSONField(_("数据项"))
    salt = models.BinaryField(max_length=16)
    facts = models.JSONField(_("应答内容"), null=True)
    at = models.DateTimeField(_("使用时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("个人数据使用")
        constraints: ClassVar = [models.UniqueConstraint(fields=["recipient", "key"], name="vault_use_once")]
        indexes: ClassVar = [models.Index(fields=["person", "-at"], name="vault_use_person")]

    def __str__(self) -> str:
        return self.number

    @property
    def items_text(self) -> Text:
        """Names of the items used."""
        return names_of(self.items)


class ReceiptRow(GuardedModel):
    """回执: the signed bytes that person, department and recipient hold."""

    entry = models.OneToOneField(EntryRow, models.PROTECT, related_name="receipt")
    data = models.BinaryField()
    countersigned_at = models.DateTimeField(_("会签时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("使用回执")

    def __str__(self) -> str:
        return str(self.entry)


class Objection(GuardedModel):
    """异议: a person says a fact is wrong; the department that holds it answers."""

    number = models.CharField(_("异议编号"), max_length=40, unique=True)
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, models.PROTECT, related_name="objections")
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    held = models.CharField(_("现有内容"), max_length=300)
    claimed = models.CharField(_("应为"), max_length=300)
    said = models.CharField(_("说明"), max_length=500)
    state = models.CharField(
        _("状态"), max_length=10, choices=[(one.value, one.value) for one in ObjectionState]
    )
    moves = models.JSONField(_("经过"))
    receivers = models.JSONField(_("曾获得者"))
    told = models.JSONField(_("已告知"))
    filed_at = models.DateTimeField(_("提出时间"))
    due_on = models.DateField(_("答复期限"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("数据异议")
        indexes: ClassVar = [
            models.Index(fields=["person", "-filed_at"], name="vault_objection_person"),
            models.Index(fields=["department", "state"], name="vault_objection_department"),
        ]

    def __str__(self) -> str:
        return self.number
