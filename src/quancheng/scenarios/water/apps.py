from django.apps import AppConfig


class WaterConfig(AppConfig):
    name = "quancheng.scenarios.water"
    label = "water"
    verbose_name = "供排水"
