"""Tables of the chain: shards, entries, tiles, heads; the alliance and what was seen of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.merkle import SHA256, CompactRange, MerkleHasher
from quancheng.core.sm import SM3_TREE
from quancheng.kernel.models import GuardedModel

HASHERS: dict[str, MerkleHasher] = {one.name: one for one in (SHA256, SM3_TREE)}


class Shard(GuardedModel):
    """分片: the log of a month."""

    origin = models.CharField(_("日志名"), max_length=120, unique=True)
    hasher = models.CharField(_("杂凑算法"), max_length=10, default="sha256")
    size = models.PositiveBigIntegerField(_("条数"), default=0)
    nodes = models.BinaryField(default=b"")
    """Hashes of the perfect subtrees, largest first (compact range)."""
    opened_at = models.DateTimeField(_("开始时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("日志分片")

    def __str__(self) -> str:
        return self.origin

    @property
    def tree(self) -> MerkleHasher:
        """Its hash."""
        return HASHERS[self.hasher]

    @property
    def range(self) -> CompactRange:
        """The compact range it stands at."""
        raw, width = bytes(self.nodes), self.tree.size
        nodes = tuple(raw[at : at + width] for at in range(0, len(raw), width))
        return CompactRange(self.tree, self.size, nodes)


class Entry(GuardedModel):
    """存证: one leaf. The data is elsewhere; here stand its digest, its salt, and the commitment of both."""

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="entries")
    index = models.PositiveBigIntegerField(_("序号"))
    leaf = models.BinaryField(max_length=32)
    scene = models.CharField(_("上链场景"), max_length=40)
    reference = models.CharField(_("业务编号"), max_length=120)
    digest = models.BinaryField(max_length=32, null=True)
    salt = models.BinaryField(max_length=16, null=True)
    """Digest and salt are emptied when a person's data must go; the leaf stays."""
    happened_at = models.DateTimeField(_("发生时间"))
    at = models.DateTimeField(_("存证时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("存证记录")
        constraints: ClassVar = [models.UniqueConstraint(fields=["shard", "index"], name="chain_one_leaf")]
        indexes: ClassVar = [
            models.Index(fields=["scene", "at"]),
            models.Index(fields=["reference"]),
            models.Index(fields=["-at"]),
        ]

    @property
    def text(self) -> Any:
        """Name of its scene."""
        from quancheng.capabilities.chain.scenes import known
        from quancheng.core.text import Text

        found = known(self.scene)
        return found.text if found else Text(self.scene, self.scene)


class Tile(GuardedModel):
    """瓦片: 256 hashes of a level, full or growing (C2SP tlog-tiles)."""

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="tiles")
    level = models.PositiveSmallIntegerField()
    number = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        verbose_name = verbose_name_plural = _("瓦片")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "level", "number"], name="chain_one_tile")
        ]


class Head(GuardedModel):
    """检查点: a signed head, with the cosignatures that came."""

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="heads")
    size = models.PositiveBigIntegerField(_("条数"))
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    witnesses = models.PositiveSmallIntegerField(_("见证数"), default=0)
    needed = models.PositiveSmallIntegerField(_("应见证数"), default=0)
    made_at = models.DateTimeField(_("签发时间"))
    witnessed_at = models.DateTimeField(_("见证时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("日志检查点")
        constraints: ClassVar = [models.UniqueConstraint(fields=["shard", "size"], name="chain_one_head")]
        indexes: ClassVar = [models.Index(fields=["shard", "-size"])]


class Member(GuardedModel):
    """联盟成员: another city's node: its log, which we watch, and its witness, which we ask."""

    class State(models.TextChoices):
        """状态."""

        ACTIVE = "active", _("参与中")
        PAUSED = "paused", _("暂停")

    name = models.SlugField(_("标识"), max_length=60, unique=True)
    title = models.JSONField(_("名称"))
    url = models.URLField(_("节点地址"), max_length=300)
    log_key = models.CharField(_("日志公钥"), max_length=3000)
    witness_key = models.CharField(_("见证公钥"), max_length=3000)
    hasher = models.CharField(_("杂凑算法"), max_length=10, default="sha256")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.ACTIVE)
    answered_at = models.DateTimeField(_("最近应答"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("其时钟"), null=True, blank=True)
    fault = models.CharField(_("最近故障"), max_length=200, blank=True)
    joined_at = models.DateTimeField(_("加入时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("联盟成员")

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> Any:
        """Its name."""
        from quancheng.core.text import Text

        return Text.of(self.title)


class SeenHead(GuardedModel):
    """所见检查点: the last head of another city's log that we cosigned."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="seen")
    origin = models.CharField(_("日志名"), max_length=120, unique=True)
    size = models.PositiveBigIntegerField(_("条数"))
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField(_("见证时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("所见检查点")


class Evidence(GuardedModel):
    """证据: two histories a member showed, for anybody to check."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="evidence")
    origin = models.CharField(_("日志名"), max_length=120)
    one = models.TextField()
    other = models.TextField()
    digest = models.CharField(max_length=64, unique=True)
    found_at = models.DateTimeField(_("发现时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("分叉证据")


class AnchorTx(GuardedModel):
    """锚定交易: a step of the log on its way to, or on, the alliance chain; one for each source and engine."""

    class Kind(models.TextChoices):
        """种类."""

        DEPLOY = "deploy", _("部署合约")
        CHECKPOINT = "checkpoint", _("检查点")
        GRANT = "grant", _("授权")
        REVOKE = "revoke", _("撤回")
        USE = "use", _("使用")

    class State(models.TextChoices):
        """状态."""

        WAITING = "waiting", _("待写入")
        SENT = "sent", _("已发出")
        DONE = "done", _("已上链")
        REFUSED = "refused", _("合约拒绝")

    engine = models.CharField(_("锚定引擎"), max_length=80)
    """Chain (its number, its first block), a colon, the contract's address."""
    kind = models.CharField(_("种类"), max_length=10, choices=Kind)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, related_name="anchors")
    head = models.ForeignKey(Head, models.PROTECT, null=True, related_name="anchors")
    data = models.BinaryField()
    """Calldata."""
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.WAITING)
    transaction = models.CharField(_("交易"), max_length=80, blank=True)
    block = models.PositiveBigIntegerField(_("区块"), null=True)
    gas = models.PositiveBigIntegerField(null=True)
    fault = models.CharField(_("原因"), max_length=200, blank=True)
    due_at = models.DateTimeField(_("应锚定时间"))
    sent_at = models.DateTimeField(_("发出时间"), null=True)
    done_at = models.DateTimeField(_("上链时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("锚定交易")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["engine", "entry"], name="chain_one_anchor_entry"),
            models.UniqueConstraint(fields=["engine", "head"], name="chain_one_anchor_head"),
        ]
        indexes: ClassVar = [models.Index(fields=["engine", "state"])]
