"""双语标签: every word people see exists in Chinese and in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel.registry.discovery import PACKAGE_ROOT
from quancheng.kernel.registry.grades.model import rule
from quancheng.kernel.registry.grades.subject import Subject, called_name
from quancheng.kernel.registry.grades.walking import nodes
from quancheng.kernel.registry.manifest import KINDS, Bilingual

GETTEXT = frozenset(
    {
        "_",
        "gettext",
        "gettext_lazy",
        "gettext_noop",
        "ngettext",
        "ngettext_lazy",
        "pgettext",
        "pgettext_lazy",
    }
)
_CHINESE = re.compile(r"[㐀-鿿]")
_TRANSLATE = re.compile(r"""^(?:translate|trans)\s+(?:"([^"]+)"|'([^']+)')""")
_UNDERSCORE = re.compile(r"""_\(\s*(?:"([^"]+)"|'([^']+)')\s*\)""")
_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@rule("bronze.labels", "界面文字中英文齐全", "every word people see is in Chinese and English")
def labels(subject: Subject) -> list[Text]:
    english = catalogue(subject.folder / "locale") | catalogue(PACKAGE_ROOT / "portal" / "locale")
    todo = [*_manifest(subject), *_raw_chinese(subject)]
    needed = {word for word in words(subject) if _CHINESE.search(word)}
    for word in sorted(needed - english):
        todo.append(
            Text(
                f"英文词汇 locale/en/LC_MESSAGES/django.po 缺少“{word}”。",
                f"The English catalogue locale/en/LC_MESSAGES/django.po lacks “{word}”.",
            )
        )
    return todo


@cache
def _read_catalogue(path: Path, changed: int) -> frozenset[str]:
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        read = read_po(file)
    found: set[str] = set()
    for message in read:
        first = message.id[0] if isinstance(message.id, list | tuple) else message.id
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        if first and all(strings) and not message.fuzzy:
            found.add(str(first))
    return frozenset(found)


def catalogue(folder: Path) -> frozenset[str]:
    """Msgids with an English text; empty and fuzzy ones do not count."""
    path = folder / "en" / "LC_MESSAGES" / "django.po"
    return _read_catalogue(path, path.stat().st_mtime_ns) if path.is_file() else frozenset()


def words(subject: Subject) -> Iterator[str]:
    """Every msgid the module uses, in Python and in templates."""
    for tree in subject.sources.values():
        for node in nodes(tree):
            if isinstance(node, ast.Call) and called_name(node).rpartition(".")[2] in GETTEXT:
                plural = "ngettext" in called_name(node)
                arguments = node.args[-1:] if "pgettext" in called_name(node) else node.args
                for argument in arguments[: 2 if plural else 1]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value
                        break
    for path in subject.templates:
        yield from template_words(path.read_text(encoding="utf-8"))


def template_words(source: str) -> Iterator[str]:
    """Msgids of one template: translate tags, ``_()`` and blocktranslate."""
    from django.template.base import TokenType
    from django.utils.translation.template import templatize

    for token in _tokens(source):
        if token.token_type in (TokenType.BLOCK, TokenType.VAR):
            for pattern in (_UNDERSCORE, _TRANSLATE):
                for match in pattern.finditer(token.contents):
                    yield match[1] or match[2]
    if "blocktrans" in source:
        for match in re.finditer(r" gettext\(u?('(?:[^'\\]|\\.)*')\)", templatize(source)):
            yield ast.literal_eval(match[1])


def _tokens(source: str) -> list[Any]:
    from django.template.base import Lexer

    return list(Lexer(source).tokenize())


def _raw_chinese(subject: Subject) -> Iterator[Text]:
    for path in subject.templates:
        for line, text in raw_chinese(path.read_text(encoding="utf-8")):
            yield Text(
                f"{subject.short(path)}:{line} “{text}”没有放进 translate。",
                f"{subject.short(path)}:{line} “{text}” is not inside translate.",
            )


def raw_chinese(source: str) -> Iterator[tuple[int, str]]:
    """Chinese text of a template that would be shown to English readers as it is."""
    from django.template.base import TokenType

    skipping = ""
    for token in _tokens(source):
        kind, contents = token.token_type, token.contents
        if kind == TokenType.BLOCK:
            tag = contents.split()[0]
            if tag in {"blocktranslate", "blocktrans", "comment"}:
                skipping = tag
            elif skipping and tag == f"end{skipping}":
                skipping = ""
        elif kind == TokenType.TEXT and not skipping:
            text = _HTML_COMMENT.sub("", contents)
            if _CHINESE.search(text):
                words_found = re.findall(r"[^\s<>\"'=]*[㐀-鿿][^\s<>\"'=]*", text)
                yield token.lineno, words_found[0][:30]


def _manifest(subject: Subject) -> Iterator[Text]:
    rows: list[tuple[str, str, str]] = [("", subject.manifest.zh, subject.manifest.en)]
    for kind in KINDS:
        for number, row in enumerate(subject.module.rows(kind), start=1):
            if isinstance(row, Bilingual):
                rows.append((f"{kind}[{number}]", row.zh, row.en))
    for key, zh, en in rows:
        if _CHINESE.search(en) or not (_CHINESE.search(zh) or zh.isascii()):
            yield Text(
                f"module.toml {key} 的 zh 应是中文、en 应是英文。",
                f"module.toml {key}: zh must be Chinese and en English.",
            )
