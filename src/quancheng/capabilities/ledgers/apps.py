"""Application of the ledgers capability."""

from __future__ import annotations

from django.apps import AppConfig


class LedgersConfig(AppConfig):
    """基层台账."""

    name = "quancheng.capabilities.ledgers"
    label = "ledgers"
    verbose_name = "基层台账"
