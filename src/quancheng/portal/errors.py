"""Error pages for people: what happened, whose fault, what to do, and a number to quote."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.middleware import error_response
from quancheng.portal.i18n import language

KEPT_FIELDS_LIMIT = 200


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request could not be understood, or is too large to be read."""
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, errors.TooLarge())
    detail = Text("浏览器发来的请求不完整或有误。", "The browser sent an incomplete or wrong request.")
    todo = Text(
        "请返回上一页重试；如由收藏夹进入，请从首页重新查找。",
        "Go back and try again, or start from the home page.",
    )
    return _answer(request, errors.InvalidInput(detail, todo=todo), status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: no right to this."""
    return _answer(request, errors.Forbidden())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing here."""
    return _answer(request, errors.NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; works even when the shell itself cannot be drawn."""
    try:
        return _answer(request, errors.QuanchengError())
    except Exception:
        identity = getattr(request, "request_id", "")
        page = render_to_string("errors/plain.html", {"request_id": identity, "language": language()})
        return HttpResponse(page, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's proof is missing or old: say so and offer to send the same form again.

    The fields typed are kept in a fresh form (never files or passwords), so nothing is lost.
    """
    detail = Text(
        "页面放置太久、已在别处退出，或浏览器没有保存 Cookie，所以这次提交没有被接受。",
        "The page was open too long, you signed out elsewhere, or cookies are off, so nothing was sent.",
    )
    todo = Text(
        "请核对后再提交一次；如要求登录，请先登录。", "Check and send once more; sign in first if asked to."
    )
    error = errors.Expired(detail, todo=todo)
    kept = [
        (name, value)
        for name, values in list(request.POST.lists())[:KEPT_FIELDS_LIMIT]
        for value in values
        if name != "csrfmiddlewaretoken" and "password" not in name.lower()
    ]
    lost = sorted(
        name
        for name in [*request.FILES, *request.POST]
        if name in request.FILES or "password" in name.lower()
    )
    return _answer(request, error, status=403, kept=kept, lost=lost, resend=request.get_full_path())


def _answer(request: HttpRequest, error: errors.QuanchengError, **extra: Any) -> HttpResponse:
    from quancheng.kernel.middleware import wants_json

    status = extra.pop("status", error.status)
    if wants_json(request):
        error.status = status
        return error_response(request, error)
    identity = getattr(request, "request_id", "")
    body = errors.problem(error, instance=request.path, language=language(), request_id=identity)
    context = {"problem": body | {"status": status}, "request_id": identity, **extra}
    return render(request, "errors/problem.html", context, status=status)
