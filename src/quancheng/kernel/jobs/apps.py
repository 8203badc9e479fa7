"""The Django app of jobs; loads every module's ``tasks.py``."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Jobs, their attempts and the heartbeats of the processes that run them."""

    name = "quancheng.kernel.jobs"
    label = "jobs"
    verbose_name = "任务 Jobs"

    def ready(self) -> None:
        """Import ``tasks`` of all apps of the platform."""
        from quancheng.kernel.events.loading import autoload

        autoload("tasks")
