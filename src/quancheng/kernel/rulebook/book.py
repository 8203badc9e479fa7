"""Reads and merges the parameter files; a wrong or contradicting one is found at start."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.core.rules import NATIONAL, Finding, RuleBook, RuleError, region_prefix
from quancheng.kernel import clock, registry


@cache
def rules() -> RuleBook:
    """The rule book of this city (参数总簿); raises RuleError for a file that cannot be read.

    Files: each module's ``[[parameters]] file`` and the city profile's ``parameters/*.toml``.
    """
    book = RuleBook()
    for label, path in _files():
        book = book.merged(_read(label, path))
    return book


def find(id: str, on: date | None = None, region: str | None = None) -> Finding:
    """The value in force on a day (today by the clock) in a region (the city by default).

    Raises ``core.rules.NoRuleInForce`` or ``RuleConflict``, both with a bilingual ``text``.
    """
    return rules().find(id, on=on or clock.today(), region=region or city_region())


@cache
def city_region() -> str:
    """区划代码: the ``region`` of the city profile's ``city.toml``; the nation without one."""
    path = _city_folder() / "city.toml"
    if not path.is_file():
        return NATIONAL
    region = str(tomllib.loads(path.read_text(encoding="utf-8")).get("region", NATIONAL))
    region_prefix(region)
    return region


def problems() -> list[str]:
    """What is wrong in the parameter files, one bilingual line each; empty when all is well."""
    lines: list[str] = []
    book = RuleBook()
    try:
        files = _files()
        city_region()
    except (registry.RegistryError, RuleError, tomllib.TOMLDecodeError) as error:
        return [_sentence(error)]
    for label, path in files:
        try:
            book = book.merged(_read(label, path))
        except (RuleError, OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            lines.append(f"{label}: {_sentence(error)}")
    return lines + [_sentence(conflict) for conflict in book.check()]


def reload() -> None:
    """Forget what was read (after the city profile or a module changed)."""
    rules.cache_clear()
    city_region.cache_clear()


def _files() -> list[tuple[str, Path]]:
    files = [
        (f"{owner.name}/{row.file}", registry.resource_path(owner, row.file))
        for owner, row in registry.items("parameters")
    ]
    folder = _city_folder()
    files += [
        (f"{folder.name}/parameters/{path.name}", path)
        for path in sorted((folder / "parameters").glob("*.toml"))
    ]
    return files


def _read(label: str, path: Path) -> RuleBook:
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return RuleBook.from_toml_dicts([document], [label])


def _city_folder() -> Path:
    return Path(settings.CITY_FOLDER)


def _sentence(error: Exception) -> str:
    text = getattr(error, "text", None)
    return f"{text.zh} {text.en}" if text is not None else str(error)
