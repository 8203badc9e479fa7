"""Application of the counter capability."""

from __future__ import annotations

from django.apps import AppConfig


class CounterConfig(AppConfig):
    """全市通办."""

    name = "quancheng.capabilities.counter"
    label = "counter"
    verbose_name = "全市通办"
