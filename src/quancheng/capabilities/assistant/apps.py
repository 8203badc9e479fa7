"""Application of the assistant capability."""

from __future__ import annotations

from django.apps import AppConfig


class AssistantConfig(AppConfig):
    """智能审批助手."""

    name = "quancheng.capabilities.assistant"
    label = "assistant"
    verbose_name = "智能审批助手"
