"""Django application of the citizen code."""

from __future__ import annotations

from django.apps import AppConfig


class CodeConfig(AppConfig):
    """泉城码."""

    name = "quancheng.capabilities.code"
    label = "code"
    verbose_name = "泉城码"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen for sign-ins."""
        from quancheng.capabilities.code import sessions  # noqa: F401
