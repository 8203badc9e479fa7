"""The address of CKAN's Action API: ``/api/3/action/<name>`` (GET for reading, POST with JSON for all).

Calls are those of every module's ``ckan_actions.py``; the module that stands higher says the last word.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.opening import counting, datastore, queries
from quancheng.core.catalogue import CkanError, CkanErrorType, failure, help_address, success
from quancheng.kernel.middleware import call_of

_BYTES = 2 * 1024 * 1024
_SEARCH = "datastore_search"


@lru_cache(maxsize=1)
def actions() -> tuple[dict[str, Any], frozenset[str]]:
    """Calls by name, and the names of those that change something."""
    known: dict[str, Any] = {}
    writes: frozenset[str] = frozenset()
    own = __package__
    others = [one.dotted for one in settings.MODULES if one.dotted != own]
    for dotted in (*others, own):
        if find_spec(f"{dotted}.ckan_actions") is not None:
            room = import_module(f"{dotted}.ckan_actions")
            known |= room.ACTIONS
            writes |= room.WRITES
    return known, writes


# A form of another site cannot send JSON without asking first (a preflight that is never answered), so what
# changes something must be JSON; that takes the place of the form token that API clients do not have.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, name: str) -> HttpResponse:
    """One call: ``{help, success, result}`` or ``{help, success, error}``."""
    if name == _SEARCH:
        return rows(request, "")
    known, writes = actions()
    help = _help(name)
    try:
        function = known.get(name)
        if function is None:
            raise CkanError(CkanErrorType.NOT_FOUND, f"Action name not known: {name}")
        if name in writes and (request.method != "POST" or request.content_type != "application/json"):
            raise CkanError(CkanErrorType.NOT_AUTHORIZED, "send application/json with POST")
        result = function(call_of(request), _params(request))
        made = JsonResponse(success(result, help), json_dumps_params={"ensure_ascii": False})
    except CkanError as error:
        made = JsonResponse(failure(error, help), status=error.status)
    if name not in writes:
        made["Access-Control-Allow-Origin"] = "*"
    return made


@csrf_exempt
def rows(request: HttpRequest, rest: str) -> HttpResponse:
    """``datastore_search`` of opened tables, for everybody and on the short way: nothing of a person is asked.

    ``rest`` is what follows the name in the address: nothing, or ``_sql``.
    """
    help = _help(_SEARCH + rest)
    try:
        if rest not in ("", "_sql"):
            raise CkanError(CkanErrorType.NOT_FOUND, f"Action name not known: {_SEARCH}{rest}")
        if request.method not in ("GET", "HEAD", "POST"):
            raise CkanError(CkanErrorType.NOT_AUTHORIZED, "use GET or POST")
        params = _params(request)
        found = (
            json.dumps(datastore.search_sql(params), ensure_ascii=False).encode()
            if rest
            else datastore.search(params, request.path)
        )
        head = f'{{"help": {json.dumps(help)}, "success": true, "result": '.encode()
        made = HttpResponse(head + found + b"}", content_type="application/json")
        if (used := queries.dataset_pk(str(params.get("resource_id", "")))) is not None:
            counting.note(used, "api")
    except CkanError as error:
        made = JsonResponse(failure(error, help), status=error.status)
    made["Access-Control-Allow-Origin"] = "*"
    return made


def _help(name: str) -> str:
    return help_address(f"{settings.PUBLIC_URL}/", name)


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
