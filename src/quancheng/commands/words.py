"""词汇: compiles the English catalogues (``.po`` → ``.mo``) without gettext being installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def catalogues() -> Iterator[Path]:
    """Every ``django.po`` of the portal and of the modules."""
    from django.conf import settings

    from quancheng.kernel import registry

    folders = [Path(path) for path in settings.LOCALE_PATHS]
    folders += [one.folder / "locale" for one in registry.modules()]
    for folder in folders:
        yield from sorted(folder.glob("*/LC_MESSAGES/django.po"))


def compile_catalogues() -> int:
    """Write the ``.mo`` files that are missing or old; returns how many there are."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    count = 0
    for source in catalogues():
        count += 1
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file)
        temporary = target.with_suffix(".mo.new")
        with temporary.open("wb") as file:
            write_mo(file, catalogue)
        temporary.replace(target)
    return count
