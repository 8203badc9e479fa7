from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "quancheng.capabilities.catalogue"
    label = "catalogue"
    verbose_name = "数据目录"
