"""路径解析: what the steps of a path in a filter mean for an entity type."""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.sensorthings.expressions import Expression, path_text, paths
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.model import BY_NAME, EntityType, Kind

ID_NAMES = frozenset({"id", "@iot.id"})


@dataclass(frozen=True, slots=True)
class Target:
    """Relations to follow, then a property (``id`` too), then steps inside its JSON."""

    relations: tuple[str, ...]
    type: EntityType
    property: str
    inside: tuple[str | int, ...]


def resolve(type: EntityType, steps: tuple[str | int, ...]) -> Target:
    """What a path means. Raises BadQuery for names the type does not have."""
    relations: list[str] = []
    here = type
    for place, step in enumerate(steps):
        if isinstance(step, str) and step in here.links:
            relations.append(step)
            here = BY_NAME[here.links[step].target]
            continue
        rest = steps[place + 1 :]
        if isinstance(step, str) and step in ID_NAMES and not rest:
            return Target(tuple(relations), here, "id", ())
        if isinstance(step, str) and step in here.by_name:
            kind = here.by_name[step].kind
            if rest and kind in (Kind.TEXT, Kind.INSTANT):
                break
            return Target(tuple(relations), here, step, rest)
        break
    else:
        if relations:
            return Target(tuple(relations), here, "id", ())
    raise BadQuery(
        f"{type.name} 没有属性 {path_text(steps)[:80]}。",
        f"{type.name} has no property {path_text(steps)[:80]}.",
    )


def check(type: EntityType, tree: Expression) -> None:
    """Raise BadQuery when a tree names what the type does not have."""
    for steps in paths(tree):
        resolve(type, steps)
