"""协议地址: ``/sta/v1.1/``."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.messages import ROOT, Reply, Request, error_body
from quancheng.capabilities.sensorthings.service import handle
from quancheng.capabilities.sensorthings.signing_in import actor_of
from quancheng.core.text import Text
from quancheng.kernel.errors import QuanchengError

_encode = msgspec.json.Encoder().encode
_JSON = "application/json; charset=utf-8"
_TOO_LONG = Text("请求正文过大。", "The request body is too large.")
_BORROWED = Text(
    "浏览器带着登录状态写入须有CSRF令牌，且不能来自其他网站；程序请用Basic或Bearer且不带Cookie。",
    "A browser that is signed in writes with its CSRF token and not from another site; programs use Basic or"
    " Bearer without cookies.",
)
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_HEADERS = {
    "HTTP_PREFER": "prefer",
    "CONTENT_TYPE": "content-type",
    "HTTP_IF_MATCH": "if-match",
    "HTTP_IF_NONE_MATCH": "if-none-match",
}


@csrf_exempt
def sta(request: HttpRequest, path: str = "") -> HttpResponse:
    """Any request of the protocol. Programs need no CSRF token; a browser with a session does."""
    return _answer(request, _reply(request, path))


def _reply(request: HttpRequest, path: str) -> Reply:
    if _borrowed(request):
        return Reply(403, error_body(403, _BORROWED))
    if request.method == "OPTIONS":
        return Reply(204, headers={"Allow": "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"})
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LIMITS.body:
        return Reply(413, error_body(413, _TOO_LONG))
    try:
        actor = actor_of(request)
    except QuanchengError as refused:
        return Reply(refused.status, error_body(refused.status, refused.detail))
    meta = request.META
    body = request.read(int(length)) if request.method not in ("GET", "HEAD") else b""
    return handle(
        Request(
            method=request.method or "GET",
            path=path,
            query=str(meta.get("QUERY_STRING", "")),
            body=body,
            headers={short: str(meta[name]) for name, short in _HEADERS.items() if name in meta},
            actor=actor,
            root=f"{request.scheme}://{request.get_host()}{ROOT}",
            key=meta.get("HTTP_IDEMPOTENCY_KEY", "")[:200] or None,
            request_id=getattr(request, "request_id", ""),
        )
    )


def _borrowed(request: HttpRequest) -> bool:
    """Whether a page could be writing in its reader's name: a session without its token, or a foreign page.

    Browsers send a remembered password with the forms of any page, but also that page's ``Origin``.
    """
    if request.method in _SAFE:
        return False
    origin = request.META.get("HTTP_ORIGIN")
    if origin and urlsplit(origin).netloc != request.get_host():
        return True
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    check = CsrfViewMiddleware(_nothing)
    check.process_request(request)
    return check.process_view(request, _nothing, (), {}) is not None


def _nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _answer(request: HttpRequest, reply: Reply) -> HttpResponse:
    if reply.text is not None:
        answer = HttpResponse(reply.text, status=reply.status)
    elif reply.body is None:
        answer = HttpResponse(status=reply.status)
        del answer["Content-Type"]
    else:
        answer = HttpResponse(_encode(reply.body), status=reply.status, content_type=_JSON)
    for name, value in reply.headers.items():
        answer[name] = value
    if reply.status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="SensorThings", charset="UTF-8"'
    return answer


def _to_root(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(f"{ROOT}/")


urlpatterns = [
    path("sta/", _to_root, name="versions"),
    path("sta/v1.1", sta, name="bare"),
    re_path(r"^sta/v1\.1/(?P<path>.*)$", sta, name="sta"),
]
