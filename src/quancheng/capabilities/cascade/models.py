"""Tables of cascade: neighbours 相邻节点, books 账本, holdings 副本, readings 游标, letters 批次, wishes 校核."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.cascade import StreamKind
from quancheng.kernel.models import GuardedModel


class Neighbour(GuardedModel):
    """相邻节点: an equal that we exchange with; what it may have and may say."""

    class Kind(models.TextChoices):
        UPPER = "upper", _("上级平台")
        LOWER = "lower", _("下级节点")
        ORGAN = "organ", _("部门节点")
        PEER = "peer", _("其他城市")

    class State(models.TextChoices):
        WAITING = "waiting", _("待核对密钥")
        ACTIVE = "active", _("运行中")
        PAUSED = "paused", _("已暂停")

    class Mode(models.TextChoices):
        PULL = "pull", _("双方互相读取")
        BOTH = "both", _("本方读取并推送")
        WAIT = "wait", _("等待对方来读取和推送")

    code = models.CharField(_("节点代码"), max_length=60, unique=True)
    zh = models.CharField(_("中文名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120, blank=True, default="")
    kind = models.CharField(_("关系"), max_length=8, choices=Kind.choices)
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.WAITING)
    address = models.CharField(_("地址"), max_length=200)
    public_key = models.TextField(_("公钥"))
    first_reader = models.BigIntegerField(null=True)
    second_reader = models.BigIntegerField(null=True)
    revision = models.BigIntegerField(_("路由版本"), default=1)
    gives = models.JSONField(_("对方可以得到"), default=list)
    hears = models.JSONField(_("对方可以发来"), default=list)
    speaks_for = models.JSONField(_("可以代表的节点"), null=True)
    mode = models.CharField(_("连接方式"), max_length=4, choices=Mode.choices, default=Mode.PULL)
    late_after = models.PositiveIntegerField(_("滞后阈值"), default=900)
    silent_after = models.PositiveIntegerField(_("失联阈值"), default=3600)
    created_at = models.DateTimeField(_("登记时间"))
    heard_at = models.DateTimeField(_("最近心跳"), null=True)
    silent = models.BooleanField(_("已报失联"), default=False)
    busy_until = models.DateTimeField(null=True)
    fault = models.CharField(_("最近故障"), max_length=300, blank=True, default="")
    fault_at = models.DateTimeField(null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("相邻节点")
        indexes = [models.Index(fields=["state", "code"], name="cascade_neighbour_state")]

    def __str__(self) -> str:
        return f"{self.zh} {self.code}"


class Book(GuardedModel):
    """账本: one stream as this node keeps it, the table it lands in, and how far that came."""

    kind = models.CharField(_("种类"), max_length=10, choices=[(one.value, one.value) for one in StreamKind])
    name = models.CharField(_("数据流"), max_length=200)
    zh = models.CharField(_("中文名称"), max_length=120, blank=True, default="")
    epoch = models.BigIntegerField(_("纪元"), default=1)
    seq = models.BigIntegerField(_("日志号"), default=0)
    floor = models.BigIntegerField(_("清除至"), default=0)
    opened = models.BooleanField(default=False)
    stamp = models.BigIntegerField(default=0)
    table_id = models.CharField(_("数据表"), max_length=36, blank=True, default="")
    gathered = models.BigIntegerField(_("已收表版本"), default=0)
    landed = models.BigIntegerField(_("已落表日志号"), default=0)
    form = models.JSONField(_("表的形式"), default=dict)
    busy_until = models.DateTimeField(null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("账本")
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="cascade_book_once")]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def waiting(self) -> int:
        """Log numbers not in the table yet."""
        return max(0, self.seq - self.landed)


class Holding(GuardedModel):
    """副本: a row as this node holds it, once, at the number of its last change."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE, db_index=False)
    origin = models.CharField(max_length=200)
    local = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    at = models.BigIntegerField()
    held = models.BooleanField()
    live = models.BooleanField()
    rooted = models.BooleanField()
    heard = models.BooleanField()
    owner = models.CharField(max_length=200)
    term = models.BigIntegerField()
    epoch = models.BigIntegerField()
    number = models.BigIntegerField()
    region = models.CharField(max_length=200)
    organ = models.CharField(max_length=200)
    body = models.TextField()
    evidence = models.TextField(blank=True, default="")
    history = models.TextField(blank=True, default="")
    digest = models.BinaryField()

    class Meta:
        verbose_name = _("副本")
        constraints = [models.UniqueConstraint(fields=["book", "origin", "local"], name="cascade_row_once")]
        indexes = [
            models.Index(fields=["book", "seq"], name="cascade_by_sequence"),
            models.Index(fields=["book", "at"], condition=models.Q(live=False), name="cascade_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.origin}/{self.local}"


class Reading(GuardedModel):
    """游标: how far a neighbour's log was read, how far it read ours, and its pulse."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    neighbour = models.CharField(_("相邻节点"), max_length=60)
    cursor = models.JSONField(_("已读位置"), null=True)
    theirs = models.JSONField(_("对方已读位置"), null=True)
    beat_epoch = models.BigIntegerField(default=0)
    beat_seq = models.BigIntegerField(_("对方日志号"), default=0)
    beat_at = models.BigIntegerField(default=0)
    heard_at = models.BigIntegerField(default=0)
    behind_since = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("游标")
        constraints = [models.UniqueConstraint(fields=["book", "neighbour"], name="cascade_reading_once")]

    def __str__(self) -> str:
        return f"{self.neighbour}: {self.cursor}"


class Letter(GuardedModel):
    """批次日志: one batch that came or went and what came of it."""

    neighbour = models.CharField(_("相邻节点"), max_length=60)
    incoming = models.BooleanField(_("收到"), default=True)
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    kind = models.CharField(_("批次种类"), max_length=10)
    status = models.CharField(_("处理结果"), max_length=10)
    reason = models.CharField(_("原因"), max_length=300, blank=True, default="")
    rows = models.PositiveIntegerField(_("条目数"), default=0)
    changes = models.PositiveIntegerField(_("内容变化"), default=0)
    size = models.PositiveIntegerField(_("字节数"), default=0)
    since = models.BigIntegerField(default=0)
    through = models.BigIntegerField(default=0)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("批次")
        indexes = [
            models.Index(fields=["-at", "-id"], name="cascade_letter_at"),
            models.Index(fields=["neighbour", "-at", "-id"], name="cascade_letter_neighbour"),
        ]

    def __str__(self) -> str:
        return f"{self.neighbour} {self.kind} {self.since}–{self.through}"


class Count(GuardedModel):
    """对账: the last counts of both sides of one stream from one neighbour."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    neighbour = models.CharField(_("相邻节点"), max_length=60)
    at = models.DateTimeField(_("对账时间"))
    ours = models.BigIntegerField(_("本方行数"))
    theirs = models.BigIntegerField(_("对方行数"))
    our_digest = models.CharField(max_length=64)
    their_digest = models.CharField(max_length=64)
    equal = models.BooleanField(_("一致"))
    settled = models.BooleanField(_("双方已追平"), default=True)
    differing = models.JSONField(_("不一致的区段"), default=list)
    repaired = models.PositiveIntegerField(_("已修复区段"), default=0)

    class Meta:
        verbose_name = _("对账")
        constraints = [models.UniqueConstraint(fields=["book", "neighbour"], name="cascade_count_once")]

    def __str__(self) -> str:
        return f"{self.neighbour} {self.ours}/{self.theirs}"


class Wish(GuardedModel):
    """校核申请: a change of a row that its owner must decide; ours to others and others' to us."""

    class State(models.TextChoices):
        OPEN = "open", _("待答复")
        ACCEPTED = "accepted", _("已采纳")
        REFUSED = "refused", _("未采纳")

    origin = models.CharField(max_length=200)
    local = models.CharField(max_length=200)
    incoming = models.BooleanField(_("收到"))
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    row_origin = models.CharField(max_length=200)
    row_local = models.CharField(_("数据行"), max_length=200)
    owner = models.CharField(_("来源节点"), max_length=200)
    organ = models.CharField(_("单位"), max_length=200, blank=True, default="")
    department_id = models.BigIntegerField(null=True)
    before = models.TextField(blank=True, default="")
    wanted = models.TextField(_("建议内容"), blank=True, default="")
    deletes = models.BooleanField(_("建议删除"), default=False)
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.OPEN)
    note = models.CharField(_("答复"), max_length=500, blank=True, default="")
    asked_at = models.DateTimeField(_("提出时间"))
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("校核请求")
        constraints = [models.UniqueConstraint(fields=["origin", "local"], name="cascade_wish_once")]
        indexes = [
            models.Index(fields=["incoming", "state", "-asked_at", "-id"], name="cascade_wish_state"),
            models.Index(fields=["department_id"], name="cascade_wish_department"),
        ]

    def __str__(self) -> str:
        return f"{self.row_origin}/{self.row_local}"


class Remark(GuardedModel):
    """提示: what the machinery found and a person should look at."""

    finding = models.CharField(_("提示"), max_length=24)
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    origin = models.CharField(max_length=200)
    local = models.CharField(max_length=200)
    neighbour = models.CharField(max_length=60, blank=True, default="")
    body = models.TextField(blank=True, default="")
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("提示")
        indexes = [models.Index(fields=["-at", "-id"], name="cascade_remark_at")]

    def __str__(self) -> str:
        return f"{self.finding} {self.origin}/{self.local}"


class Feed(GuardedModel):
    """目录来源: a portal that is harvested (CKAN or DCAT) because it does not speak our protocol."""

    class Kind(models.TextChoices):
        CKAN = "ckan", _("CKAN接口")
        DCAT = "dcat", _("DCAT目录")

    code = models.CharField(_("来源代码"), max_length=60, unique=True)
    zh = models.CharField(_("中文名称"), max_length=80)
    kind = models.CharField(_("接口"), max_length=6, choices=Kind.choices)
    address = models.CharField(_("地址"), max_length=300)
    region = models.CharField(_("区域代码"), max_length=12, blank=True, default="")
    active = models.BooleanField(_("启用"), default=True)
    place = models.JSONField(_("断点"), default=dict)
    run = models.PositiveIntegerField(_("轮次"), default=0)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    theirs = models.PositiveIntegerField(_("对方条数"), default=0)
    ours = models.PositiveIntegerField(_("本方条数"), default=0)
    changed = models.PositiveIntegerField(_("本轮变化"), default=0)
    removed = models.PositiveIntegerField(_("本轮撤销"), default=0)
    refused = models.PositiveIntegerField(_("本轮拒收"), default=0)
    fault = models.CharField(_("最近故障"), max_length=300, blank=True, default="")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = _("目录来源")

    def __str__(self) -> str:
        return f"{self.zh} {self.code}"


class FeedItem(GuardedModel):
    """来源条目: when a dataset of a feed was last seen; not seen in a whole round means gone."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=150)
    digest = models.CharField(max_length=64)
    seen = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("来源条目")
        constraints = [models.UniqueConstraint(fields=["feed", "key"], name="cascade_feed_item_once")]
        indexes = [models.Index(fields=["feed", "seen"], name="cascade_feed_seen")]

    def __str__(self) -> str:
        return self.key
