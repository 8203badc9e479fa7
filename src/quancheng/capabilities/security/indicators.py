"""Indicators of the security services."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.security.models import Key
from quancheng.kernel import clock

__all__ = ["keys_in_time"]


def keys_in_time(*_: Any, **__: Any) -> float | None:
    """期限内的在用密钥占比: active keys before the end of signing, in percent."""
    active = Key.objects.filter(state=Key.State.ACTIVE)
    total = active.count()
    return 100.0 * active.filter(sign_until__gt=clock.now()).count() / total if total else None
