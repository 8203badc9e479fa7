from django.apps import AppConfig


class OpeningConfig(AppConfig):
    name = "quancheng.capabilities.opening"
    label = "opening"
    verbose_name = "数据开放"
