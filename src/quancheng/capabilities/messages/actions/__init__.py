"""The writers of messages: sending and reading, one's own settings, deliveries."""

from quancheng.capabilities.messages.actions.delivering import (
    answer_delivery,
    cancel_delivery,
    end_delivery,
    hear_report,
    requeue_delivery,
    retry_delivery,
    stop_texts,
    take_delivery,
)
from quancheng.capabilities.messages.actions.sending import mark_all_read, mark_read, send_message
from quancheng.capabilities.messages.actions.settings import (
    ask_code,
    confirm_address,
    drop_address,
    save_settings,
)

__all__ = [
    "answer_delivery",
    "ask_code",
    "cancel_delivery",
    "confirm_address",
    "drop_address",
    "end_delivery",
    "hear_report",
    "mark_all_read",
    "mark_read",
    "requeue_delivery",
    "retry_delivery",
    "save_settings",
    "send_message",
    "stop_texts",
    "take_delivery",
]
