from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "quancheng.kernel.store"
    label = "store"
    verbose_name = "数据湖"
