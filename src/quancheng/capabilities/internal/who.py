"""谁在办: the account behind a deed."""

from __future__ import annotations

from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotSignedIn

__all__ = ["account"]


def account(call: Call) -> int:
    """The id of the account that acts; raises NotSignedIn for deeds that need a person."""
    if call.actor.user_id is None:
        raise NotSignedIn()
    return call.actor.user_id
