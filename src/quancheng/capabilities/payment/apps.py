"""Django application of unified payment."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentConfig(AppConfig):
    """统一支付."""

    name = "quancheng.capabilities.payment"
    label = "payment"
    verbose_name = "统一支付"
    default_auto_field = "django.db.models.BigAutoField"
