"""The address of CKAN's Action API: ``/api/3/action/<name>`` (GET for reading, POST with JSON for all)."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.catalogue.ckan_actions import ACTIONS, WRITES
from quancheng.core.catalogue import CkanError, CkanErrorType, failure, help_address, success
from quancheng.kernel.middleware import call_of

_BYTES = 2 * 1024 * 1024


# A form of another site cannot send JSON without asking first (a preflight that is never answered), so what
# changes something must be JSON; that takes the place of the form token that API clients do not have.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, name: str) -> HttpResponse:
    """One call: ``{help, success, result}`` or ``{help, success, error}``."""
    help = help_address(f"{settings.PUBLIC_URL}/", name)
    try:
        function = ACTIONS.get(name)
        if function is None:
            raise CkanError(CkanErrorType.NOT_FOUND, f"Action name not known: {name}")
        if name in WRITES and (request.method != "POST" or request.content_type != "application/json"):
            raise CkanError(CkanErrorType.NOT_AUTHORIZED, "send application/json with POST")
        result = function(call_of(request), _params(request))
        made = JsonResponse(success(result, help), json_dumps_params={"ensure_ascii": False})
    except CkanError as error:
        made = JsonResponse(failure(error, help), status=error.status)
    if name not in WRITES:
        made["Access-Control-Allow-Origin"] = "*"
    return made


def _params(request: HttpRequest) -> dict[str, Any]:
    if request.method != "POST":
        return dict(request.GET.items())
    if request.content_type != "application/json":
        return dict(request.POST.items())
    if len(request.body) > _BYTES:
        raise CkanError(CkanErrorType.VALIDATION, fields={"message": ["The request is too large"]})
    try:
        found = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as broken:
        raise CkanError(CkanErrorType.VALIDATION, fields={"message": ["Not valid JSON"]}) from broken
    if not isinstance(found, dict):
        raise CkanError(CkanErrorType.VALIDATION, fields={"message": ["A JSON object is needed"]})
    return found


# ckanapi leaves out the version, CKAN answers both
urlpatterns = [
    path("api/3/action/<slug:name>", answer, name="ckan"),
    path("api/action/<slug:name>", answer, name="ckan_unversioned"),
]
