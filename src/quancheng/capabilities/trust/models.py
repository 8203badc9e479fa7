"""Tables of licences 证照 and their types 证照类型."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.kernel import clock
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
        """状态."""

        VALID = "valid", _("证照有效")
        REVOKED = "revoked", _("已撤销")

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
    status = models.CharField(_("状态"), max_length=8, choices=Status, default=Status.VALID)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    revoked_reason = models.CharField(_("撤销原因"), max_length=300, blank=True)
    content_hash = models.CharField(_("内容摘要"), max_length=64)
    salt = models.CharField(_("盐"), max_length=32)
    commitment = models.CharField(_("加盐承诺"), max_length=64, db_index=True)
    """SHA-256 over salt and content; this, not the content's hash, goes into the audit chain."""
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("证照")
        indexes: ClassVar = [
            models.Index(fields=["person", "-issued_at"]),
            models.Index(fields=["firm", "-issued_at"]),
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
    def good(self) -> bool:
        """Valid now: neither revoked nor expired nor in the future."""
        return self.status == self.Status.VALID and not self.expired and self.valid_from <= clock.today()

    @property
    def state_text(self) -> Text:
        """有效, 已过期, 已撤销."""
        if self.status == self.Status.REVOKED:
            return Text("已撤销", "Revoked")
        if self.expired:
            return Text("已过期", "Expired")
        return Text("有效", "Valid")

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
