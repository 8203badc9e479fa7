from django.apps import AppConfig


class WeatherConfig(AppConfig):
    name = "quancheng.scenarios.weather"
    label = "weather"
    verbose_name = "气象预警"
