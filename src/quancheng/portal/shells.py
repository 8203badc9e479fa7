"""离线页面: what modules want to open without a network, for the service worker.

A module declares it as plain data in its ``offline.py``: ``SHELLS`` (addresses that begin so → the page shown
instead; public, nothing personal), ``SCRIPTS`` (built files the page needs) and, if it likes, ``QUICK`` (addresses,
whole, whose kept page need not wait for a slow network).
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.templatetags.static import static

from quancheng.portal.assets import DIST, asset_url

_IMPORT = re.compile(r"""(?:from|import)\s*["']\./(chunk-[A-Z0-9]+\.js)["']""")


@lru_cache(maxsize=1)
def _declared() -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    shells: dict[str, str] = {}
    scripts: list[str] = []
    quick: list[str] = []
    for module in settings.MODULES:
        if find_spec(f"{module.dotted}.offline") is not None:
            room = import_module(f"{module.dotted}.offline")
            shells |= room.SHELLS
            scripts += room.SCRIPTS
            quick += getattr(room, "QUICK", ())
    return shells, tuple(scripts), tuple(quick)


def shells() -> dict[str, str]:
    """Addresses that begin so, and the page a device shows when it has no network."""
    return dict(_declared()[0])


def quick() -> list[str]:
    """Addresses whose kept page is shown after a second rather than eight."""
    return list(_declared()[2])


def files() -> list[str]:
    """Everything the kept pages load, with what their scripts import at once."""
    names = ["app.css", "app.js", *_declared()[1]]
    found = [url for name in names if (url := asset_url(name))]
    chunks = {chunk for url in found if url.endswith(".js") for chunk in _chunks(url.rsplit("/", 1)[1])}
    return [*found, *(static(f"portal/dist/{one}") for one in sorted(chunks)), static("portal/icon.svg")]


@lru_cache(maxsize=64)
def _chunks(name: str) -> frozenset[str]:
    """Chunks a built script imports before it runs, and theirs; those it asks for later are left out."""
    file = DIST / name
    if not file.is_file():
        return frozenset()
    direct = frozenset(_IMPORT.findall(file.read_text("utf-8")))
    return direct.union(*(_chunks(one) for one in direct)) if direct else direct
