"""Application of the messages capability."""

from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """消息."""

    name = "quancheng.capabilities.messages"
    label = "notices"  # "messages" is taken by django.contrib.messages
    verbose_name = "消息"
