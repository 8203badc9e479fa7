"""Tables of the ledger: exchanges 交换 with their evidence, stamps 时间戳, uses of people's data 使用记录, files 文件."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.exchange import Mode, Outcome
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Stamp(GuardedModel):
    """时间戳: one signed tree head over the evidence of a batch of exchanges (two leaves each)."""

    number = models.PositiveBigIntegerField(_("批次"), unique=True)
    authority = models.CharField(_("签发方"), max_length=80)
    time = models.DateTimeField(_("时间"))
    size = models.PositiveIntegerField(_("证据数"))
    root = models.BinaryField(_("根"))
    previous = models.BinaryField(_("上一时间戳摘要"))
    digest = models.BinaryField(_("摘要"))
    leaves = models.BinaryField(_("叶摘要"))
    """Hashes of the leaves in order, 32 bytes each: proofs are made from them when asked for."""
    key = models.CharField(_("密钥标识"), max_length=64)
    algorithm = models.CharField(_("算法"), max_length=20)
    signature = models.BinaryField(_("签名"))

    class Meta:
        verbose_name = verbose_name_plural = _("时间戳")

    def __str__(self) -> str:
        return str(self.number)


class Exchange(GuardedModel):
    """交换记录: a signed pair of messages and its place in the evidence ledger. Bodies are not kept, their digests are."""

    grant = models.ForeignKey("exchange.Grant", models.PROTECT, related_name="exchanges")
    consumer = models.ForeignKey("exchange.Party", models.PROTECT, related_name="+")
    provider = models.ForeignKey("exchange.Party", models.PROTECT, related_name="+")
    message = models.CharField(_("请求编号"), max_length=80)
    at = models.DateTimeField(_("时间"))
    mode = models.CharField(_("方式"), max_length=12, choices=[(str(one), str(one)) for one in Mode])
    outcome = models.CharField(_("结果"), max_length=10, choices=[(str(one), str(one)) for one in Outcome])
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    rows = models.PositiveIntegerField(_("条数"))
    case = models.CharField(_("业务编号"), max_length=80, blank=True)
    milliseconds = models.PositiveIntegerField(_("耗时"), default=0)
    request = models.TextField(_("签名请求"))
    response = models.TextField(_("签名响应"))
    """Signed messages without bodies, as ``core.exchange.signed_to_json`` writes them."""
    stamp = models.ForeignKey(Stamp, models.PROTECT, null=True, related_name="exchanges")
    place = models.PositiveIntegerField(_("批内位置"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("交换记录")
        constraints: ClassVar = [
            # ids of messages belong to who signed them: another party cannot use them up
            models.UniqueConstraint(fields=["consumer", "message"], name="exchange_message_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(stamp__isnull=True), name="exchange_unstamped"),
            models.Index(fields=["grant", "-at", "-id"], name="exchange_by_grant"),
            models.Index(fields=["-at", "-id"], name="exchange_at"),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def outcome_text(self) -> Text:
        """结果."""
        return OUTCOMES[Outcome(self.outcome)]


OUTCOMES = {
    Outcome.DELIVERED: Text("已提供", "delivered"),
    Outcome.REFUSED: Text("已拒绝", "refused"),
    Outcome.FAILED: Text("失败", "failed"),
}


class UseLine(GuardedModel):
    """个人数据使用记录: one exchange held a row about one person; that person reads it."""

    exchange = models.ForeignKey(Exchange, models.PROTECT, related_name="uses")
    digest = models.CharField(_("证件号散列"), max_length=64)
    """Keyed hash of the resident number: for people who are not in the base."""
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("个人数据使用记录")
        indexes: ClassVar = [
            models.Index(fields=["person", "-at", "-id"], name="exchange_use_person"),
            models.Index(fields=["digest"], name="exchange_use_digest"),
        ]


class Objection(GuardedModel):
    """异议: a person objects to a use of their data; the provider answers."""

    class State(models.TextChoices):
        """异议状态."""

        OPEN = "open", _("待答复")
        ANSWERED = "answered", _("已答复")

    use = models.OneToOneField(UseLine, models.PROTECT, related_name="objection")
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="+")
    provider = models.ForeignKey("exchange.Party", models.PROTECT, related_name="+")
    text = models.CharField(_("异议内容"), max_length=500)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.OPEN)
    answer = models.CharField(_("答复"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("提出时间"))
    answered_at = models.DateTimeField(_("答复时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("异议")
        indexes: ClassVar = [
            models.Index(fields=["provider", "state", "-made_at"], name="exchange_obj_state")
        ]


class BatchFile(GuardedModel):
    """批量文件: made by a job, limited to its grant, with its exchange as evidence."""

    class State(models.TextChoices):
        """文件状态."""

        WAITING = "waiting", _("待生成")
        READY = "ready", _("可下载")
        FAILED = "failed", _("未能生成")
        GONE = "gone", _("已过期删除")

    grant = models.ForeignKey("exchange.Grant", models.PROTECT, related_name="files")
    exchange = models.OneToOneField(Exchange, models.PROTECT, null=True, related_name="file")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.WAITING)
    case = models.CharField(_("业务编号"), max_length=80, blank=True)
    name = models.CharField(_("文件名"), max_length=80, blank=True)
    size = models.PositiveBigIntegerField(_("字节数"), default=0)
    rows = models.PositiveIntegerField(_("条数"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    watermark = models.CharField(_("水印"), max_length=120, blank=True)
    failure = models.CharField(_("失败原因"), max_length=300, blank=True)
    asked_by = models.CharField(_("申请人"), max_length=100)
    asked_at = models.DateTimeField(_("申请时间"))
    made_at = models.DateTimeField(_("生成时间"), null=True)
    expires_at = models.DateTimeField(_("删除时间"), null=True)
    downloads = models.PositiveIntegerField(_("下载次数"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("批量文件")
        indexes: ClassVar = [models.Index(fields=["grant", "-asked_at"], name="exchange_file_grant")]
