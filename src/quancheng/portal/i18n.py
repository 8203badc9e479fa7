"""English catalogues: ``.po`` files are kept, ``.mo`` files are made when they are older."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from quancheng.core.text import Text

log = logging.getLogger(__name__)


def locale_folders() -> list[Path]:
    """The locale folders of the portal and of every installed app of ours."""
    from django.apps import apps
    from django.conf import settings

    folders = [Path(path) for path in settings.LOCALE_PATHS]
    modules = {location.dotted for location in getattr(settings, "MODULES", ())}
    for config in apps.get_app_configs():
        if config.name.startswith("quancheng.") or config.name in modules:
            folders.append(Path(config.path) / "locale")
    return list(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def compile_catalogues(folders: Iterable[Path] | None = None) -> list[Path]:
    """Compile each ``django.po`` newer than its ``django.mo``; returns the files written."""
    written: list[Path] = []
    for folder in locale_folders() if folders is None else folders:
        for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            try:
                _compile(source, target)
            except OSError as error:  # a read-only installation ships its .mo files
                log.warning("catalogue %s was not compiled: %s", source, error)
                continue
            written.append(target)
    return written


def _compile(source: Path, target: Path) -> None:
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=source.parent.parent.name)
    part = target.with_suffix(f".{id(catalogue)}.part")
    with part.open("wb") as stream:
        write_mo(stream, catalogue, use_fuzzy=False)
    part.replace(target)


def language() -> str:
    """The reader's language: ``zh`` or ``en``."""
    from django.utils.translation import get_language

    return "en" if (get_language() or "").startswith("en") else "zh"


def pick(value: object) -> str:
    """A ``Text``, ``{zh, en}`` mapping or string in the reader's language."""
    if value is None or value == {}:
        return ""
    if isinstance(value, Text | dict):
        return Text.of(value).pick(language())
    return str(value)
