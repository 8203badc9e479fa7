"""从严规则: what is in force for an item when the item and its resource say different things.

An item may be stricter than its resource, never looser; a resource has at least the level of its
highest item (就高从严, a principle of GB/T 43697-2024). What is asked of data is answered with the stricter of
both, so that a slip in the catalogue never opens anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from quancheng.core.catalogue.terms import Level, Openness, ShareType, Term
from quancheng.core.catalogue.values import Item, Resource

__all__ = ["InForce", "in_force", "level_of", "open_items", "shared_items", "stricter"]

T = TypeVar("T", bound=Term)


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for one item (实际生效的属性)."""

    share: ShareType
    openness: Openness
    level: Level


def stricter(one: T, other: T) -> T:
    """The stricter of two terms of one vocabulary (从严)."""
    return one if one.rank >= other.rank else other


def in_force(resource: Resource, item: Item) -> InForce:
    """Share type, openness and level of an item inside its resource (信息项的生效属性).

    What government does not share is not open either.
    """
    share = stricter(resource.share, item.share or resource.share)
    openness = stricter(resource.openness, item.openness or resource.openness)
    if share is ShareType.NONE:
        openness = Openness.CLOSED
    return InForce(share, openness, stricter(resource.level, item.level or resource.level))


def level_of(resource: Resource) -> Level:
    """The level that the items demand of the resource (就高定级)."""
    level = resource.level
    for item in resource.items:
        level = stricter(level, item.level or level)
    return level


def shared_items(resource: Resource) -> tuple[Item, ...]:
    """The items that may be shared at all (可共享信息项)."""
    return tuple(i for i in resource.items if in_force(resource, i).share is not ShareType.NONE)


def open_items(resource: Resource) -> tuple[Item, ...]:
    """The items that the public may have without asking (无条件开放信息项)."""
    return tuple(i for i in resource.items if in_force(resource, i).openness is Openness.OPEN)
