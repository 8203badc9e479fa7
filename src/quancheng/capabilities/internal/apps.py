"""Application of the internal capability."""

from __future__ import annotations

from django.apps import AppConfig


class InternalConfig(AppConfig):
    """机关内部一次办成."""

    name = "quancheng.capabilities.internal"
    label = "internal"
    verbose_name = "机关内部一次办成"
