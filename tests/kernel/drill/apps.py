from __future__ import annotations

from django.apps import AppConfig


class DrillConfig(AppConfig):
    """Loads its handlers and jobs itself: it is no module."""

    name = "tests.kernel.drill"
    label = "drill"

    def ready(self) -> None:
        from tests.kernel.drill import handlers  # noqa: F401
