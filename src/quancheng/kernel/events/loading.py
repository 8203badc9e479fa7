"""Imports a named room (``subscriptions``, ``tasks``) of every app of the platform."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule


def autoload(room: str) -> list[str]:
    """Import ``<app>.<room>`` of our own apps and of all modules; returns what was imported.

    Other people's apps (allauth …) are left alone: a file of the same name there is not ours.
    """
    modules = {location.dotted for location in getattr(settings, "MODULES", ())}
    loaded = []
    for config in apps.get_app_configs():
        ours = config.name in modules or config.name.startswith("quancheng.")
        if ours and config.module is not None and module_has_submodule(config.module, room):
            import_module(f"{config.name}.{room}")
            loaded.append(f"{config.name}.{room}")
    return loaded
