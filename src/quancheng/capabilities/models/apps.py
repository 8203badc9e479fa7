"""Django application of the registry of models."""

from __future__ import annotations

from django.apps import AppConfig


class ModelsConfig(AppConfig):
    """算法平台."""

    name = "quancheng.capabilities.models"
    label = "models"
    verbose_name = "算法平台"
    default_auto_field = "django.db.models.BigAutoField"
