"""Inline icons (Tabler, MIT): one small file each under ``portal/icons``."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

FOLDER = Path(__file__).resolve().parents[1] / "icons"
FALLBACK = "circle-dot"
NAME = re.compile(r"^[a-z0-9-]+$")
FRAME = (
    '<svg class="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
    'stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>'
)
log = logging.getLogger(__name__)


def available() -> set[str]:
    """Names of the icons kept with the portal."""
    return {path.stem for path in FOLDER.glob("*.svg")}


@lru_cache(maxsize=512)
def _paths(name: str) -> SafeString:
    file = FOLDER / f"{name}.svg"
    if not NAME.match(name) or not file.exists():
        log.warning("icon %r is missing: run `node icons.mjs %s` in frontend/", name, name)
        file = FOLDER / f"{FALLBACK}.svg"
    return mark_safe(file.read_text("utf-8").strip())  # noqa: S308  our own files


def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An inline icon; silent for screen readers unless it has a ``label``."""
    said = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true" focusable="false"')
    )
    return format_html(FRAME, f"icon {css}".strip(), said, _paths(str(name) or FALLBACK))
