"""Application of the outreach capability."""

from __future__ import annotations

from django.apps import AppConfig


class OutreachConfig(AppConfig):
    """主动服务."""

    name = "quancheng.capabilities.outreach"
    label = "outreach"
    verbose_name = "主动服务"
