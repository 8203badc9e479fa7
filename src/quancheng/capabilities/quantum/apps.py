"""Django application of quantum-safe links."""

from __future__ import annotations

from django.apps import AppConfig


class QuantumConfig(AppConfig):
    """量子安全链路."""

    name = "quancheng.capabilities.quantum"
    label = "quantum"
    verbose_name = "量子安全链路"
    default_auto_field = "django.db.models.BigAutoField"
