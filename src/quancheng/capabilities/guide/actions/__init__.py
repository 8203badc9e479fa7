"""The writers of the guide."""

from quancheng.capabilities.guide.actions.chatting import (
    ask,
    ask_once,
    ask_person,
    end_conversation,
    judge_answer,
    leave_message,
    rate_conversation,
)
from quancheng.capabilities.guide.actions.editing import (
    propose_correction,
    publish_article,
    retire_synonym,
    review_correction,
    save_canned,
)
from quancheng.capabilities.guide.actions.serving import (
    accept_conversation,
    close_conversation,
    finish_callback,
    hand_over,
    reply,
    set_presence,
)
from quancheng.capabilities.guide.actions.upkeep import close_idle, mark_late, purge_transcripts

__all__ = [
    "accept_conversation",
    "ask",
    "ask_once",
    "ask_person",
    "close_conversation",
    "close_idle",
    "end_conversation",
    "finish_callback",
    "hand_over",
    "judge_answer",
    "leave_message",
    "mark_late",
    "propose_correction",
    "publish_article",
    "purge_transcripts",
    "rate_conversation",
    "reply",
    "retire_synonym",
    "review_correction",
    "save_canned",
    "set_presence",
]
