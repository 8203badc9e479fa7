"""Tables of peers 对端, links 链路, their events 事件, key uses 用钥 and sealed documents 加密文档. No key is in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.keys import PublicKey, from_jwk
from quancheng.core.linkkey import Strength, Suite
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Peer(GuardedModel):
    """对端节点: another city's node, believed by its public key."""

    code = models.SlugField(_("节点编码"), max_length=40, unique=True)
    name = models.JSONField(_("节点名称"))
    public_key = models.JSONField(_("身份公钥"))
    """JWK (RFC 7517); the thumbprint is read aloud when it is registered."""
    registered_at = models.DateTimeField(_("节点登记时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("对端节点")

    def __str__(self) -> str:
        return self.code

    @property
    def text(self) -> Text:
        return Text.of(self.name)

    @property
    def key(self) -> PublicKey:
        """Raises KeyFault when it was damaged."""
        return from_jwk(self.public_key)


class Link(GuardedModel):
    """量子安全链路: to one peer, with what protects it now."""

    class State(models.TextChoices):
        NEW = "NEW", _("未建立")
        OPEN = "OPEN", _("全强度")
        FALLBACK = "FALLBACK", _("已降级")
        DOWN = "DOWN", _("不通")
        CLOSED = "CLOSED", _("已关闭")

    class StrengthWord(models.TextChoices):
        FULL = str(Strength.FULL), _("量子密钥＋抗量子＋椭圆曲线")
        POST_QUANTUM = str(Strength.POST_QUANTUM), _("抗量子＋椭圆曲线，无量子密钥")

    class SuiteWord(models.TextChoices):
        AES = str(Suite.AES_256_GCM), "AES-256-GCM / SHA-256"
        SM4 = str(Suite.SM4_GCM), "SM4-GCM / SM3"

    code = models.SlugField(_("链路编码"), max_length=40, unique=True)
    name = models.JSONField(_("链路名称"))
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="links", verbose_name=_("对端节点"))
    address = models.CharField(_("对端地址"), max_length=120, blank=True)
    """``host:port``; empty: the peer calls us."""
    suite = models.CharField(_("密码套件"), max_length=24, choices=SuiteWord.choices, default=SuiteWord.AES)
    weakest = models.CharField(
        _("最低强度"), max_length=16, choices=StrengthWord.choices, default=StrengthWord.POST_QUANTUM
    )
    kme_url = models.CharField(_("密钥管理机地址"), max_length=200, blank=True)
    kme_identity = models.CharField(_("本端应用标识"), max_length=80, blank=True)
    kme_peer = models.CharField(_("对端应用标识"), max_length=80, blank=True)
    held = models.BooleanField(_("停用量子密钥"), default=False)
    wanted = models.BooleanField(_("要求建立"), default=False)
    state = models.CharField(
        _("状态"), max_length=10, choices=State.choices, default=State.NEW, db_index=True
    )
    strength = models.CharField(_("强度"), max_length=16, choices=StrengthWord.choices, blank=True)
    away = models.CharField(_("降级原因"), max_length=40, blank=True)
    session = models.CharField(_("链路会话"), max_length=16, blank=True)
    opened_at = models.DateTimeField(_("链路建立时间"), null=True, blank=True)
    rekeyed_at = models.DateTimeField(_("最近换密钥"), null=True, blank=True)
    rekey_wanted_at = models.DateTimeField(null=True, blank=True)
    keys_used = models.PositiveIntegerField(_("已用量子密钥"), default=0)
    keys_stored = models.PositiveIntegerField(_("库存量子密钥"), null=True, blank=True)
    alarmed = models.BooleanField(_("误码告警"), default=False)
    line_simulated = models.BooleanField(_("量子线路为模拟"), default=False)
    checked_at = models.DateTimeField(_("最近检查"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("量子安全链路")

    def __str__(self) -> str:
        return self.code

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class LinkEvent(GuardedModel):
    """链路事件: what happened on a link."""

    class Kind(models.TextChoices):
        OPENED = "OPENED", _("已建立")
        FALLBACK = "FALLBACK", _("降为抗量子")
        RESTORED = "RESTORED", _("恢复全强度")
        REKEYED = "REKEYED", _("已换密钥")
        REFUSED = "REFUSED", _("被拒或中断")
        ALARM = "ALARM", _("误码告警")
        CALM = "CALM", _("告警解除")
        HELD = "HELD", _("人工停用量子密钥")
        RELEASED = "RELEASED", _("恢复使用量子密钥")
        CLOSED = "CLOSED", _("已关闭链路")

    link = models.ForeignKey(Link, models.CASCADE, related_name="events", verbose_name=_("链路"))
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("链路事件"), max_length=10, choices=Kind.choices)
    strength = models.CharField(_("强度"), max_length=16, blank=True)
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    session = models.CharField(_("链路会话"), max_length=16, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("链路事件")
        indexes: ClassVar = [
            models.Index(fields=["link", "-at"]),
            models.Index(fields=["kind", "-at"]),
            models.Index(fields=["-at"]),
        ]


class KeyUse(GuardedModel):
    """用钥记录: a quantum key by its name, used once for one session; the key itself is nowhere."""

    link = models.ForeignKey(Link, models.CASCADE, related_name="uses", verbose_name=_("链路"))
    key_id = models.UUIDField(_("密钥编号"))
    session = models.CharField(_("链路会话"), max_length=16)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("用钥记录")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["link", "key_id"], name="quantum_key_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["link", "-at"])]


class QkdLap(GuardedModel):
    """量子线路每轮结果: the error rate and what it gave."""

    link = models.ForeignKey(Link, models.CASCADE, related_name="laps", verbose_name=_("链路"))
    number = models.PositiveBigIntegerField(_("轮次"))
    at = models.DateTimeField(_("时间"))
    qber = models.FloatField(_("误码率"))
    outcome = models.CharField(_("结果"), max_length=16)
    secret_bits = models.PositiveIntegerField(_("成码比特"))

    class Meta:
        verbose_name = verbose_name_plural = _("量子线路轮次")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["link", "number", "at"], name="quantum_lap_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["link", "-at"])]

    @property
    def percent(self) -> float:
        """误码率, per cent with two digits."""
        return round(100 * self.qber, 2)


class StorageKey(GuardedModel):
    """存储主密钥: its name and life; the key is in a file of the owner only."""

    name = models.SlugField(_("主密钥名称"), max_length=40, unique=True)
    since = models.DateTimeField(_("启用时间"))
    retired_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("存储主密钥")


class SealedDocument(GuardedModel):
    """加密文档: an envelope (``core.linkkey.storage``); the database holds no plaintext."""

    number = models.SlugField(_("文号"), max_length=60, unique=True)
    title = models.CharField(_("文档标题"), max_length=200)
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    envelope = models.BinaryField()
    master = models.CharField(_("主密钥"), max_length=40)
    size = models.PositiveIntegerField(_("大小"))
    stored_at = models.DateTimeField(_("存入时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("加密文档")
        indexes: ClassVar = [models.Index(fields=["department", "-stored_at"])]
