"""Application of the services capability."""

from __future__ import annotations

from django.apps import AppConfig


class ServicesConfig(AppConfig):
    """一网通办."""

    name = "quancheng.capabilities.services"
    label = "services"
    verbose_name = "一网通办"
