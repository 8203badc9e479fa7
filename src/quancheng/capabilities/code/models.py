"""Tables of the citizen code: phones, credentials, gates, scans."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Device(GuardedModel):
    """手机: a phone whose browser holds a key that never leaves it."""

    class State(models.TextChoices):
        """状态."""

        ACTIVE = "active", _("使用中")
        LOST = "lost", _("已挂失")
        REMOVED = "removed", _("已解绑")

    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="code_devices")
    label = models.CharField(_("名称"), max_length=60)
    public = models.JSONField(_("公钥"))
    """JWK of the device key."""
    thumbprint = models.CharField(max_length=64, unique=True)
    level = models.PositiveSmallIntegerField(_("认证等级"), default=1)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.ACTIVE)
    enrolled_at = models.DateTimeField(_("绑定时间"))
    renewed_at = models.DateTimeField(_("最近续期"), null=True, blank=True)
    ended_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("手机")
        indexes: ClassVar = [models.Index(fields=["person", "state"])]

    def __str__(self) -> str:
        return self.label


class Choice(GuardedModel):
    """场景开关: a scene a person has switched off; no row means on."""

    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="code_choices")
    scene = models.CharField(_("使用场景"), max_length=30)
    on = models.BooleanField(default=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = _("场景开关")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "scene"], name="code_one_choice")]


class Credential(GuardedModel):
    """凭证: one issued layer-1 token, for one scene (a phone's) or some (a printed card's)."""

    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="code_credentials")
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="credentials")
    """Empty for a printed card."""
    subject = models.BinaryField(max_length=16)
    """Pseudonym of the person in this scene and period."""
    scenes = models.PositiveIntegerField(_("使用场景"))
    entitlements = models.PositiveIntegerField(_("权益"))
    status_index = models.PositiveBigIntegerField(unique=True)
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, hex: what a presentation refers to."""
    issued_at = models.DateTimeField(_("签发时间"))
    expires_at = models.DateTimeField(_("到期时间"))
    revoked_at = models.DateTimeField(_("停用时间"), null=True, blank=True)
    why = models.CharField(_("停用原因"), max_length=20, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("凭证")
        indexes: ClassVar = [
            models.Index(fields=["person", "-issued_at"]),
            models.Index(fields=["expires_at"]),
            models.Index(
                fields=["revoked_at"], name="code_revoked", condition=models.Q(revoked_at__isnull=False)
            ),
        ]

    @property
    def printed(self) -> bool:
        """A card or a sheet of paper."""
        return self.device_id is None


class Card(GuardedModel):
    """纸质码: a printed form of the code, for those without a phone."""

    credential = models.OneToOneField(Credential, models.PROTECT, related_name="card")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="code_cards")
    token = models.BinaryField(max_length=400)
    made_at = models.DateTimeField(_("制作时间"))
    stopped_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("纸质码")


class Verifier(GuardedModel):
    """验码点: a gate, or a counter's screen."""

    class Kind(models.TextChoices):
        """种类."""

        GATE = "gate", _("闸机")
        COUNTER = "counter", _("窗口")

    class State(models.TextChoices):
        """状态."""

        ACTIVE = "active", _("使用中")
        STOPPED = "stopped", _("已停用")

    code = models.SlugField(_("编号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("种类"), max_length=8, choices=Kind, default=Kind.GATE)
    scene = models.CharField(_("使用场景"), max_length=30)
    department = models.ForeignKey("people.Department", models.PROTECT, related_name="code_verifiers")
    token_digest = models.CharField(max_length=64, blank=True, db_index=True)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.ACTIVE)
    made_at = models.DateTimeField(_("登记时间"))
    heard_at = models.DateTimeField(_("最近上传"), null=True, blank=True)
    skew_seconds = models.IntegerField(_("时钟偏差"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("验码点")

    def __str__(self) -> str:
        return self.name


class Upload(GuardedModel):
    """上传批次: what a gate sent, kept before anything is made of it; once for each key."""

    class State(models.TextChoices):
        """状态."""

        NEW = "new", _("待处理")
        READ = "read", _("处理完")

    verifier = models.ForeignKey(Verifier, models.PROTECT, related_name="uploads")
    key = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    count = models.PositiveIntegerField(_("条数"))
    body = models.BinaryField()
    """zlib of the JSON as sent; emptied after reading."""
    state = models.CharField(_("状态"), max_length=4, choices=State, default=State.NEW)
    received_at = models.DateTimeField(_("收到时间"))
    taken = models.PositiveIntegerField(_("采用"), default=0)
    refused = models.PositiveIntegerField(_("不采用"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("上传批次")
        constraints: ClassVar = [models.UniqueConstraint(fields=["verifier", "key"], name="code_upload_once")]
        indexes: ClassVar = [models.Index(fields=["state", "received_at"])]


class Scan(GuardedModel):
    """扫码记录: one use of a code, checked by the city again."""

    class Finding(models.TextChoices):
        """复核结论."""

        GOOD = "good", _("有效")
        DOUBLE = "double", _("重复使用")
        LATE = "late", _("停用后使用")
        WRONG = "wrong", _("不成立")

    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="code_scans")
    """Whose it was; empty when the token was not one of ours."""
    credential = models.ForeignKey(Credential, models.PROTECT, null=True, related_name="scans")
    verifier = models.ForeignKey(Verifier, models.PROTECT, related_name="scans")
    scene = models.CharField(_("使用场景"), max_length=30)
    at = models.DateTimeField(_("时间"))
    step = models.PositiveBigIntegerField(default=0)
    nonce = models.CharField(max_length=32, blank=True)
    verdict = models.CharField(_("闸机结论"), max_length=30)
    finding = models.CharField(_("复核结论"), max_length=8, choices=Finding)
    reason = models.CharField(_("原因"), max_length=40, blank=True)
    received_at = models.DateTimeField(_("收到时间"))
    fare = models.PositiveIntegerField(_("应付（分）"), default=0)
    full_fare = models.PositiveIntegerField(_("票价（分）"), default=0)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("扫码记录")
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"]),
            models.Index(fields=["verifier", "-at"]),
            models.Index(fields=["credential", "step", "nonce"]),
            models.Index(fields=["at"]),
        ]

    @property
    def text(self) -> Text:
        """Name of its scene."""
        from quancheng.capabilities.code.vocabulary import scenes

        return next((one.text for one in scenes() if one.code == self.scene), Text(self.scene, self.scene))


class Settlement(GuardedModel):
    """乘车清分: one operator's rides of one day."""

    department = models.ForeignKey("people.Department", models.PROTECT, related_name="code_settlements")
    scene = models.CharField(_("使用场景"), max_length=30)
    day = models.DateField(_("日期"))
    rides = models.PositiveIntegerField(_("乘次"))
    full = models.PositiveBigIntegerField(_("票价合计（分）"))
    due = models.PositiveBigIntegerField(_("应付合计（分）"))
    doubles = models.PositiveIntegerField(_("重复使用"))
    made_at = models.DateTimeField(_("清分时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("乘车清分")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "scene", "day"], name="code_one_settlement")
        ]

    @property
    def relief(self) -> Any:
        """优待减免, in fen."""
        return self.full - self.due
