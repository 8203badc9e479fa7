"""Tables of the guide: knowledge, conversations, what was asked, and what was learnt from faults."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.guide.values import Outcome, Side, State
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel

MAX_TEXT = 1000
"""Longest thing said at once."""


def new_number() -> str:
    """Number of a conversation, to quote on the telephone; says nothing about who."""
    return f"DF{secrets.randbelow(10**10):010d}"


def new_secret() -> str:
    """What a session must hold to go on with an anonymous conversation (192 bits)."""
    return secrets.token_urlsafe(24)


# -- knowledge ----------------------------------------------------------------------------------
class Article(GuardedModel):
    """知识条目: something people ask beside the matters; its content lives in versions."""

    code = models.SlugField(_("代码"), max_length=60, unique=True)
    enabled = models.BooleanField(_("启用"), default=True)
    current = models.ForeignKey("ArticleVersion", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = _("知识条目")

    def __str__(self) -> str:
        return self.code


class ArticleVersion(GuardedModel):
    """知识条目版本: one wording, with its source and how long it holds."""

    article = models.ForeignKey(Article, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("版本"))
    content = models.JSONField(_("内容"))
    digest = models.CharField(_("摘要"), max_length=64)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("复核日期"))
    published_at = models.DateTimeField(_("发布时间"))
    published_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("知识条目版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["article", "number"], name="guide_article_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.article_id} v{self.number}"

    def part(self, name: str) -> Text:
        """A two-language part of the content: title, body, source."""
        return Text.of(self.content[name])

    @property
    def title(self) -> Text:
        return self.part("title")

    def stale(self, on: date) -> bool:
        """Past its day of review."""
        return on > self.valid_to


class Synonym(GuardedModel):
    """近义词: what people call an entry, learnt from reviewed corrections."""

    phrase = models.CharField(_("说法"), max_length=60)
    target = models.CharField(_("指向"), max_length=70)
    correction = models.ForeignKey(
        "Correction", models.PROTECT, null=True, blank=True, related_name="synonyms"
    )
    active = models.BooleanField(_("启用"), default=True)
    added_at = models.DateTimeField(_("加入时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("近义词")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["phrase", "target"], name="guide_synonym_once")
        ]

    def __str__(self) -> str:
        return f"{self.phrase} → {self.target}"


class CannedAnswer(GuardedModel):
    """常用语: a sentence agents send by one press."""

    code = models.SlugField(_("代码"), max_length=40, unique=True)
    zh = models.CharField(_("中文"), max_length=300)
    en = models.CharField(_("英文"), max_length=300)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("常用语")

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


# -- conversations --------------------------------------------------------------------------------
class Conversation(GuardedModel):
    """会话: a citizen with the machine, perhaps then with a person."""

    number = models.CharField(_("编号"), max_length=12, unique=True, default=new_number)
    secret = models.CharField(max_length=40, unique=True, default=new_secret)
    user = models.ForeignKey(
        "people.User", models.PROTECT, null=True, blank=True, related_name="guide_conversations"
    )
    state = models.CharField(
        _("状态"), max_length=8, default=State.BOT, choices=[(one.value, one.text.zh) for one in State]
    )
    topic = models.CharField(_("最近事项"), max_length=70, blank=True)
    language = models.CharField(_("语言"), max_length=10, default="zh-hans")
    started_at = models.DateTimeField(_("开始时间"))
    last_at = models.DateTimeField(_("最近发言"))
    waiting_at = models.DateTimeField(_("转人工时间"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("接入时间"), null=True, blank=True)
    late = models.BooleanField(_("超过承诺"), default=False)
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    agent = models.ForeignKey(
        "people.User", models.PROTECT, null=True, blank=True, related_name="guide_served"
    )
    sequence = models.PositiveIntegerField(_("末条序号"), default=0)
    rating = models.PositiveSmallIntegerField(_("评价"), null=True, blank=True)
    purged_at = models.DateTimeField(_("清除时间"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("会话")
        indexes: ClassVar = [
            models.Index(fields=["state", "waiting_at"]),
            models.Index(fields=["agent", "state", "-last_at"]),
            models.Index(fields=["user", "-started_at"]),
            models.Index(fields=["purged_at", "last_at"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state_text(self) -> Text:
        return State(self.state).text


class Message(GuardedModel):
    """发言: one thing said; numbered without gaps, so that nobody misses any."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    sequence = models.PositiveIntegerField(_("序号"))
    side = models.CharField(_("发言方"), max_length=8, choices=[(one.value, one.value) for one in Side])
    author = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    text = models.JSONField(_("内容"))
    """``{zh, en}``; what people typed is the same in both."""
    card = models.JSONField(_("卡片"), default=dict, blank=True)
    internal = models.BooleanField(_("仅坐席可见"), default=False)
    client_id = models.CharField(max_length=64, blank=True)
    """The sender's own id: sent twice after a broken connection, it is kept once."""
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("发言")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="guide_message_once"),
            models.UniqueConstraint(
                fields=["conversation", "client_id"],
                condition=~models.Q(client_id=""),
                name="guide_message_client_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}#{self.sequence}"

    @property
    def words(self) -> Text:
        return Text.of(self.text)


class Inquiry(GuardedModel):
    """提问记录: a question, what the machine did, and whether it helped; numbers in it are masked."""

    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, null=True, blank=True, related_name="inquiries"
    )
    text = models.CharField(_("问题"), max_length=300)
    outcome = models.CharField(
        _("应答方式"), max_length=12, choices=[(one.value, one.value) for one in Outcome]
    )
    keys = models.JSONField(_("条目"), default=list)
    confidence = models.FloatField(_("把握"), default=0.0)
    helpful = models.BooleanField(_("有帮助"), null=True, blank=True)
    asked_at = models.DateTimeField(_("时间"))
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("提问记录")
        indexes: ClassVar = [models.Index(fields=["-asked_at", "-id"])]

    def __str__(self) -> str:
        return self.text[:40]


# -- people behind the guide -------------------------------------------------------------------
class Presence(GuardedModel):
    """在岗: an agent who takes conversations until a moment, unless renewed."""

    user = models.OneToOneField("people.User", models.CASCADE, related_name="guide_presence")
    until = models.DateTimeField(_("至"), db_index=True)
    since = models.DateTimeField(_("上线时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("在岗")

    def __str__(self) -> str:
        return f"{self.user_id}"


class Callback(GuardedModel):
    """回电任务: a message left when nobody was there, and what came of it."""

    class State(models.TextChoices):
        """状态."""

        OPEN = "open", _("待回复")
        DONE = "done", _("已回复")

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="callbacks")
    user = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    phone = models.CharField(_("联系电话"), max_length=20)
    text = models.CharField(_("留言"), max_length=500)
    state = models.CharField(_("状态"), max_length=5, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField(_("留言时间"))
    due_at = models.DateTimeField(_("答复期限"))
    done_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    done_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    result = models.CharField(_("处理结果"), max_length=300, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("回电任务")
        indexes: ClassVar = [models.Index(fields=["state", "due_at", "id"])]

    def __str__(self) -> str:
        return self.conversation.number


class Correction(GuardedModel):
    """答案更正: an agent says what the right answer was; an editor decides what is learnt from it."""

    class State(models.TextChoices):
        """状态."""

        PROPOSED = "proposed", _("待复核")
        ACCEPTED = "accepted", _("已采纳")
        REJECTED = "rejected", _("未采纳")

    inquiry = models.ForeignKey(Inquiry, models.SET_NULL, null=True, blank=True, related_name="corrections")
    question = models.CharField(_("问题"), max_length=300)
    given = models.CharField(_("原答案"), max_length=70, blank=True)
    right = models.CharField(_("正确答案"), max_length=70, blank=True)
    """Key of the right entry; empty: the guide should have refused."""
    phrase = models.CharField(_("说法"), max_length=60, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("提出时间"))
    reviewed_by = models.ForeignKey("people.User", models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(_("复核时间"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("答案更正")
        indexes: ClassVar = [models.Index(fields=["state", "-proposed_at", "-id"])]

    def __str__(self) -> str:
        return self.question[:40]

    @property
    def kind(self) -> Any:
        """Colour of the state tag."""
        return {"proposed": "info", "accepted": "ok", "rejected": "warn"}[self.state]
