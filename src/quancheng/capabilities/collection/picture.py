"""血缘图: a tree of lineage as a flat list with depths, which a page shows as a nested list. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["flat"]


def flat(nodes: Sequence[dict[str, Any]], depth: int = 1) -> list[dict[str, Any]]:
    """Nodes in reading order, each with its depth and its readable name."""
    rows: list[dict[str, Any]] = []
    for node in nodes:
        namespace, _, name = node["name"].partition("|")
        rows.append(
            node
            | {
                "depth": depth,
                "space": namespace,
                "short": name,
                "fields": sorted(node["columns"].items())[:30],
            }
        )
        rows += flat(node["next"], depth + 1)
    return rows
