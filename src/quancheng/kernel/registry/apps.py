"""Django app of the registry: checks at start, no tables."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """模块登记."""

    name = "quancheng.kernel.registry"
    label = "registry"
    verbose_name = "模块登记"

    def ready(self) -> None:
        from quancheng.kernel.registry import checks  # noqa: F401  (registers itself)
