"""Portal application."""

from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Compiles catalogues that are newer than their compiled form, then stays out of the way."""

    name = "quancheng.portal"
    label = "portal"
    verbose_name = "门户"

    def ready(self) -> None:
        from quancheng.portal.i18n import compile_catalogues

        compile_catalogues()
