"""Application of the trust capability."""

from __future__ import annotations

from django.apps import AppConfig


class TrustConfig(AppConfig):
    """电子证照."""

    name = "quancheng.capabilities.trust"
    label = "trust"
    verbose_name = "电子证照"
