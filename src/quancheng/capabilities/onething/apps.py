"""Application of the one-thing capability."""

from __future__ import annotations

from django.apps import AppConfig


class OnethingConfig(AppConfig):
    """一件事一次办."""

    name = "quancheng.capabilities.onething"
    label = "onething"
    verbose_name = "一件事一次办"
