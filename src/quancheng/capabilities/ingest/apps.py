from django.apps import AppConfig


class IngestConfig(AppConfig):
    name = "quancheng.capabilities.ingest"
    label = "ingest"
    verbose_name = "数据接入"

    def ready(self) -> None:
        from quancheng.capabilities.ingest.status import register_gauges

        register_gauges()
