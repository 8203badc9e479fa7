"""Django app of the command capability."""

from __future__ import annotations

from django.apps import AppConfig


class CommandConfig(AppConfig):
    """指挥调度."""

    name = "quancheng.capabilities.command"
    label = "command"
    verbose_name = "指挥调度"
