"""结构错误: what must be mended whatever the grade. There is no exemption."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from quancheng.core.text import Text
from quancheng.kernel.registry import load
from quancheng.kernel.registry.grades.imports import forbidden_imports
from quancheng.kernel.registry.grades.model import rules
from quancheng.kernel.registry.grades.subject import ROOMS, Subject
from quancheng.kernel.registry.manifest import KINDS, ResourceRow


def faults(subject: Subject) -> list[Text]:
    """All faults of a module: rooms, functions, files, tables, imports."""
    try:
        return [
            *_rooms(subject),
            *_functions(subject),
            *_files(subject),
            *_access(subject),
            *_exemptions(subject),
            *forbidden_imports(subject),
        ]
    except SyntaxError as error:
        return [Text(f"{error.filename} 有语法错误:{error}", f"{error.filename}: {error}")]


def _rooms(subject: Subject) -> Iterator[Text]:
    for name in ROOMS:
        try:
            subject.room(name)
        except Exception as error:
            yield Text(
                f"{name}.py 无法导入:{error!r},请改正。",
                f"{name}.py cannot be imported: {error!r}; mend it.",
            )


def _functions(subject: Subject) -> Iterator[Text]:
    for kind in ("indicator", "component", "drill"):
        for row in subject.module.rows(kind):
            dotted, _, attribute = row.function.partition(":")
            try:
                found = callable(getattr(import_module(dotted), attribute, None))
            except Exception:
                found = False
            if not found:
                yield Text(
                    f"[[{kind}]] {row.id}:没有函数 {row.function},请写出或改名。",
                    f"[[{kind}]] {row.id}: there is no function {row.function}; write it.",
                )


def _files(subject: Subject) -> Iterator[Text]:
    for kind in KINDS:
        for row in subject.module.rows(kind):
            if isinstance(row, ResourceRow) and not load.resource_path(subject.module, row.file).is_file():
                yield Text(
                    f"[[{kind}]] 没有文件 {row.file},请补上。",
                    f"[[{kind}]] there is no file {row.file}; add it.",
                )


def _access(subject: Subject) -> Iterator[Text]:
    from django.apps import apps

    for row in subject.module.rows("access"):
        try:
            apps.get_model(row.model)
        except LookupError:
            yield Text(
                f"[[access]] 没有模型 {row.model},请改正。",
                f"[[access]] there is no model {row.model}; correct it.",
            )


def _exemptions(subject: Subject) -> Iterator[Text]:
    known = {rule.id for rule in rules()}
    for row in subject.manifest.grade.exempt:
        if row.rule not in known:
            yield Text(
                f"[[grade.exempt]] 没有规则 {row.rule},见 docs/grades.md。",
                f"[[grade.exempt]] there is no rule {row.rule}; see docs/grades.md.",
            )
