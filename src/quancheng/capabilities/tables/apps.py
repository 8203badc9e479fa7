from django.apps import AppConfig


class TablesConfig(AppConfig):
    name = "quancheng.capabilities.tables"
    label = "tables"
    verbose_name = "数据表"
