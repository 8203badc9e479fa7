"""Application of the designer capability."""

from __future__ import annotations

from django.apps import AppConfig


class DesignerConfig(AppConfig):
    """事项设计."""

    name = "quancheng.capabilities.designer"
    label = "designer"
    verbose_name = "事项设计"
