"""All addresses. Pages and protocols of modules mount at the root, APIs below /api/v1/."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from quancheng.api import api
from quancheng.kernel.observability import views as health


def _module_urls(room: str) -> list[URLResolver]:
    found = []
    for module in settings.MODULES:
        dotted = f"{module.dotted}.{room}"
        if find_spec(dotted) is not None:
            patterns = import_module(dotted).urlpatterns
            namespace = module.name if room == "pages" else f"{module.name}-{room}"
            found.append(path("", include((patterns, namespace))))
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_view, name="metrics"),
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.urls")),
    *_module_urls("protocols"),
    *_module_urls("pages"),
    path("", include(("quancheng.portal.pages", "portal"))),
]

handler400 = "quancheng.portal.errors.bad_request"
handler403 = "quancheng.portal.errors.forbidden"
handler404 = "quancheng.portal.errors.not_found"
handler500 = "quancheng.portal.errors.server_error"
