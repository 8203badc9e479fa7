"""Panels that other modules put on the page of a case, without services knowing the modules.

A module with ``templates/services/panel/<module>.html`` is shown on the desk's case page, with
``templates/services/citizen_panel/<module>.html`` on the applicant's. Its room ``case_panel.py`` gives
the values: ``context(request, case)`` and ``citizen_context(request, case)``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import structlog
from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from quancheng.capabilities.services.models import Case
from quancheng.kernel import registry

log = structlog.get_logger(__name__)


def panels(request: HttpRequest, case: Case, *, citizen: bool = False) -> list[SafeString]:
    """The rendered panels in module order; one that fails is left out and logged, the page stands."""
    folder, name = ("citizen_panel", "citizen_context") if citizen else ("panel", "context")
    found = []
    for module in registry.modules():
        try:
            template = get_template(f"services/{folder}/{module.name}.html")
        except TemplateDoesNotExist:
            continue
        try:
            room = f"{module.dotted}.case_panel"
            values = getattr(import_module(room), name)(request, case) if find_spec(room) else {}
            html = template.render(values, request) if values is not None else ""
        except Exception:
            log.exception("case panel failed", module=module.name)
            continue
        if html.strip():
            found.append(mark_safe(html))  # noqa: S308  a template's own output
    return found
