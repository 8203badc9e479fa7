"""Application of the SensorThings capability."""

from __future__ import annotations

from django.apps import AppConfig


class SensorThingsConfig(AppConfig):
    """感知数据服务."""

    name = "quancheng.capabilities.sensorthings"
    label = "sensorthings"
    verbose_name = "感知数据服务"
