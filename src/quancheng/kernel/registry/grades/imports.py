"""引用规则: an app imports only the public rooms of another, and only downward.

Public are ``actions``, ``queries``, ``values`` (frozen values the two speak in) and protocol clients
(``*_client``), which outside programs use as well; a module opens others by ``open_rooms`` in its
``module.toml``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from quancheng.core.text import Text
from quancheng.kernel.registry import load
from quancheng.kernel.registry.grades.subject import Subject
from quancheng.kernel.registry.grades.walking import nodes

OPEN_ROOMS = frozenset({"actions", "queries", "values"})
CLIENT_SUFFIX = "_client"
# As in pyproject.toml [tool.importlinter]: each may import those after it.
CAPABILITY_ORDER = (
    "protect",
    "indicators",
    "command",
    "designer",
    "assistant",
    "outreach",
    "internal",
    "counter",
    "onething",
    "guide",
    "services",
    "process",
    "code",
    "vault",
    "credentials",
    "trust",
    "governance",
    "opening",
    "ledgers",
    "masters",
    "cascade",
    "exchange",
    "quality",
    "collection",
    "catalogue",
    "tables",
    "payment",
    "models",
    "watch",
    "video",
    "things",
    "ingest",
    "sensorthings",
    "observations",
    "chain",
    "quantum",
    "security",
    "messages",
    "people",
)


def forbidden_imports(subject: Subject) -> Iterator[Text]:
    """Every import that breaks the rule, with file and line."""
    others = {one.dotted: one for one in load.modules() if one.name != subject.name}
    for path, tree in subject.sources.items():
        for line, name in imported_names(tree, package_of(subject, path)):
            why = _why_not(subject, name, others)
            if why is not None:
                place = f"{subject.short(path)}:{line} import {name}"
                yield Text(f"{place}:{why.zh}", f"{place}: {why.en}")


def package_of(subject: Subject, path: Path) -> str:
    """The dotted package a file's relative imports start from."""
    parts = path.relative_to(subject.folder).parent.parts
    return ".".join((subject.module.dotted, *parts))


def imported_names(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """Everything a file imports at run time, as full dotted names (not for type checking)."""
    typing_only = {
        id(node)
        for branch in nodes(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for statement in branch.body
        for node in nodes(statement)
    }
    for node in nodes(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parents = parts[: len(parts) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _why_not(subject: Subject, name: str, others: dict[str, load.Module]) -> Text | None:
    if name == "quancheng.portal" or name.startswith("quancheng.portal."):
        return Text("模块不得引用门户(只能向下)。", "A module may not import the portal (down only).")
    for dotted, other in others.items():
        if name == dotted or name.startswith(f"{dotted}."):
            room = name.removeprefix(dotted).strip(".").partition(".")[0]
            return _between(subject, other, room)
    return None


def _between(subject: Subject, other: load.Module, room: str) -> Text | None:
    more = other.manifest.open_rooms
    if room not in OPEN_ROOMS and room not in more and not room.endswith(CLIENT_SUFFIX):
        names = ["actions", "queries", "values", *more]
        return Text(
            f"只能引用 {other.name} 的 {'、'.join(names)}。",
            f"Of {other.name} only {', '.join(names[:-1])} and {names[-1]} may be imported.",
        )
    if other.floor == "scenario":
        return Text("场景不得被其他模块引用，请用事件。", "No module imports a scenario; use an event.")
    if subject.module.floor == "scenario":
        return None
    order = CAPABILITY_ORDER
    downward = (
        subject.name in order and other.name in order and order.index(subject.name) < order.index(other.name)
    )
    if subject.name not in order and other.name in order:
        downward = True  # a capability added later stands above the first seven
    return (
        None
        if downward
        else Text(
            f"能力只能按顺序向下引用({' → '.join(order)})。",
            f"Capabilities import in this order only: {' → '.join(order)}.",
        )
    )
