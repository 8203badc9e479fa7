"""The portal's own pages: homes of the faces, display choices, site-wide pages."""

from __future__ import annotations

import json
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST, require_safe

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.errors import NotFound as Missing
from quancheng.portal import context, navigation
from quancheng.portal.city import site_in
from quancheng.portal.home import blocks
from quancheng.portal.i18n import language

YEAR = 365 * 24 * 3600


def _home(face: str, template: str) -> Any:
    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        groups = navigation.groups(face, request)
        found = {
            "tiles": navigation.home_tiles(face, request),
            "groups": groups,
            "entries": [entry for group in groups if group.label for entry in group.entries],
            "blocks": blocks(face, request),
        }
        return render(request, template, found)

    view.__name__ = f"{face}_home"
    return view


# -- display choices ----------------------------------------------------------------------------
def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe and target.startswith("/") else "/"


def _remember(response: HttpResponse, name: str, value: str, request: HttpRequest) -> None:
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)


def _refuse() -> InvalidInput:
    return InvalidInput(Text("没有这个选项。", "There is no such choice."))


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the reader's language in a cookie."""
    from django.conf import settings

    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        raise _refuse()
    response = redirect(_next(request))
    _remember(response, settings.LANGUAGE_COOKIE_NAME, wanted, request)
    return response


@require_POST
def choose_display(request: HttpRequest) -> HttpResponse:
    """Remember light or dark, standard or elder."""
    response = redirect(_next(request))
    known = {"theme": (context.THEME_COOKIE, {"light", "dark"}), "elder": (context.ELDER_COOKIE, {"0", "1"})}
    asked = [name for name in known if name in request.POST]
    if not asked:
        raise _refuse()
    for name in asked:
        cookie, values = known[name]
        value = request.POST[name]
        if value not in values:
            raise _refuse()
        _remember(response, cookie, value, request)
    return response


# -- site-wide pages ----------------------------------------------------------------------------
@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every entry the reader may open, by face."""
    faces = [
        {
            "label": navigation.face_label(face),
            "path": home,
            "icon": icon,
            "groups": navigation.groups(face, request),
        }
        for face, (home, icon) in navigation.FACES.items()
    ]
    return render(request, "portal/pages/sitemap.html", {"sections": faces})


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return render(request, "portal/pages/accessibility.html")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Shown by the service worker when there is no network; no personal content."""
    return render(request, "portal/pages/offline.html")


@require_safe
def feedback(request: HttpRequest) -> HttpResponse:
    """网站找错: how to report a mistake (a module may take this address over)."""
    return render(request, "portal/pages/feedback.html", {"page": request.GET.get("from", "/")[:300]})


@require_safe
def unread(request: HttpRequest) -> HttpResponse:
    """The bell of the top bar alone, fetched again when a message arrives."""
    return render(request, "faces/bell.html")


def _remarks(row: Any) -> tuple[Any, list[Text], list[Text]]:
    """A module's grade with what it owes for the grade it claims, and what higher ones would take."""
    from quancheng.kernel.registry.grades import GRADES

    claimed = GRADES.index(row.claims) if row.claims in GRADES else -1
    owed: list[Text] = []
    later: list[Text] = []
    for result in row.results:
        (owed if GRADES.index(result.rule.grade) <= claimed else later).extend(result.todo)
    return row, owed, later


@require_safe
def modules(request: HttpRequest) -> HttpResponse:
    """All modules with the grade they claim and the grade they reach."""
    from quancheng.kernel.registry import grades

    rows = grades.report()
    lead = {name: sum(row.reached == name for row in rows) for name in ("none", *grades.GRADES)}
    return render(
        request, "portal/pages/modules.html", {"rows": [_remarks(row) for row in rows], "counts": lead}
    )


@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may read: public pages, nothing personal."""
    closed = ("/accounts/", "/me/", "/work/", "/screen/", "/sec/", "/api/", "/live/")
    lines = ["User-agent: *", *[f"Disallow: {prefix}" for prefix in closed], ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_GET
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest."""
    site = site_in(language())
    body = {
        "name": site["site"],
        "short_name": site["name"],
        "lang": "en" if language() == "en" else "zh-Hans",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f3f6f9",
        "theme_color": "#0a3a5e",
        "icons": [
            {"src": static("portal/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": static("portal/icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {
                "src": static("portal/icon-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "any maskable",
            },
        ],
        "shortcuts": [{"name": _("办件进度"), "url": "/cases/"}, {"name": _("我的"), "url": "/me/"}],
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_GET
@cache_control(max_age=86400, public=True)
def basemap(request: HttpRequest) -> FileResponse:
    """District outlines with their names and label points, the ground of every map."""
    from django.conf import settings

    file = settings.CITY_FOLDER / "districts.geojson"
    if not file.exists():
        raise Missing()
    return FileResponse(file.open("rb"), content_type="application/geo+json")


@require_GET
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker must live at the root to serve the root."""
    from quancheng.portal import shells
    from quancheng.portal.assets import service_worker_source

    source = service_worker_source()
    if not source:
        raise Missing()
    declared = {"FILES": shells.files(), "SHELLS": shells.shells(), "QUICK": shells.quick()}
    body = "".join(f"const {name} = {json.dumps(said)};\n" for name, said in declared.items()) + source
    return HttpResponse(body, content_type="text/javascript; charset=utf-8")


def _components(request: HttpRequest) -> HttpResponse:
    from quancheng.portal.gallery import page

    return page(request)


urlpatterns = [
    path("", _home("citizen", "portal/pages/citizen.html"), name="home"),
    path("work/", _home("desk", "portal/pages/desk.html"), name="desk"),
    path("screen/", _home("command", "portal/pages/command.html"), name="command"),
    path("open/", _home("open", "portal/pages/open.html"), name="open"),
    path("sec/", _home("guard", "portal/pages/guard.html"), name="guard"),
    path("sec/modules/", modules, name="modules"),
    path("sec/components/", _components, name="components"),
    path("language/", choose_language, name="language"),
    path("display/", choose_display, name="display"),
    path("sitemap/", sitemap, name="sitemap"),
    path("accessibility/", accessibility, name="accessibility"),
    path("feedback/", feedback, name="feedback"),
    path("offline/", offline, name="offline"),
    path("unread/", unread, name="unread"),
    path("robots.txt", robots, name="robots"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("basemap.geojson", basemap, name="basemap"),
    path("sw.js", service_worker, name="service-worker"),
]
