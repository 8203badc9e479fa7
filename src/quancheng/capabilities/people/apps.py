"""Application of the people capability."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """用户中心与人口、法人、机构基础信息."""

    name = "quancheng.capabilities.people"
    label = "people"
    verbose_name = "人与机构"
