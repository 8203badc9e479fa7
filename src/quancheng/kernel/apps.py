"""Kernel application."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

AUTOLOADED_ROOMS = ("subscriptions", "tasks", "sync", "live")


class KernelConfig(AppConfig):
    """Loads the rooms of modules that register things by being imported."""

    name = "quancheng.kernel"
    label = "kernel"
    verbose_name = "内核"

    def ready(self) -> None:
        from django.conf import settings

        from quancheng.kernel import maintenance

        maintenance.register_gauges()
        for module in settings.MODULES:
            for room in AUTOLOADED_ROOMS:
                dotted = f"{module.dotted}.{room}"
                if find_spec(dotted) is not None:
                    import_module(dotted)
