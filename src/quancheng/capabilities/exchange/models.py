"""Tables of sharing: parties 单位 and keys 密钥, requests 申请, grants 授权 with their uses, subscriptions 订阅.

The ledger of exchanges and what belongs to it stands in ``ledger_models``.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.exchange.ledger_models import BatchFile as BatchFile
from quancheng.capabilities.exchange.ledger_models import Exchange as Exchange
from quancheng.capabilities.exchange.ledger_models import Objection as Objection
from quancheng.capabilities.exchange.ledger_models import Stamp as Stamp
from quancheng.capabilities.exchange.ledger_models import UseLine as UseLine
from quancheng.core.exchange import GrantStatus, Mode, ShareType, Stage
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Party(GuardedModel):
    """交换单位: an organ that asks, provides or both; messages name it by ``code``."""

    code = models.CharField(_("单位代码"), max_length=40, unique=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120, blank=True)
    department = models.OneToOneField(
        "people.Department", models.PROTECT, null=True, blank=True, related_name="exchange_party"
    )
    region_code = models.CharField(_("区域代码"), max_length=12, blank=True, db_index=True)
    created_at = models.DateTimeField(_("登记时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("交换单位")

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)


class PartyKey(GuardedModel):
    """单位密钥: a public key whose signatures count for a party, as long as it is valid and not revoked."""

    class Role(models.TextChoices):
        """密钥用途."""

        MESSAGE = "message", _("签署报文")
        STAMP = "stamp", _("签发时间戳")

    class Custody(models.TextChoices):
        """私钥保管."""

        OWN = "own", _("单位自行保管")
        PLATFORM = "platform", _("平台代管")

    party = models.ForeignKey(Party, models.PROTECT, related_name="keys")
    name = models.CharField(_("密钥标识"), max_length=64, unique=True)
    algorithm = models.CharField(_("算法"), max_length=20)
    public = models.BinaryField(_("公钥"))
    role = models.CharField(_("用途"), max_length=8, choices=Role, default=Role.MESSAGE)
    custody = models.CharField(_("私钥保管"), max_length=10, choices=Custody, default=Custody.OWN)
    valid_from = models.DateTimeField(_("生效时间"))
    valid_until = models.DateTimeField(_("失效时间"))
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    revoked_reason = models.CharField(_("撤销原因"), max_length=200, blank=True)
    registered_at = models.DateTimeField(_("登记时间"))
    registered_by = models.CharField(_("登记人"), max_length=100)

    class Meta:
        verbose_name = verbose_name_plural = _("单位密钥")
        indexes: ClassVar = [models.Index(fields=["party", "-valid_from"], name="exchange_key_party")]

    def __str__(self) -> str:
        return self.name[:16]


class Backend(GuardedModel):
    """提供方服务: a provider's own HTTP service that the gateway asks, with the state of its circuit."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="backends")
    resource = models.CharField(_("数据资源"), max_length=80, unique=True)
    url = models.URLField(_("服务地址"), max_length=300)
    secret_hint = models.CharField(_("凭据说明"), max_length=60, blank=True)
    timeout_seconds = models.FloatField(_("超时秒数"), default=5.0)
    circuit = models.JSONField(_("熔断状态"), default=dict)
    changed_at = models.DateTimeField(_("修改时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("提供方服务")

    def __str__(self) -> str:
        return self.resource


_STAGES = [(str(one), one.text.zh) for one in Stage]


class ShareRequest(GuardedModel):
    """共享申请: who asks whom for what, and where it stands under the legal clock."""

    class Way(models.TextChoices):
        """共享方式: what the consumer gets."""

        API = "api", _("接口调用")
        TABLE = "table", _("库表同步")
        FILE = "file", _("批量文件")
        SUBSCRIPTION = "subscription", _("变更订阅")

    number = models.CharField(_("申请编号"), max_length=24, unique=True)
    consumer = models.ForeignKey(Party, models.PROTECT, related_name="requests_made")
    provider = models.ForeignKey(Party, models.PROTECT, related_name="requests_received")
    resource = models.CharField(_("数据资源代码"), max_length=80, db_index=True)
    resource_zh = models.CharField(_("数据资源"), max_length=200)
    resource_en = models.CharField(_("数据资源英文名"), max_length=200, blank=True)
    share_type = models.CharField(
        _("共享属性"), max_length=16, choices=[(str(one), str(one)) for one in ShareType]
    )
    way = models.CharField(_("共享方式"), max_length=12, choices=Way, default=Way.API)
    fields = models.JSONField(_("字段"))
    condition = models.JSONField(_("行条件"), null=True, blank=True)
    rows_note = models.CharField(_("数据范围"), max_length=300, blank=True)
    purpose = models.CharField(_("用途"), max_length=200)
    basis_title = models.CharField(_("依据名称"), max_length=120)
    basis_clause = models.CharField(_("依据条款"), max_length=120)
    contact = models.CharField(_("联系人"), max_length=80, blank=True)
    calls_per_day = models.PositiveIntegerField(_("每日调用次数"))
    starts = models.DateField(_("使用起始日"))
    ends = models.DateField(_("使用截止日"))
    renews = models.ForeignKey("Grant", models.PROTECT, null=True, blank=True, related_name="renewals")
    stage = models.CharField(_("办理环节"), max_length=12, choices=_STAGES, default=str(Stage.DRAFTED))
    limit = models.CharField(_("当前期限"), max_length=12, blank=True)
    due = models.DateField(_("到期日"), null=True, blank=True)
    waiting = models.BooleanField(_("待补充说明"), default=False)
    late = models.BooleanField(_("已超期"), default=False)
    state = models.JSONField(_("办理状态"))
    """``core.exchange.SharingRequest`` as ``state.write`` puts it down."""
    asked_by = models.CharField(_("申请人"), max_length=100)
    asked_by_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(_("起草时间"))
    submitted_on = models.DateField(_("提交日"), null=True, blank=True, db_index=True)
    answered_on = models.DateField(_("答复日"), null=True, blank=True)
    answered_late = models.BooleanField(_("逾期答复"), default=False)
    decline_reason = models.CharField(_("不予共享理由"), max_length=300, blank=True)
    decline_basis = models.CharField(_("不予共享依据"), max_length=200, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("共享申请")
        indexes: ClassVar = [
            models.Index(fields=["consumer", "-created_at", "-id"], name="exchange_req_consumer"),
            models.Index(fields=["provider", "-created_at", "-id"], name="exchange_req_provider"),
            models.Index(fields=["stage", "due"], name="exchange_req_stage"),
            models.Index(fields=["-created_at", "-id"], name="exchange_req_at"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def stage_text(self) -> Text:
        """环节."""
        return Stage(self.stage).text

    @property
    def resource_text(self) -> Text:
        """Name of what is asked for."""
        return Text(self.resource_zh, self.resource_en)

    @property
    def basis(self) -> str:
        """Legal basis in one line."""
        return f"《{self.basis_title}》{self.basis_clause}"


class Grant(GuardedModel):
    """授权: what a consumer may use; never wider than was asked."""

    number = models.CharField(_("授权编号"), max_length=24, unique=True)
    request = models.ForeignKey(ShareRequest, models.PROTECT, related_name="grants")
    consumer = models.ForeignKey(Party, models.PROTECT, related_name="grants_held")
    provider = models.ForeignKey(Party, models.PROTECT, related_name="grants_given")
    resource = models.CharField(_("数据资源代码"), max_length=80, db_index=True)
    resource_zh = models.CharField(_("数据资源"), max_length=200)
    resource_en = models.CharField(_("数据资源英文名"), max_length=200, blank=True)
    table_id = models.CharField(_("数据表"), max_length=36, blank=True)
    """Empty: the provider's own service answers (``Backend`` of the resource)."""
    purpose = models.CharField(_("用途"), max_length=200)
    basis_title = models.CharField(_("依据名称"), max_length=120)
    basis_clause = models.CharField(_("依据条款"), max_length=120)
    fields = models.JSONField(_("字段与遮蔽"))
    """``{field: mask}``, see ``core.exchange.Mask``."""
    search = models.JSONField(_("检索字段"), default=list)
    condition = models.JSONField(_("行条件"), null=True, blank=True)
    modes = models.JSONField(_("方式"))
    hours = models.JSONField(_("使用时段"), default=list)
    """``[[since, until, [weekdays]]]`` in local time."""
    calls_per_day = models.PositiveIntegerField(_("每日调用次数"))
    rows_per_day = models.PositiveIntegerField(_("每日数据条数"))
    rows_per_call = models.PositiveIntegerField(_("每次最多条数"))
    rate_per_second = models.FloatField(_("每秒调用次数"))
    valid_from = models.DateTimeField(_("生效时间"))
    valid_until = models.DateTimeField(_("到期时间"))
    case_required = models.BooleanField(_("须填业务编号"), default=False)
    person_field = models.CharField(_("个人标识字段"), max_length=120, blank=True)
    """Column that holds the resident number of whom a row is about; empty: rows name nobody."""
    status = models.CharField(
        _("状态"),
        max_length=10,
        choices=[(str(one), str(one)) for one in GrantStatus],
        default=str(GrantStatus.ACTIVE),
    )
    ended_reason = models.CharField(_("终止原因"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("授予时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("共享授权")
        indexes: ClassVar = [
            models.Index(fields=["consumer", "-created_at", "-id"], name="exchange_grant_consumer"),
            models.Index(fields=["provider", "-created_at", "-id"], name="exchange_grant_provider"),
            models.Index(fields=["status", "valid_until"], name="exchange_grant_status"),
            models.Index(fields=["-created_at", "-id"], name="exchange_grant_at"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def resource_text(self) -> Text:
        """Name of what is shared."""
        return Text(self.resource_zh, self.resource_en)

    @property
    def basis(self) -> str:
        """Legal basis in one line."""
        return f"《{self.basis_title}》{self.basis_clause}"

    def allows(self, mode: Mode) -> bool:
        """Whether the grant covers a way of sharing."""
        return str(mode) in self.modes


class Counter(GuardedModel):
    """用量: what a grant has used in its present day, and its rate limit's one moment."""

    grant = models.OneToOneField(Grant, models.PROTECT, related_name="counter")
    window = models.PositiveIntegerField(_("第几日"), default=0)
    calls = models.PositiveIntegerField(_("调用次数"), default=0)
    rows = models.PositiveBigIntegerField(_("数据条数"), default=0)
    due = models.DateTimeField(_("限速时刻"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("用量")


class Subscription(GuardedModel):
    """变更订阅: changes of a table go to the consumer's endpoint, none lost, none twice."""

    class Status(models.TextChoices):
        """订阅状态."""

        ACTIVE = "active", _("运行中")
        PAUSED = "paused", _("已暂停")
        STUCK = "stuck", _("多次未送达，待人工处理")

    grant = models.OneToOneField(Grant, models.PROTECT, related_name="subscription")
    endpoint = models.URLField(_("接收地址"), max_length=300)
    status = models.CharField(_("状态"), max_length=8, choices=Status, default=Status.ACTIVE)
    since = models.PositiveBigIntegerField(_("已取版本"), default=0)
    """The version of the table whose changes are already in deliveries."""
    until = models.PositiveBigIntegerField(_("正取版本"), default=0)
    taken = models.PositiveBigIntegerField(_("已取变更"), default=0)
    """Of the changes from ``since`` to ``until`` so many are in deliveries: packing resumes after them."""
    fresh = models.BooleanField(_("从头开始"), default=True)
    """The next delivery tells the consumer to begin anew."""
    last = models.PositiveBigIntegerField(_("最后批次"), default=0)
    acknowledged = models.PositiveBigIntegerField(_("已确认批次"), default=0)
    failure = models.CharField(_("最近失败"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("建立时间"))
    changed_at = models.DateTimeField(_("最近变化"))

    class Meta:
        verbose_name = verbose_name_plural = _("变更订阅")

    def __str__(self) -> str:
        return self.endpoint


class Parcel(GuardedModel):
    """订阅批次: one numbered delivery, kept until the consumer has acknowledged it."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="parcels")
    number = models.PositiveBigIntegerField(_("批次"))
    exchange = models.ForeignKey(Exchange, models.PROTECT, related_name="parcels")
    body = models.BinaryField(_("签名报文"), null=True)
    """The signed message; emptied when acknowledged (data is not kept longer than needed)."""
    digest = models.BinaryField(_("摘要"))
    attempts = models.PositiveIntegerField(_("发送次数"), default=0)
    next = models.DateTimeField(_("下次发送"), null=True)
    acknowledged_at = models.DateTimeField(_("确认时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("订阅批次")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "number"], name="exchange_parcel_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["subscription", "acknowledged_at", "number"], name="exchange_parcel_open")
        ]
