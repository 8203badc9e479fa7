"""Tables of key ceremonies 密钥仪式 and of backups 备份; imported by ``models``."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class KeyCeremony(GuardedModel):
    """密钥仪式: a key-encrypting key split among custodians; no place holds it afterwards."""

    class State(models.TextChoices):
        """状态."""

        HANDING = "handing", _("发放份额")
        DONE = "done", _("已完成")
        CANCELLED = "cancelled", _("已取消")

    name = models.CharField(_("名称"), max_length=80)
    threshold = models.PositiveSmallIntegerField(_("门限"))
    count = models.PositiveSmallIntegerField(_("份额数"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.HANDING)
    commitments = models.JSONField(default=list)
    """Hexadecimal SHA-256 of share 1, 2 …: name a wrong share, tell nothing of it."""
    check_value = models.CharField(max_length=64)
    """SHA-256 over a mark and the key: a quorum has found the right one."""
    backup_public = models.CharField(max_length=64, default="", blank=True)
    """X25519 public key of the ceremony (hex): backups can be locked to it, a quorum opens them."""
    wrapped = models.JSONField(default=dict)
    """Key id → the private part sealed by the ceremony's key (hex); moved into the keys when done."""
    started_name = models.CharField(_("发起人"), max_length=80)
    started_at = models.DateTimeField(_("发起时间"))
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("密钥仪式")

    def __str__(self) -> str:
        return self.name


class ShareSlot(GuardedModel):
    """份额: one custodian's, kept (sealed) only until that custodian has seen it."""

    ceremony = models.ForeignKey(KeyCeremony, models.PROTECT, related_name="slots")
    index = models.PositiveSmallIntegerField(_("序号"))
    user = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    name = models.CharField(_("保管人"), max_length=80)
    sealed = models.BinaryField(default=b"")
    seen_at = models.DateTimeField(_("领取时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("密钥份额")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ceremony", "index"], name="security_share_one_index"),
            models.UniqueConstraint(fields=["ceremony", "user"], name="security_share_one_custodian"),
        ]


class Gathering(GuardedModel):
    """会合: custodians bring their shares together, to try them or to use the root key."""

    class Kind(models.TextChoices):
        """目的."""

        DRILL = "drill", _("恢复演练")
        RENEW = "renew", _("签发下级机构")
        RESPLIT = "resplit", _("换人重新分持")

    class State(models.TextChoices):
        """状态."""

        OPEN = "open", _("收集中")
        DONE = "done", _("成功")
        FAILED = "failed", _("失败")

    ceremony = models.ForeignKey(KeyCeremony, models.PROTECT, related_name="gatherings")
    kind = models.CharField(_("目的"), max_length=8, choices=Kind)
    plan = models.JSONField(default=dict)
    """Of a new splitting: name, threshold and custodians of the ceremony that follows."""
    state = models.CharField(_("状态"), max_length=6, choices=State, default=State.OPEN)
    opened_name = models.CharField(_("发起人"), max_length=80)
    opened_at = models.DateTimeField(_("发起时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    outcome = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("份额会合")


class GivenShare(GuardedModel):
    """已交份额: sealed by the master key, deleted as soon as the gathering ends."""

    gathering = models.ForeignKey(Gathering, models.PROTECT, related_name="given")
    index = models.PositiveSmallIntegerField(_("序号"))
    sealed = models.BinaryField()
    name = models.CharField(_("保管人"), max_length=80)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("已交份额")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gathering", "index"], name="security_given_once")
        ]


class BackupRecord(GuardedModel):
    """备份: one that was finished; its figures and the digest of its manifest."""

    place = models.CharField(_("位置"), max_length=300)
    number = models.CharField(_("备份编号"), max_length=40, unique=True)
    manifest = models.CharField(_("清单摘要"), max_length=64)
    bytes = models.BigIntegerField(_("字节数"))
    files = models.PositiveIntegerField(_("文件数"))
    audit_size = models.BigIntegerField(_("审计条数"))
    audit_head = models.CharField(_("审计链头"), max_length=64)
    seconds = models.FloatField(_("用时（秒）"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("备份")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"])]


class RestoreDrill(GuardedModel):
    """恢复演练: a backup restored elsewhere and compared, with figures."""

    number = models.CharField(_("备份编号"), max_length=40, db_index=True)
    good = models.BooleanField(_("通过"))
    figures = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    """What did not fit, one bilingual text each."""
    seconds = models.FloatField(_("用时（秒）"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("恢复演练")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"])]
