"""The Django app of events; loads every module's ``subscriptions.py``."""

from __future__ import annotations

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Outbox, deliveries and inbox."""

    name = "quancheng.kernel.events"
    label = "events"
    verbose_name = "事件 Events"

    def ready(self) -> None:
        """Import ``subscriptions`` of all apps of the platform."""
        from quancheng.kernel.events.loading import autoload

        autoload("subscriptions")
