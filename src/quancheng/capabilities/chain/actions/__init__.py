"""The writers of the chain."""

from quancheng.capabilities.chain.actions.alliance import (
    add_member,
    judge_checkpoint,
    note_answer,
    note_fork,
    note_history,
    set_member,
)
from quancheng.capabilities.chain.actions.anchoring import (
    note_engine,
    note_sent,
    queue_anchors,
    settle_anchors,
)
from quancheng.capabilities.chain.actions.appending import (
    Item,
    append,
    append_many,
    forget_entry,
    keep_answers,
    make_head,
)

__all__ = [
    "Item",
    "add_member",
    "append",
    "append_many",
    "forget_entry",
    "judge_checkpoint",
    "keep_answers",
    "make_head",
    "note_answer",
    "note_engine",
    "note_fork",
    "note_history",
    "note_sent",
    "queue_anchors",
    "set_member",
    "settle_anchors",
]
