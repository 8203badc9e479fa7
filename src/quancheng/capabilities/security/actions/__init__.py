"""The writers of the security services; other modules may use all of them."""

from quancheng.capabilities.security.actions.keys import (
    ask_change,
    decide_change,
    draw_uses,
    ensure_key,
    publish_purpose,
    retire_due,
    rotate,
)

__all__ = [
    "ask_change",
    "decide_change",
    "draw_uses",
    "ensure_key",
    "publish_purpose",
    "retire_due",
    "rotate",
]
