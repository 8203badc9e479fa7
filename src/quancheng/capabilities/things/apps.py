from django.apps import AppConfig


class ThingsConfig(AppConfig):
    name = "quancheng.capabilities.things"
    label = "things"
    verbose_name = "城市感知"

    def ready(self) -> None:
        from quancheng.capabilities.things.places import register_places

        register_places()
