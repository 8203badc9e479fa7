"""Tables of keys 密钥, certificates 证书, time stamps 时间戳, seals 电子印章, quotas 配额."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.security.keeping_models import (
    BackupRecord,
    Gathering,
    GivenShare,
    KeyCeremony,
    RestoreDrill,
    ShareSlot,
)
from quancheng.core.keys import Algorithm, PublicKey, from_spki
from quancheng.core.pki import Certificate as X509
from quancheng.core.pki import Purpose, RevocationReason, read_certificate
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

__all__ = [
    "BackupRecord",
    "Certificate",
    "Client",
    "ElectronicSeal",
    "Gathering",
    "GivenShare",
    "Key",
    "KeyCeremony",
    "KeyChange",
    "KeyPurpose",
    "Quota",
    "QuotaUse",
    "RestoreDrill",
    "RevocationListRow",
    "Sealing",
    "ShareSlot",
    "Signature",
    "Stamp",
]


class KeyPurpose(GuardedModel):
    """密钥用途: what keys are kept for, with which algorithm; one active key at a time."""

    code = models.CharField(_("用途"), max_length=60, unique=True)
    name = models.JSONField(_("名称"))
    algorithm = models.CharField(
        _("算法"), max_length=20, choices=[(str(one), str(one)) for one in Algorithm]
    )
    life = models.CharField(_("期限参数"), max_length=80, default="security.key_days")
    """Rule book id of the days a key signs."""

    class Meta:
        verbose_name = verbose_name_plural = _("密钥用途")

    def __str__(self) -> str:
        return self.code

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class Key(GuardedModel):
    """密钥: its public part for ever, its private part sealed and only while it is needed."""

    class State(models.TextChoices):
        """状态."""

        ACTIVE = "active", _("在用")
        RETIRING = "retiring", _("只验签")
        RETIRED = "retired", _("已停用")
        DESTROYED = "destroyed", _("已销毁")

    class Handle(models.TextChoices):
        """What holds the private part."""

        SOFTWARE = "software", _("软件密钥")
        HARDWARE = "hardware", _("密码机")
        RING = "ring", _("密钥圈")

    purpose = models.CharField(_("用途"), max_length=60, db_index=True)
    algorithm = models.CharField(_("算法"), max_length=20)
    kid = models.CharField(_("密钥编号"), max_length=16, unique=True)
    """First 8 bytes of the RFC 7638 thumbprint, hexadecimal."""
    spki = models.BinaryField()
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ACTIVE, db_index=True)
    handle = models.CharField(_("保管方式"), max_length=10, choices=Handle, default=Handle.SOFTWARE)
    sealed = models.BinaryField(default=b"")
    """The private part, encrypted; empty once destroyed."""
    sealed_by = models.CharField(_("加密者"), max_length=40, default="master")
    """``master`` (the file in HOME/keys), ``ceremony:<id>`` (a quorum of custodians) or ``keyring`` (files of the modules)."""
    valid_from = models.DateTimeField(_("启用时间"))
    sign_until = models.DateTimeField(_("签名期限"))
    verify_until = models.DateTimeField(_("验签期限"))
    compromised_at = models.DateTimeField(_("泄露时间"), null=True, blank=True)
    created_by = models.CharField(_("建立者"), max_length=80)
    uses = models.BigIntegerField(_("使用次数"), default=0)
    """Upper bound: counted when a block of uses is handed out."""

    class Meta:
        verbose_name = verbose_name_plural = _("签名密钥")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["purpose"], condition=models.Q(state="active"), name="security_key_one_active"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["purpose", "-valid_from"])]

    def __str__(self) -> str:
        return f"{self.purpose} {self.kid}"

    @property
    def public(self) -> PublicKey:
        return from_spki(bytes(self.spki))


class KeyChange(GuardedModel):
    """密钥变更申请: asked by one officer, decided by another."""

    class Kind(models.TextChoices):
        """变更."""

        ROTATE = "rotate", _("轮换")
        COMPROMISE = "compromise", _("泄露停用")

    class State(models.TextChoices):
        """状态."""

        WAITING = "waiting", _("待复核")
        DONE = "done", _("已执行")
        DECLINED = "declined", _("不同意")

    key = models.ForeignKey(Key, models.PROTECT, related_name="changes")
    kind = models.CharField(_("变更"), max_length=10, choices=Kind)
    reason = models.CharField(_("理由"), max_length=300)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING, db_index=True)
    asked_by = models.BigIntegerField()
    asked_name = models.CharField(_("申请人"), max_length=80)
    asked_at = models.DateTimeField(_("申请时间"))
    decided_name = models.CharField(_("复核人"), max_length=80, blank=True)
    decided_at = models.DateTimeField(_("复核时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("密钥变更申请")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(state="waiting"), name="security_change_one_waiting"
            )
        ]


class Certificate(GuardedModel):
    """证书: issued by the city's authorities, or an authority itself (then with a ``slug``)."""

    serial = models.CharField(_("序列号"), max_length=40, unique=True)
    purpose = models.CharField(_("用途"), max_length=12, choices=[(str(one), str(one)) for one in Purpose])
    subject = models.CharField(_("名称"), max_length=64, db_index=True)
    slug = models.SlugField(_("机构名称"), max_length=40, blank=True, db_index=True)
    """Of an authority: the name in /pki/ addresses. A renewed authority keeps it."""
    algorithm = models.CharField(_("算法"), max_length=20)
    der = models.BinaryField()
    fingerprint = models.CharField(_("指纹"), max_length=64, unique=True)
    issuer = models.ForeignKey("self", models.PROTECT, null=True, related_name="issued")
    key = models.ForeignKey(Key, models.PROTECT, null=True, related_name="certificates")
    """Set when the platform holds the private key."""
    department = models.ForeignKey("people.Department", models.PROTECT, null=True, related_name="+")
    owner = models.CharField(_("持有者"), max_length=120, blank=True)
    not_before = models.DateTimeField(_("生效时间"))
    not_after = models.DateTimeField(_("失效时间"), db_index=True)
    revoked_at = models.DateTimeField(_("吊销时间"), null=True, blank=True)
    revoked_reason = models.CharField(
        _("吊销原因"), max_length=24, blank=True, choices=[(str(one), str(one)) for one in RevocationReason]
    )
    issued_by = models.CharField(_("签发人"), max_length=80)
    issued_at = models.DateTimeField(_("签发时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("证书")
        indexes: ClassVar = [
            models.Index(fields=["-issued_at", "-id"]),
            models.Index(fields=["issuer", "revoked_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.serial}"

    @property
    def x509(self) -> X509:
        return read_certificate(bytes(self.der))


class RevocationListRow(GuardedModel):
    """吊销列表: each list an authority has signed."""

    authority = models.ForeignKey(Certificate, models.PROTECT, related_name="lists")
    number = models.PositiveIntegerField(_("编号"))
    der = models.BinaryField()
    entries = models.PositiveIntegerField(_("条数"))
    this_update = models.DateTimeField(_("本次更新"))
    next_update = models.DateTimeField(_("下次更新"))

    class Meta:
        verbose_name = verbose_name_plural = _("吊销列表")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["authority", "number"], name="security_list_number")
        ]


class Client(GuardedModel):
    """签名服务调用方: a department's program; its secret is shown once and kept as a digest."""

    code = models.SlugField(_("编码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    secret_hash = models.CharField(max_length=64)
    active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("登记时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("签名服务调用方")

    def __str__(self) -> str:
        return self.code


class Quota(GuardedModel):
    """配额: how often a caller may use a service in a day; without a row the dated default holds."""

    caller = models.CharField(_("调用方"), max_length=60)
    service = models.CharField(_("服务"), max_length=10)
    per_day = models.BigIntegerField(_("每日次数"))

    class Meta:
        verbose_name = verbose_name_plural = _("配额")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "service"], name="security_quota_one")
        ]


class QuotaUse(GuardedModel):
    """用量: what a caller used of a service on a day."""

    caller = models.CharField(_("调用方"), max_length=60)
    service = models.CharField(_("服务"), max_length=10)
    day = models.DateField(_("日期"))
    used = models.BigIntegerField(_("已用"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("用量")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "service", "day"], name="security_use_one_day")
        ]
        indexes: ClassVar = [models.Index(fields=["-day", "caller"])]


class Stamp(GuardedModel):
    """时间戳: every token given, so that one can be found again and none is given twice."""

    serial = models.BigIntegerField(_("序列号"), unique=True)
    digest_oid = models.CharField(_("杂凑算法"), max_length=30)
    digest = models.CharField(_("杂凑值"), max_length=128, db_index=True)
    at = models.DateTimeField(_("时间"))
    requester = models.CharField(_("申请者"), max_length=60, db_index=True)
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="+")
    token = models.BinaryField()

    class Meta:
        verbose_name = verbose_name_plural = _("时间戳")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"])]


class Signature(GuardedModel):
    """签名记录: one signature of the signing service; the message is kept as a digest only."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="signatures")
    key = models.ForeignKey(Key, models.PROTECT, related_name="signatures")
    digest = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    signature = models.BinaryField()
    reference = models.CharField(_("业务编号"), max_length=120, blank=True)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("签名记录")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"])]


class ElectronicSeal(GuardedModel):
    """电子印章 (GB/T 38540) of a department."""

    number = models.CharField(_("印章编码"), max_length=40, unique=True)
    name = models.CharField(_("印章名称"), max_length=64)
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    der = models.BinaryField()
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="+")
    valid_until = models.DateTimeField(_("有效期至"))
    stopped_at = models.DateTimeField(_("停用时间"), null=True, blank=True)
    created_at = models.DateTimeField(_("制作时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("电子印章")

    def __str__(self) -> str:
        return self.name


class Sealing(GuardedModel):
    """用章记录: a seal on a document, kept as the document's digest."""

    seal = models.ForeignKey(ElectronicSeal, models.PROTECT, related_name="sealings")
    digest = models.CharField(_("文件SM3"), max_length=64, db_index=True)
    place = models.CharField(_("文件位置"), max_length=200)
    reference = models.CharField(_("业务编号"), max_length=120, blank=True)
    by = models.CharField(_("用章者"), max_length=80)
    at = models.DateTimeField(_("时间"))
    der = models.BinaryField()

    class Meta:
        verbose_name = verbose_name_plural = _("用章记录")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"])]
