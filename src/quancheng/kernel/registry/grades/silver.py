"""银级: rights, audit, events, indicators, documentation, browser and accessibility tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from quancheng.core.text import Text
from quancheng.kernel.registry import load
from quancheng.kernel.registry.grades.model import rule
from quancheng.kernel.registry.grades.subject import REPOSITORY, Subject, called_name, has_tests
from quancheng.kernel.registry.grades.walking import nodes

GUIDE_SECTIONS = 3
EMIT = frozenset({"events.emit", "emit"})
REQUIRE = frozenset({"access.require", "require"})


@rule("silver.rights", "每个表都有访问规则", "every table has access rules")
def rights(subject: Subject) -> list[Text]:
    covered = {row.model for _, row in load.items("access")}
    labels = [f"{table._meta.app_label}.{table.__name__}" for table in subject.tables]  # type: ignore[attr-defined]
    return [
        Text(f"module.toml 为 {label} 写 [[access]]。", f"Write an [[access]] for {label}.")
        for label in labels
        if label not in covered
    ]


@rule("silver.audit", "每次写入都核权并留痕", "every write asks for its right and is audited")
def audit(subject: Subject) -> list[Text]:
    from quancheng.kernel.models import GuardedModel

    todo = [
        Text(
            f"表 {table.__name__} 应继承 GuardedModel。",
            f"Table {table.__name__} must extend GuardedModel.",
        )
        for table in subject.tables
        if not issubclass(table, GuardedModel)
    ]
    asking = _asking(subject)
    for function in _actions(subject):
        if function.name not in asking:
            todo.append(
                Text(
                    f"动作 {function.name} 没有调用 access.require。",
                    f"Action {function.name} does not call access.require.",
                )
            )
    return todo


@rule("silver.events", "发出的事件已声明", "events are declared and emitted")
def events(subject: Subject) -> list[Text]:
    declared = {row.type for row in subject.manifest.event}
    if not declared:
        return [Text("module.toml 中声明 [[event]]。", "Declare an [[event]] in module.toml.")]
    literal, patterns = _emitted(subject)
    written = _constants(subject)
    silent = {
        name for name in declared - written if not any(re.fullmatch(pattern, name) for pattern in patterns)
    }
    todo = [
        Text(f"事件 {name} 发出但未声明。", f"Event {name} is emitted but not declared.")
        for name in sorted(literal - declared)
    ]
    return todo + [
        Text(f"事件 {name} 声明但从未发出。", f"Event {name} is declared but never emitted.")
        for name in sorted(silent)
    ]


@rule("silver.indicators", "有指标", "has an indicator")
def indicators(subject: Subject) -> list[Text]:
    if subject.manifest.indicator:
        return []
    return [Text("module.toml 中声明 [[indicator]]。", "Declare an [[indicator]] in module.toml.")]


@rule("silver.docs", "有说明文档", "is documented")
def docs(subject: Subject) -> list[Text]:
    place = subject.short(subject.guide)
    if subject.guide_text.count("\n## ") >= GUIDE_SECTIONS:
        return []
    return [
        Text(
            f"写 {place},至少三节(能做什么、怎么做、接口与规则)。",
            f"Write {place} in three or more sections (what it does, how, interfaces, rules).",
        )
    ]


@rule("silver.browser", "有浏览器与无障碍测试", "has browser and accessibility tests")
def browser(subject: Subject) -> list[Text]:
    found = {path: tree for path, tree in subject.tests.items() if path.name.startswith("test_browser")}
    if subject.is_own:
        for path in sorted((REPOSITORY / "tests" / "browser").glob(f"test_{subject.name}*.py")):
            found[path] = ast.parse(path.read_text(encoding="utf-8"))
    if any(has_tests(tree) and _asks_axe(path) for path, tree in found.items()):
        return []
    folder = subject.short(subject.test_folders[0])
    return [
        Text(
            f"写 {folder}/test_browser*.py,用浏览器走完主要任务并以 axe 检查。",
            f"Write {folder}/test_browser*.py: do the main job in a browser and check it with axe.",
        )
    ]


def _asks_axe(path: Path) -> bool:
    text = path.read_text(encoding="utf-8").lower()
    return "axe" in text or "accessib" in text


def _actions(subject: Subject) -> Iterator[ast.FunctionDef]:
    for _, tree in subject.trees("actions"):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any(map(_is_action, node.decorator_list)):
                yield node


def _is_action(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called_name(node).rpartition(".")[2] == "action"


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in nodes(tree) if isinstance(node, ast.Call))


def _asking(subject: Subject) -> set[str]:
    """Functions of the module that ask ``access.require``, themselves or through another."""
    called = {
        node.name: {called_name(call) for call in _calls(node)}
        for tree in subject.sources.values()
        for node in nodes(tree)
        if isinstance(node, ast.FunctionDef)
    }
    asking = {name for name, calls in called.items() if calls & REQUIRE}
    while more := {
        name
        for name, calls in called.items()
        if name not in asking and asking & {call.rpartition(".")[2] for call in calls}
    }:
        asking |= more
    return asking


def _emitted(subject: Subject) -> tuple[set[str], set[str]]:
    """Event types emitted by name, and patterns of those put together in an f-string."""
    literal: set[str] = set()
    patterns: set[str] = set()
    for tree in subject.sources.values():
        for node in _calls(tree):
            first = node.args[0] if node.args and called_name(node) in EMIT else None
            if isinstance(first, ast.Constant):
                literal.add(str(first.value))
            elif isinstance(first, ast.JoinedStr):
                patterns.add("".join(map(_part, first.values)))
    return literal, patterns


def _part(value: ast.expr) -> str:
    return re.escape(str(value.value)) if isinstance(value, ast.Constant) else r"[a-z0-9_.-]+"


def _constants(subject: Subject) -> set[str]:
    """Every string the module's code holds: an event type may reach ``emit`` by a variable."""
    return {
        node.value
        for tree in subject.sources.values()
        for node in nodes(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
