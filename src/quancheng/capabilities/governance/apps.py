from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "quancheng.capabilities.governance"
    label = "governance"
    verbose_name = "数据治理"
