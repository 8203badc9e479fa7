"""Django system checks: modules, their roles and dated parameters fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register

from quancheng.kernel.registry import load
from quancheng.kernel.registry.problems import RegistryError


@register("quancheng")
def check_modules(**_: Any) -> Sequence[CheckMessage]:
    """Every ``module.toml`` is valid and names roles that exist."""
    try:
        load.modules()
    except RegistryError as error:
        return [Error(line, id="registry.E001") for line in error.lines]
    return [Error(line, id="registry.E002") for line in load.unknown_roles()]


@register("quancheng")
def check_rulebook(**_: Any) -> Sequence[CheckMessage]:
    """The dated parameters of all modules and the city fit together."""
    from quancheng.kernel import rulebook

    return [Error(line, id="registry.E003") for line in rulebook.problems()]
