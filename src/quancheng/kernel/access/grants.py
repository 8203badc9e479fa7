"""Single grants with purpose and expiry."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from quancheng.kernel.access.models import Grant
    from quancheng.kernel.actions import Call


def granted_ids(user_id: int, label: str, verb: str) -> list[int]:
    """Ids of objects granted to the user at this moment."""
    from quancheng.kernel.access.models import Grant

    live = Grant.objects.filter(
        user_id=user_id, model=label, verb=verb, revoked_at=None, expires_at__gt=clock.now()
    )
    return list(live.values_list("object_id", flat=True))


def grant(
    call: Call, *, user_id: int, verb: str, target: models.Model, purpose: str, until: datetime
) -> Grant:
    """Give one user one verb on one object until a moment. The giver needs the verb ``grant``."""
    from quancheng.kernel.access.decide import require
    from quancheng.kernel.access.models import Grant
    from quancheng.kernel.actions import action

    if until <= call.at or not purpose.strip():
        raise InvalidInput(
            Text("授权必须写明用途，且截止时间在将来。", "A grant needs a purpose and an end in the future.")
        )

    @action("access.grant")
    def give(call: Call) -> Grant:
        require(call.actor, "grant", target)
        return Grant.objects.create(
            user_id=user_id,
            model=target._meta.label,
            object_id=target.pk,
            verb=verb,
            purpose=purpose.strip(),
            granted_by=str(call.actor),
            granted_at=call.at,
            expires_at=until,
        )

    return give(call)


def revoke(call: Call, *, given: Grant, target: models.Model) -> Grant:
    """End a grant now."""
    from quancheng.kernel.access.decide import require
    from quancheng.kernel.actions import action

    @action("access.revoke")
    def take(call: Call) -> Grant:
        require(call.actor, "grant", target)
        given.revoked_at = call.at
        given.save(update_fields=["revoked_at"])
        return given

    return take(call)
