"""Finds the message ids of the portal's templates and code (a small reader, no xgettext)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PORTAL = Path(__file__).resolve().parents[2] / "src" / "quancheng" / "portal"
TRANSLATE = re.compile(r"{%\s*trans(?:late)?\s+\"([^\"]+)\"")
BLOCK = re.compile(r"{%\s*blocktrans(?:late)?[^%]*%}(.*?){%\s*endblocktrans(?:late)?\s*%}", re.S)
HOLE = re.compile(r"{{\s*(\w+)\s*}}")
NAMES = {"_", "gettext", "gettext_lazy", "ngettext"}


def of_templates() -> Iterator[str]:
    for path in PORTAL.rglob("*.html"):
        text = path.read_text("utf-8")
        yield from (one.replace("%", "%%") for one in TRANSLATE.findall(text))  # as Django looks them up
        for block in BLOCK.findall(text):
            yield HOLE.sub(r"%(\1)s", block)


def of_code() -> Iterator[str]:
    for path in PORTAL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES
            if (
                named
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                yield node.args[0].value


def all_ids() -> set[str]:
    return {*of_templates(), *of_code()}
