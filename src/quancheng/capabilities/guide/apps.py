"""Application of the guide capability."""

from __future__ import annotations

from django.apps import AppConfig


class GuideConfig(AppConfig):
    """智惠导服."""

    name = "quancheng.capabilities.guide"
    label = "guide"
    verbose_name = "智惠导服"
