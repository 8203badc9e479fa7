"""Panels that modules above put on the page of an entry, without the catalogue knowing them.

A module with ``templates/catalogue/panel/<module>.html`` is shown there; its room ``entry_panel.py`` gives the
values: ``context(request, entry)`` with a ``values.EntryInfo``; ``None`` shows nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import structlog
from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.kernel import registry

log = structlog.get_logger(__name__)


def panels(request: HttpRequest, entry: EntryInfo) -> list[SafeString]:
    """The rendered panels in module order; one that fails is left out and logged, the page stands."""
    found = []
    for module in registry.modules():
        try:
            template = get_template(f"catalogue/panel/{module.name}.html")
        except TemplateDoesNotExist:
            continue
        try:
            room = f"{module.dotted}.entry_panel"
            values = import_module(room).context(request, entry) if find_spec(room) else {}
            html = template.render(values, request) if values is not None else ""
        except Exception:
            log.exception("entry panel failed", module=module.name)
            continue
        if html.strip():
            found.append(mark_safe(html))  # noqa: S308  a template's own output
    return found
