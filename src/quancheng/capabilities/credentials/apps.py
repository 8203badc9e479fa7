"""Django application of verifiable credentials."""

from __future__ import annotations

from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    """可验证凭证."""

    name = "quancheng.capabilities.credentials"
    label = "credentials"
    verbose_name = "可验证凭证"
    default_auto_field = "django.db.models.BigAutoField"
