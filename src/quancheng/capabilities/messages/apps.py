"""Application of the messages capability."""

from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """消息."""

    name = "quancheng.capabilities.messages"
    label = "messages"
    verbose_name = "消息"
