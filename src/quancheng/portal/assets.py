"""Where the built styles and scripts are: names to hashed names, from the build's manifest."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

DIST = Path(__file__).resolve().parent / "static" / "portal" / "dist"
MANIFEST = DIST / "manifest.json"
log = logging.getLogger(__name__)


def asset_url(name: str) -> str:
    """The address of a built file, or ``""`` when the front end has not been built."""
    stamp = MANIFEST.stat().st_mtime_ns if settings.DEBUG and MANIFEST.exists() else 0
    hashed = _manifest(stamp).get(name)
    return static(f"portal/dist/{hashed}") if hashed else ""


@lru_cache(maxsize=2)
def _manifest(_stamp: int) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(MANIFEST.read_text("utf-8"))
    except FileNotFoundError:
        log.warning("front end not built: run `npm ci && npm run build` in frontend/")
        return {}
    return content


@lru_cache(maxsize=1)
def service_worker_source() -> str:
    """The service worker, which keeps the offline page and the built styles."""
    file = DIST.parent / "sw.js"
    return file.read_text("utf-8") if file.exists() else ""
