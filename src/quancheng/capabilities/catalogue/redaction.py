"""可见内容: what of an entry is shown to whom, as functions of values."""

from __future__ import annotations

from dataclasses import replace

from quancheng.core.catalogue import Level, Openness, Resource, in_force


def for_level(resource: Resource, level: Level) -> Resource:
    """Without the items above a level; what is left may be nothing but the core metadata."""
    kept = tuple(item for item in resource.items if (item.level or Level.ONE).rank <= level.rank)
    return replace(resource, items=kept) if len(kept) != len(resource.items) else resource


def for_public(resource: Resource, level: Level) -> Resource:
    """What a stranger reads: items that are not closed and not above the public's level.

    Why something is not shared and from which duties it comes is the administration's own business.
    """
    kept = tuple(
        item
        for item in resource.items
        if in_force(resource, item).openness is not Openness.CLOSED
        and (item.level or Level.ONE).rank <= level.rank
    )
    return replace(resource, items=kept, share_basis="", duties=())


def is_public(resource: Resource, level: Level) -> bool:
    """Whether the public may know of it: not closed, and nothing of the entry itself above the level."""
    return resource.openness is not Openness.CLOSED and resource.level.rank <= level.rank


def is_sealed(resource: Resource, level: Level) -> bool:
    """Whether only its own organ and the data bureau may know of it."""
    return resource.level.rank > level.rank
