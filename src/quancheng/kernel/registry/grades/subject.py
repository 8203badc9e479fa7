"""受检模块: one module's files, parsed once, for the rules to ask."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType

from quancheng.kernel.registry.discovery import PACKAGE_ROOT
from quancheng.kernel.registry.grades.walking import nodes
from quancheng.kernel.registry.load import Module

ROOMS = (
    "models",
    "actions",
    "queries",
    "subscriptions",
    "tasks",
    "indicators",
    "api",
    "protocols",
    "pages",
    "forms",
    "simulate",
    "sync",
    "commands",
)
SKIPPED_FOLDERS = frozenset({"migrations", "tests", "locale", "templates", "static"})
REPOSITORY = PACKAGE_ROOT.parents[1]


class Subject:
    """A module under examination."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.manifest = module.manifest
        self.name = module.name
        self.folder = module.folder

    # -- rooms ----------------------------------------------------------------------------
    def room(self, name: str) -> ModuleType | None:
        """A room, imported; None when the module has no such room."""
        dotted = f"{self.module.dotted}.{name}"
        return importlib.import_module(dotted) if importlib.util.find_spec(dotted) else None

    def room_files(self, name: str) -> list[Path]:
        """The Python files of a room: ``name.py`` or everything in ``name/``."""
        single = self.folder / f"{name}.py"
        package = self.folder / name
        files = [single] if single.is_file() else []
        return files + (sorted(package.rglob("*.py")) if package.is_dir() else [])

    @cached_property
    def sources(self) -> dict[Path, ast.Module]:
        """Every Python file of the module (no migrations, no tests), parsed."""
        return {
            path: ast.parse(path.read_text(encoding="utf-8"), str(path))
            for path in sorted(self.folder.rglob("*.py"))
            if not SKIPPED_FOLDERS.intersection(path.relative_to(self.folder).parts)
        }

    def trees(self, *rooms: str) -> Iterator[tuple[Path, ast.Module]]:
        """Parsed files of these rooms."""
        for name in rooms:
            for path in self.room_files(name):
                if path in self.sources:
                    yield path, self.sources[path]

    @cached_property
    def templates(self) -> list[Path]:
        return sorted((self.folder / "templates").rglob("*.html"))

    # -- beside the module ----------------------------------------------------------------
    @cached_property
    def is_own(self) -> bool:
        """True for modules of this distribution, whose tests and pages lie in the repository."""
        return self.folder.is_relative_to(PACKAGE_ROOT)

    @cached_property
    def test_folders(self) -> list[Path]:
        if self.is_own:
            return [REPOSITORY / "tests" / self.folder.parent.name / self.name]
        return [self.folder / "tests"]

    @cached_property
    def tests(self) -> dict[Path, ast.Module]:
        """The module's test files, parsed."""
        return {
            path: ast.parse(path.read_text(encoding="utf-8"), str(path))
            for folder in self.test_folders
            for path in sorted(folder.rglob("test_*.py"))
        }

    @cached_property
    def guide(self) -> Path:
        """The module's page of documentation."""
        if self.is_own:
            return REPOSITORY / "docs" / "modules" / f"{self.name}.md"
        return self.folder / "README.md"

    @cached_property
    def guide_text(self) -> str:
        return self.guide.read_text(encoding="utf-8") if self.guide.is_file() else ""

    # -- tables ---------------------------------------------------------------------------
    @cached_property
    def tables(self) -> list[type]:
        """The module's own tables (Django models that are not through-tables)."""
        from django.apps import apps

        return [
            model
            for config in apps.get_app_configs()
            if config.name == self.module.dotted  # not by label: another app may have taken it
            for model in config.get_models()
            if not model._meta.auto_created and not model._meta.proxy
        ]

    def short(self, path: Path) -> str:
        """A path as people name it."""
        for root in (REPOSITORY, self.folder.parent):
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return str(path)


def asserts(tree: ast.AST) -> int:
    """How many things a piece of test code asserts."""
    return sum(map(_is_assertion, nodes(tree)))


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr.startswith("assert") or node.func.attr == "raises"


def has_tests(tree: ast.Module) -> bool:
    """True when a file has a test function that asserts something."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test")
        and asserts(node) > 0
        for node in nodes(tree)
    )


def called_name(node: ast.Call) -> str:
    """``access.require`` for ``access.require(…)``; empty for anything more complicated."""
    return dotted_name(node.func)


def dotted_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted_name(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""
