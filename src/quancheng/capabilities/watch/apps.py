from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "quancheng.capabilities.watch"
    label = "watch"
    verbose_name = "规则监测"

    def ready(self) -> None:
        from quancheng.capabilities.watch.delays import register_gauges

        register_gauges()
