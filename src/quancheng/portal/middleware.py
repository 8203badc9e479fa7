"""Language by cookie only, and a strict content security policy."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

Handler = Callable[[HttpRequest], HttpResponseBase]

POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'nonce-{nonce}'",
    "style-src": "'self' 'nonce-{nonce}'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "media-src": "'self' blob:",
    "manifest-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
"""No inline script or style without the nonce; style attributes are refused as well."""


class LanguageMiddleware:
    """Chinese unless the reader chose English; a browser's preference decides nothing."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.known = {code for code, _ in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        code = chosen if chosen in self.known else settings.LANGUAGE_CODE
        with translation.override(code):
            request.LANGUAGE_CODE = code
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", "en" if code == "en" else "zh-Hans")
        return response


class ContentSecurityPolicyMiddleware:
    """Sends the policy; a view may widen single directives with ``response.csp = {...}``."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        if "Content-Security-Policy" not in response.headers:
            policy = POLICY | getattr(response, "csp", {})
            value = "; ".join(f"{name} {sources}" for name, sources in policy.items())
            response.headers["Content-Security-Policy"] = value.replace("{nonce}", nonce)
        response.headers.setdefault("Permissions-Policy", "interest-cohort=(), browsing-topics=()")
        return response


def with_csp(response: HttpResponse, **directives: str) -> HttpResponse:
    """Widen the policy of one response: ``with_csp(response, img_src="'self' https://…")``."""
    response.csp = {  # type: ignore[attr-defined]
        name.replace("_", "-"): value for name, value in directives.items()
    }
    return response
