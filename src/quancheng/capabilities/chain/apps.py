"""Django application of the chain."""

from __future__ import annotations

from django.apps import AppConfig


class ChainConfig(AppConfig):
    """泉城链."""

    name = "quancheng.capabilities.chain"
    label = "chain"
    verbose_name = "泉城链"
    default_auto_field = "django.db.models.BigAutoField"
