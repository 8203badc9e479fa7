"""Application of the vault."""

from __future__ import annotations

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """数字保险箱."""

    name = "quancheng.capabilities.vault"
    label = "vault"
    verbose_name = "数字保险箱"
