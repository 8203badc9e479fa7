"""主题: topic names, topic filters, and which filters a name matches (MQTT 5.0 §4.7, §4.8.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Tree", "is_filter", "is_name", "matches", "shared"]

V = TypeVar("V")
_LONGEST = 65_535
_SHARE = "$share/"


def is_name(topic: str) -> bool:
    """Whether one may publish to it: not empty, no wildcards, at most 65,535 bytes (§4.7.1, §4.7.3)."""
    return bool(topic) and not any(sign in topic for sign in "+#\x00") and len(topic.encode()) <= _LONGEST


def shared(filter: str) -> tuple[str, str] | None:
    """Share name and filter of ``$share/name/filter`` (§4.8.2); None for an ordinary filter."""
    if not filter.startswith(_SHARE):
        return None
    name, _, inner = filter[len(_SHARE) :].partition("/")
    return name, inner


def is_filter(filter: str) -> bool:
    """Whether it is a topic filter: ``+`` fills a level, ``#`` is the whole last one (§4.7.1)."""
    if not filter or "\x00" in filter or len(filter.encode()) > _LONGEST:
        return False
    parts = shared(filter)
    if parts is not None:
        name, filter = parts
        if not name or not filter or "+" in name or "#" in name:
            return False
    levels = filter.split("/")
    for place, level in enumerate(levels):
        if "#" in level and (level != "#" or place != len(levels) - 1):
            return False
        if "+" in level and level != "+":
            return False
    return True


def matches(filter: str, topic: str) -> bool:
    """Whether a filter (without its share) matches a name. Wildcards do not match a leading ``$`` (§4.7.2)."""
    if topic.startswith("$") and filter[:1] in {"+", "#"}:
        return False
    names, levels = topic.split("/"), filter.split("/")
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(names) or level not in ("+", names[place]):
            return False
    return len(levels) == len(names)


class _Node(Generic[V]):
    __slots__ = ("below", "values")

    def __init__(self) -> None:
        self.below: dict[str, _Node[V]] = {}
        self.values: dict[object, V] = {}


class Tree(Generic[V]):
    """Values under topic filters; finds those of all filters that match a name in steps of its levels."""

    def __init__(self) -> None:
        self._root: _Node[V] = _Node()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, filter: str, key: object, value: V) -> bool:
        """Set the value of ``key`` under a filter; False when it replaces one."""
        node = self._root
        for level in filter.split("/"):
            node = node.below.setdefault(level, _Node())
        fresh = key not in node.values
        node.values[key] = value
        self._size += fresh
        return fresh

    def remove(self, filter: str, key: object) -> bool:
        """Take away; False when there was none. Empty branches go."""
        path = [self._root]
        levels = filter.split("/")
        for level in levels:
            below = path[-1].below.get(level)
            if below is None:
                return False
            path.append(below)
        if path[-1].values.pop(key, None) is None:
            return False
        self._size -= 1
        for place in range(len(levels), 0, -1):
            if path[place].values or path[place].below:
                break
            del path[place - 1].below[levels[place - 1]]
        return True

    def find_exact(self, filter: str) -> list[tuple[object, V]]:
        """(key, value) under this very filter."""
        node: _Node[V] | None = self._root
        for level in filter.split("/"):
            node = node.below.get(level) if node is not None else None
        return list(node.values.items()) if node is not None else []

    def find(self, topic: str) -> Iterator[tuple[object, V]]:
        """(key, value) under every filter that matches the name."""
        if not self._size:
            return
        names = topic.split("/")
        hidden = topic.startswith("$")
        waiting: list[tuple[_Node[V], int]] = [(self._root, 0)]
        while waiting:
            node, depth = waiting.pop()
            wild = not (hidden and depth == 0)
            if wild and (rest := node.below.get("#")) is not None:
                yield from rest.values.items()
            if depth == len(names):
                yield from node.values.items()
                continue
            if wild and (any_level := node.below.get("+")) is not None:
                waiting.append((any_level, depth + 1))
            if (same := node.below.get(names[depth])) is not None:
                waiting.append((same, depth + 1))
