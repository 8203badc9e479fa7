from django.apps import AppConfig


class ObservationsConfig(AppConfig):
    name = "quancheng.capabilities.observations"
    label = "observations"
    verbose_name = "观测存储"
