from django.apps import AppConfig


class CascadeConfig(AppConfig):
    name = "quancheng.capabilities.cascade"
    label = "cascade"
    verbose_name = "级联"
