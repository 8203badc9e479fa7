from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "quancheng.capabilities.indicators"
    label = "indicators"
    verbose_name = "指标"
