"""Django application of the security services."""

from __future__ import annotations

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    """基础安全服务."""

    name = "quancheng.capabilities.security"
    label = "security"
    verbose_name = "基础安全服务"
    default_auto_field = "django.db.models.BigAutoField"
