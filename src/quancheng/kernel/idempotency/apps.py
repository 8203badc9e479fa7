from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "quancheng.kernel.idempotency"
    label = "idempotency"
    verbose_name = "幂等"
