from django.apps import AppConfig


class MastersConfig(AppConfig):
    name = "quancheng.capabilities.masters"
    label = "masters"
    verbose_name = "基础库"
