from django.apps import AppConfig


class VideoConfig(AppConfig):
    name = "quancheng.capabilities.video"
    label = "video"
    verbose_name = "视频监控平台"

    def ready(self) -> None:
        from quancheng.capabilities.video.places import register_places

        register_places()
