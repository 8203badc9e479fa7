"""登录时刻: when a session began, so that one left open on a lost phone binds no new key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from quancheng.kernel import clock

_BEGAN = "code.signed_in"


@receiver(user_logged_in, dispatch_uid="code.signed_in")
def _begin(sender: Any, request: HttpRequest | None, **more: Any) -> None:
    if hasattr(request, "session"):
        request.session[_BEGAN] = clock.now().timestamp()


def began(request: HttpRequest) -> datetime | None:
    """When its holder signed in; None when that is not known."""
    kept = request.session.get(_BEGAN)
    return datetime.fromtimestamp(kept, UTC) if isinstance(kept, float) else None
