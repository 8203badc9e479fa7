"""辖区: the areas an official answers for in this module."""

from __future__ import annotations

from quancheng.core.text import Text
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Forbidden

AREA_ROLES = frozenset({"ledgers.clerk", "ledgers.approver", "ledgers.viewer", "ledgers.city"})
CITY = "3701"


def prefixes(actor: Actor, roles: frozenset[str] = AREA_ROLES) -> list[str]:
    """Region prefixes of the actor's roles, widest first, none inside another."""
    if actor.kind is ActorKind.SYSTEM:
        return [""]
    held = sorted(
        {one.region_prefix for one in actor.grants if one.role in roles and one.region_prefix}, key=len
    )
    found: list[str] = []
    for one in held:
        if not any(one.startswith(wider) for wider in found):
            found.append(one)
    return found


def own_prefix(actor: Actor, wanted: str = "") -> str:
    """The prefix to read with: the one asked for if it lies in the actor's areas, else the first of theirs.

    Raises Forbidden when the actor has no area, or the one asked for is not theirs.
    """
    mine = prefixes(actor)
    if not mine:
        raise Forbidden(
            Text("您没有管辖区域，不能查看返还数据。", "You answer for no area; there is nothing returned.")
        )
    if not wanted:
        return mine[0]
    if not wanted.isdecimal() or not any(wanted.startswith(one) for one in mine):
        raise Forbidden(Text("该区域不在您的辖区内。", "This area is not yours."))
    return wanted
