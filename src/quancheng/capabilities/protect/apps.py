from django.apps import AppConfig


class ProtectConfig(AppConfig):
    name = "quancheng.capabilities.protect"
    label = "protect"
    verbose_name = "安全监管"
