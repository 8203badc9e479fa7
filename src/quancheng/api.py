"""The HTTP API: one OpenAPI document over the routers of all modules."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import django_auth

from quancheng import __version__
from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.middleware import error_response

api = NinjaAPI(
    title="泉城 Quancheng API",
    version=__version__,
    description="一套接口，全城模块。One API over all modules. Errors are RFC 9457 problem details.",
    docs_url="/docs",
    urls_namespace="api",
)

session = django_auth
"""Authentication of write operations: session cookie with CSRF token."""


@api.exception_handler(errors.QuanchengError)
def _expected(request: HttpRequest, failure: errors.QuanchengError) -> HttpResponse:
    return error_response(request, failure)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, failure: ValidationError) -> HttpResponse:
    return error_response(request, errors.InvalidInput(fields=_fields(failure.errors)))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, failure: Http404) -> HttpResponse:
    return error_response(request, errors.NotFound())


@api.exception_handler(DataError)
def _refused(request: HttpRequest, failure: DataError) -> HttpResponse:
    return error_response(request, errors.InvalidInput())


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, failure: AuthenticationError) -> HttpResponse:
    return error_response(request, errors.NotSignedIn())


@api.exception_handler(HttpError)
def _http(request: HttpRequest, failure: HttpError) -> HttpResponse:
    refused = errors.InvalidInput(Text("请求无法解析。", str(failure)))
    refused.status = failure.status_code
    return error_response(request, refused)


def _fields(raw: list[dict[str, Any]]) -> dict[str, Text]:
    return {
        ".".join(str(part) for part in row.get("loc", ())): Text(
            f"内容不符合要求:{row.get('msg', '')}", str(row.get("msg", ""))
        )
        for row in raw
    }


for _module in settings.MODULES:
    if find_spec(f"{_module.dotted}.api") is not None:
        api.add_router(
            f"/{_module.name}/", import_module(f"{_module.dotted}.api").router, tags=[_module.name]
        )
