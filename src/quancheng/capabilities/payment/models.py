"""Tables of orders 订单, postings 凭证, messages 报文 and reconciliation 对账."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.payment.values import OrderInfo
from quancheng.core.payment import AccountKind, Amount, Order, OrderState, Outcome, RowKind, order_from
from quancheng.core.payment.reconcile import Result
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Channel(GuardedModel):
    """支付渠道: a bank that takes money for the city, how it is reached and by which keys it is believed."""

    code = models.SlugField(_("渠道编码"), max_length=20, unique=True)
    name = models.JSONField(_("渠道名称"))
    url = models.URLField(_("网关地址"), max_length=200)
    merchant = models.CharField(_("商户号"), max_length=32)
    account = models.CharField(_("收款账户"), max_length=40)
    keys = models.JSONField(_("渠道公钥"), default=dict)
    """Key name → {"public": base64 of 32 bytes, "from": ISO moment, "until": ISO moment or null}."""
    key_name = models.CharField(_("我方密钥名称"), max_length=40, default="k1")
    active = models.BooleanField(_("启用"), default=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("支付渠道")

    def __str__(self) -> str:
        return self.code

    @property
    def text(self) -> Text:
        return Text.of(self.name)


class NumberSeries(GuardedModel):
    """编号序列: the next number of a series; locked while it is taken."""

    name = models.CharField(max_length=40, unique=True)
    last = models.BigIntegerField(default=0)


class PaymentOrder(GuardedModel):
    """缴款订单: the record of facts (``core.payment.Order``), and what lists need of it."""

    number = models.CharField(_("缴款单号"), max_length=24, unique=True)
    title = models.JSONField(_("事由"))
    basis = models.JSONField(_("收费依据"), default=dict)
    subject = models.CharField(_("业务编号"), max_length=120, unique=True)
    """What is paid for, by its owner: ``services.case:<receipt>``; one order for each."""
    link = models.CharField(_("业务页面"), max_length=200, blank=True)
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, null=True, related_name="+")
    firm = models.ForeignKey("people.Firm", models.PROTECT, null=True, related_name="+")
    organ = models.ForeignKey("people.Department", models.PROTECT, related_name="+")
    fen = models.BigIntegerField(_("金额（分）"))
    state = models.CharField(_("状态"), max_length=16, db_index=True)
    record = models.JSONField()
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("开单时间"))
    expires_at = models.DateTimeField(_("缴款期限"))
    paid_at = models.DateTimeField(_("缴清时间"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("缴款订单")
        indexes: ClassVar = [
            models.Index(fields=["person", "-created_at"]),
            models.Index(fields=["firm", "-created_at"]),
            models.Index(fields=["organ", "-created_at"]),
            models.Index(fields=["state", "expires_at"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def order(self) -> Order:
        """The whole record; raises PaymentError when it was damaged."""
        return order_from(self.record)

    @property
    def text(self) -> Text:
        return Text.of(self.title)

    @property
    def amount(self) -> Amount:
        return Amount(self.fen)

    @property
    def order_state(self) -> OrderState:
        return OrderState(self.state)

    @property
    def info(self) -> OrderInfo:
        """The order as other modules know it."""
        return OrderInfo(
            self.number,
            self.subject,
            self.text,
            self.amount,
            self.order_state,
            self.created_at,
            self.expires_at,
            self.paid_at,
            self.simulated,
        )


class Booking(GuardedModel):
    """支付与退款明细: one row for each attempt and refund, for looking up and for reconciliation."""

    order = models.ForeignKey(PaymentOrder, models.PROTECT, related_name="bookings")
    number = models.CharField(_("编号"), max_length=64, unique=True)
    kind = models.CharField(_("类别"), max_length=6, choices=[(one.value, one.value) for one in RowKind])
    channel = models.CharField(_("渠道"), max_length=20)
    fen = models.BigIntegerField(_("金额（分）"))
    state = models.CharField(_("结果"), max_length=10, choices=[(one.value, one.value) for one in Outcome])
    trade = models.CharField(_("渠道流水号"), max_length=64, blank=True)
    at = models.DateTimeField(_("时间"))
    """When the channel says it ended; while pending, when it began."""
    asked_at = models.DateTimeField(_("最近查询"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("支付与退款明细")
        indexes: ClassVar = [
            models.Index(fields=["channel", "at"]),
            models.Index(fields=["state", "at"]),
        ]

    @property
    def amount(self) -> Amount:
        return Amount(self.fen)


class PostingRow(GuardedModel):
    """记账凭证: entries that sum to zero; never changed."""

    number = models.CharField(_("凭证号"), max_length=160, unique=True)
    order = models.ForeignKey(PaymentOrder, models.PROTECT, null=True, related_name="postings")
    day = models.DateField(_("记账日"), db_index=True)
    memo = models.JSONField(_("摘要"))
    made_at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("记账凭证")


class EntryRow(GuardedModel):
    """分录: debit above zero, credit below."""

    posting = models.ForeignKey(PostingRow, models.PROTECT, related_name="entries")
    kind = models.CharField(_("科目"), max_length=10)
    account = models.CharField(_("账户"), max_length=64)
    fen = models.BigIntegerField(_("金额（分）"))

    class Meta:
        verbose_name = verbose_name_plural = _("分录")
        indexes: ClassVar = [models.Index(fields=["kind", "account"])]

    @property
    def amount(self) -> Amount:
        return Amount(self.fen)

    @property
    def kind_text(self) -> Text:
        return AccountKind(self.kind).text


class ChannelMessage(GuardedModel):
    """渠道报文: what a channel signed and we believed; unique by sender and nonce."""

    channel = models.CharField(_("渠道"), max_length=20)
    nonce = models.CharField(max_length=64)
    kind = models.CharField(_("类别"), max_length=40)
    subject = models.CharField(_("编号"), max_length=64, db_index=True)
    body = models.TextField(_("原文"))
    at = models.DateTimeField(_("收到时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("渠道报文")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "nonce"], name="payment_message_once")
        ]


class RefundCase(GuardedModel):
    """退款申请: asked by one, approved by another when it is large."""

    class State(models.TextChoices):
        """状态."""

        WAITING = "waiting", _("待审批")
        SENT = "sent", _("已发起")
        DECLINED = "declined", _("不同意")

    order = models.ForeignKey(PaymentOrder, models.PROTECT, related_name="refund_cases")
    number = models.CharField(_("退款单号"), max_length=40, unique=True)
    fen = models.BigIntegerField(_("金额（分）"))
    reason = models.CharField(_("退款理由"), max_length=300)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING, db_index=True)
    asked_by = models.BigIntegerField()
    asked_name = models.CharField(_("申请人"), max_length=80)
    asked_at = models.DateTimeField(_("申请时间"))
    decided_name = models.CharField(_("审批人"), max_length=80, blank=True)
    decided_at = models.DateTimeField(_("审批时间"), null=True, blank=True)
    note = models.CharField(_("审批意见"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("退款申请")


class Receipt(GuardedModel):
    """非税收入电子票据: one for what was paid, red ones for what went back."""

    order = models.ForeignKey(PaymentOrder, models.PROTECT, related_name="receipts")
    code = models.CharField(_("票据代码"), max_length=8)
    number = models.CharField(_("票据号码"), max_length=10)
    check_code = models.CharField(_("校验码"), max_length=6)
    fen = models.BigIntegerField(_("金额（分）"))
    reason = models.CharField(max_length=64, unique=True)
    """The attempt or refund it stands for."""
    issued = models.DateField(_("开票日期"))

    class Meta:
        verbose_name = verbose_name_plural = _("电子票据")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "number"], name="payment_receipt_number")
        ]


class DayCheck(GuardedModel):
    """日对账: a business day of a channel compared with its statement."""

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="days")
    day = models.DateField(_("业务日"))
    rows = models.PositiveIntegerField(_("笔数"))
    ours_fen = models.BigIntegerField(_("我方合计（分）"))
    theirs_fen = models.BigIntegerField(_("渠道合计（分）"))
    fee_fen = models.BigIntegerField(_("手续费（分）"))
    counts = models.JSONField(default=dict)
    carried = models.JSONField(default=dict)
    proved = models.BooleanField(_("勾稽"))
    statement_sha256 = models.CharField(max_length=64)
    due = models.DateField(_("应清算日"))
    settled_on = models.DateField(_("到账日"), null=True, blank=True)
    made_at = models.DateTimeField(_("对账时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("日对账")
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "day"], name="payment_day_once")]

    @property
    def net(self) -> Amount:
        return Amount(self.theirs_fen - self.fee_fen)

    @property
    def gap(self) -> Amount:
        return Amount(self.theirs_fen - self.ours_fen)


class CheckFinding(GuardedModel):
    """对账差异: a transaction the two sides do not tell alike, until somebody has settled it."""

    check_day = models.ForeignKey(DayCheck, models.PROTECT, related_name="findings")
    result = models.CharField(_("差异"), max_length=16)
    action = models.CharField(_("处理方式"), max_length=16)
    number = models.CharField(_("编号"), max_length=64)
    order = models.ForeignKey(PaymentOrder, models.PROTECT, null=True, related_name="+")
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    gap_fen = models.BigIntegerField(_("差额（分）"))
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True, db_index=True)
    closed_by = models.CharField(_("办结人"), max_length=80, blank=True)
    note = models.CharField(_("说明"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("对账差异")

    @property
    def result_text(self) -> Text:
        return Result(self.result).text

    @property
    def gap(self) -> Amount:
        return Amount(self.gap_fen)
