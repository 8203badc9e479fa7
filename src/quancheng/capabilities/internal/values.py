"""Vocabularies of internal handling: frozen, no tables. Other modules may import them."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["DossierStatus", "ItemState", "Outcome", "PaperState", "ReplyState", "WorkState"]


class _Labelled(StrEnum):
    """A vocabulary whose members carry a text in both languages."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> _Labelled:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh, member.en = zh, en
        return member

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class DossierStatus(_Labelled):
    """Where a dossier stands (人员或企业状态)."""

    ACTIVE = "active", "在编在岗", "In post"
    MOVED = "moved", "已调出", "Moved away"
    LEFT = "left", "已离职", "Left"
    RETIRED = "retired", "已退休", "Retired"
    CLOSED = "closed", "已注销", "Closed"


class ItemState(_Labelled):
    """Where an item stands (事项状态)."""

    RUNNING = "running", "办理中", "In progress"
    CORRECTION = "correction", "退回补正", "Returned for correction"
    LINKED = "linked", "联办中", "Linked services running"
    COMPLETED = "completed", "已办结", "Completed"
    REFUSED = "refused", "不予办理", "Refused"
    WITHDRAWN = "withdrawn", "已撤回", "Withdrawn"


OVER = frozenset({ItemState.COMPLETED, ItemState.REFUSED, ItemState.WITHDRAWN})
"""Nothing more will happen to the item."""


class WorkState(_Labelled):
    """Where one step of an item stands (待办状态)."""

    OPEN = "open", "待办", "To do"
    DONE = "done", "已办", "Done"
    CANCELLED = "cancelled", "已取消", "Cancelled"


class Outcome(_Labelled):
    """What an official decides on a step (办理意见)."""

    AGREE = "agree", "同意", "Agree"
    RETURN = "return", "退回补正", "Return for correction"
    REFUSE = "refuse", "不予办理", "Refuse"


class PaperState(_Labelled):
    """Where an official document stands (公文状态)."""

    DRAFT = "draft", "拟稿", "Draft"
    REVIEW = "review", "核稿", "Under review"
    COUNTERSIGN = "countersign", "会签", "Countersigning"
    ISSUE = "issue", "待签发", "Waiting for signature"
    NUMBER = "number", "待编号", "Waiting for its number"
    SEAL = "seal", "待用印", "Waiting for the seal"
    SEND = "send", "待分发", "Waiting for dispatch"
    SENT = "sent", "已分发", "Dispatched"
    ARCHIVED = "archived", "已归档", "Archived"
    CANCELLED = "cancelled", "已作废", "Cancelled"


class ReplyState(_Labelled):
    """What a unit answered to a meeting notice (回执)."""

    WAITING = "waiting", "未回执", "No reply yet"
    ATTEND = "attend", "参会", "Attends"
    SUBSTITUTE = "substitute", "委派参会", "Sends a substitute"
    LEAVE = "leave", "请假", "Asks for leave"
