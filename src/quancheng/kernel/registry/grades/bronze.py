"""铜级: model, actions, pages, API, demo, tests, clear errors (labels have a file of their own)."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel.registry.grades.model import rule
from quancheng.kernel.registry.grades.subject import Subject, dotted_name, has_tests
from quancheng.kernel.registry.grades.walking import nodes

NEW_SCENARIO_MARK = "quancheng:" + "new-scenario"  # in two parts, or this file would be marked
VAGUE = frozenset(
    {
        "Exception",
        "BaseException",
        "RuntimeError",
        "ValueError",
        "KeyError",
        "Http404",
        "PermissionDenied",
        "HttpError",
    }
)


@rule("bronze.model", "有自己的数据表和迁移", "has tables of its own and their migrations")
def model(subject: Subject) -> list[Text]:
    from quancheng.kernel.models import GuardedModel

    todo = []
    if not any(issubclass(table, GuardedModel) for table in subject.tables):
        todo.append(
            Text(
                "models.py 中写至少一个继承 GuardedModel 的表。",
                "Write at least one table in models.py that extends GuardedModel.",
            )
        )
    if subject.tables and not list((subject.folder / "migrations").glob("0*.py")):
        todo.append(
            Text(
                f"运行 quancheng django makemigrations {subject.name}。",
                f"Run quancheng django makemigrations {subject.name}.",
            )
        )
    return todo


@rule("bronze.domain", "生成的样板已换成本业务", "the generated sample has become this domain")
def domain(subject: Subject) -> list[Text]:
    marked = [
        path
        for path in [*subject.sources, *subject.templates]
        if NEW_SCENARIO_MARK in path.read_text(encoding="utf-8")
    ]
    return [
        Text(
            f"{subject.short(path)} 还是生成的样板，改成本业务后删去标记。",
            f"{subject.short(path)} is still the sample; make it yours, then delete the mark.",
        )
        for path in marked
    ]


@rule("bronze.actions", "写入都是 @action", "everything that writes is an @action")
def actions(subject: Subject) -> list[Text]:
    found = public_functions(subject.room("actions"))
    if not found:
        return [Text("actions.py 中写至少一个 @action。", "Write at least one @action in actions.py.")]
    todo = []
    for name, function in found.items():
        if not hasattr(function, "__quancheng_action__"):
            todo.append(
                Text(
                    f"actions.{name} 不是 @action:加上装饰器或改为下划线开头。",
                    f"actions.{name} is not an @action: decorate it or begin its name with _.",
                )
            )
        elif not (function.__doc__ or "").strip():
            todo.append(Text(f"actions.{name} 缺少文档字符串。", f"actions.{name} has no docstring."))
    return todo


@rule("bronze.pages", "有页面并在导航中", "has pages and they stand in the navigation")
def pages(subject: Subject) -> list[Text]:
    from django.urls import Resolver404, resolve

    todo = []
    if not getattr(subject.room("pages"), "urlpatterns", None):
        todo.append(Text("pages.py 中写 urlpatterns。", "Write urlpatterns in pages.py."))
    if not subject.manifest.page:
        todo.append(Text("module.toml 中写 [[page]]。", "Write a [[page]] in module.toml."))
    for row in subject.manifest.page:
        try:
            resolve(row.path.partition("?")[0])
        except Resolver404:
            todo.append(Text(f"{row.path} 没有页面。", f"There is no page at {row.path}."))
    return todo


@rule("bronze.api", "有接口", "has an API")
def api(subject: Subject) -> list[Text]:
    router: Any = getattr(subject.room("api"), "router", None)
    if router is None or not getattr(router, "path_operations", None):
        return [
            Text(
                "api.py 中写 router = ninja.Router() 和至少一个操作。",
                "Write router = ninja.Router() and at least one operation in api.py.",
            )
        ]
    return []


@rule("bronze.demo", "有模拟数据", "has demo data")
def demo(subject: Subject) -> list[Text]:
    if not callable(getattr(subject.room("simulate"), "seed", None)):
        return [Text("simulate.py 中写 seed(city, random)。", "Write seed(city, random) in simulate.py.")]
    return []


@rule("bronze.tests", "有测试", "has tests")
def tests(subject: Subject) -> list[Text]:
    if any(has_tests(tree) for tree in subject.tests.values()):
        return []
    folder = subject.short(subject.test_folders[0])
    return [
        Text(
            f"在 {folder}/test_*.py 中写测试，至少一个 assert。",
            f"Write tests in {folder}/test_*.py with at least one assert.",
        )
    ]


@rule("bronze.errors", "错误说得清楚", "errors say what happened and what to do")
def errors(subject: Subject) -> list[Text]:
    todo = []
    for path, tree in subject.trees("actions", "api", "pages", "protocols", "queries"):
        for node in nodes(tree):
            if not isinstance(node, ast.Raise | ast.ExceptHandler):
                continue
            place = f"{subject.short(path)}:{node.lineno}"
            if isinstance(node, ast.Raise) and _raised(node) in VAGUE:
                todo.append(
                    Text(
                        f"{place} 抛出 {_raised(node)}:改用 kernel.errors。",
                        f"{place} raises {_raised(node)}: use kernel.errors.",
                    )
                )
            elif isinstance(node, ast.ExceptHandler) and _swallows(node):
                todo.append(
                    Text(
                        f"{place} 吞掉所有错误：只捕获预期的并说明。",
                        f"{place} swallows every error: catch what you expect and say so.",
                    )
                )
    return todo


def public_functions(room: Any) -> dict[str, Any]:
    """Functions a room defines itself (or a package defines in its files) for others."""
    if room is None:
        return {}
    return {
        name: thing
        for name, thing in vars(room).items()
        if not name.startswith("_")
        and inspect.isfunction(thing)
        and (thing.__module__ == room.__name__ or thing.__module__.startswith(f"{room.__name__}."))
    }


def _raised(node: ast.Raise) -> str:
    if node.exc is None:
        return ""
    target = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return dotted_name(target).rpartition(".")[2]


def _swallows(node: ast.ExceptHandler) -> bool:
    everything = node.type is None or dotted_name(node.type) in {"Exception", "BaseException"}
    return everything and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)
