"""Blocks modules put on a face's home page, without the portal knowing the modules.

A module with ``templates/portal/home/<module>.html`` is shown on the citizen home, with
``templates/portal/home/<face>/<module>.html`` on another face's home. If the module has a
``home.py`` with ``context(request)`` (or ``<face>_context(request)``) the block gets what it returns.
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from quancheng.kernel import registry

log = logging.getLogger(__name__)


def blocks(face: str, request: HttpRequest) -> list[SafeString]:
    """The rendered blocks in module order (``ORDER`` of ``home.py`` goes before); one that fails is left out and logged, the page stands."""
    found = []
    for module in sorted(registry.modules(), key=_place):
        folder = "portal/home" if face == "citizen" else f"portal/home/{face}"
        try:
            template = get_template(f"{folder}/{module.name}.html")
        except TemplateDoesNotExist:
            continue
        try:
            html = template.render(_context(module.dotted, face, request), request)
        except Exception:
            log.exception("home block of %s on %s failed", module.name, face)
            continue
        if html.strip():
            found.append(mark_safe(html))  # noqa: S308  a template's own output
    return found


def _place(module: registry.Module) -> int:
    """Small numbers first: a warning in force belongs above everything."""
    if find_spec(f"{module.dotted}.home") is None:
        return module.manifest.order
    return int(getattr(import_module(f"{module.dotted}.home"), "ORDER", module.manifest.order))


def _context(dotted: str, face: str, request: HttpRequest) -> dict[str, Any]:
    if find_spec(f"{dotted}.home") is None:
        return {}
    room = import_module(f"{dotted}.home")
    maker = getattr(room, f"{face}_context", None) or (
        getattr(room, "context", None) if face == "citizen" else None
    )
    return dict(maker(request)) if maker else {}
