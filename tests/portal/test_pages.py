"""Shell pages: policy, language, theme, elder mode, error pages, safe redirects."""

from __future__ import annotations

import re

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.actor import Actor
from quancheng.kernel.middleware import error_response
from quancheng.portal import errors as pages_of_error

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/work/",
    "/open/",
    "/sec/",
    "/sec/modules/",
    "/sitemap/",
    "/accessibility/",
    "/feedback/",
    "/offline/",
]


@pytest.mark.parametrize("path", [*PAGES, "/accounts/login/", "/accounts/signup/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_stand_in_both_languages(client: Client, path: str, language: str) -> None:
    client.cookies["qc_language"] = language
    answer = client.get(path)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'<html lang="{"en" if language == "en" else "zh-Hans"}"' in html
    assert html.count("<main") == 1
    assert html.count("<h1") == 1
    assert " style=" not in html
    assert not re.search(r"\son[a-z]+=", html)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/nothing/"])
def test_strict_policy_everywhere(client: Client, path: str) -> None:
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_nonce_differs_each_time(client: Client) -> None:
    first, second = (client.get("/")["Content-Security-Policy"] for _ in range(2))
    assert first != second


def test_browser_preference_does_not_choose_the_language(client: Client) -> None:
    answer = client.get("/", headers={"accept-language": "en"})
    assert answer["Content-Language"] == "zh-Hans"
    client.cookies["qc_language"] = "xx"
    assert client.get("/")["Content-Language"] == "zh-Hans"


def test_language_switch(client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "/work/?a=1"})
    assert answer["Location"] == "/work/?a=1"
    assert "Sign in" in client.get("/").content.decode()
    assert client.post("/language/", {"language": "fr"}).status_code == 422
    assert client.get("/language/").status_code == 405


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_switch_never_leads_away(client: Client, target: str) -> None:
    assert client.post("/display/", {"theme": "dark", "next": target})["Location"] == "/"


def test_display_choices(client: Client) -> None:
    client.post("/display/", {"theme": "dark"})
    client.post("/display/", {"elder": "1"})
    html = client.get("/").content.decode()
    assert 'data-theme="dark"' in html
    assert " data-elder" in html
    assert " data-elder" not in client.get("/work/").content.decode()
    assert client.post("/display/", {"theme": "pink"}).status_code == 422
    assert client.post("/display/", {}).status_code == 422


def test_command_is_always_dark(client: Client, settings: object) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    html = client.get("/sec/components/?face=command").content.decode()
    assert 'data-face="command"' in html
    assert 'data-theme="dark"' in html


def test_not_found_says_what_to_do(client: Client) -> None:
    answer = client.get("/nothing/here/")
    html = answer.content.decode()
    assert answer.status_code == 404
    assert "怎么办" in html
    assert "编号" in html
    assert "Traceback" not in html


@pytest.mark.parametrize("status", [400, 403, 500])
def test_handlers(status: int) -> None:
    request = RequestFactory().get("/x", headers={"accept": "text/html"})
    request.actor = Actor.anonymous()  # type: ignore[attr-defined]
    request.request_id = "abc123"  # type: ignore[attr-defined]
    handler = {
        400: pages_of_error.bad_request,
        403: pages_of_error.forbidden,
        500: pages_of_error.server_error,
    }[status]
    answer = handler(request)
    assert answer.status_code == status
    assert "abc123" in answer.content.decode()
    with translation.override("en"):
        assert "What to do" in handler(request).content.decode()


def test_api_errors_stay_json() -> None:
    request = RequestFactory().get("/api/v1/x")
    answer = pages_of_error.server_error(request)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.status_code == 500


def test_server_error_page_survives_a_broken_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("no templates today")

    monkeypatch.setattr(pages_of_error, "render", broken)
    request = RequestFactory().get("/x")
    request.request_id = "abc123"  # type: ignore[attr-defined]
    answer = pages_of_error.server_error(request)
    assert answer.status_code == 500
    assert "abc123" in answer.content.decode()


def test_problem_page_shows_fields() -> None:
    request = RequestFactory().get("/x", headers={"accept": "text/html"})
    request.actor = Actor.anonymous()  # type: ignore[attr-defined]
    error = errors.InvalidInput(Text("不行", "No"), fields={"name": Text("太长", "too long")})
    html = error_response(request, error).content.decode()
    assert "太长" in html
    assert "不行" in html


def test_expired_form_keeps_what_was_typed() -> None:
    client = Client(enforce_csrf_checks=True)
    sent = {"language": "en", "note": "<b>保留</b>", "password": "geheim"}
    answer = client.post("/language/", sent, headers={"accept": "text/html"})
    html = answer.content.decode()
    assert answer.status_code == 403
    assert "您填写的内容还在" in html
    assert "&lt;b&gt;保留&lt;/b&gt;" in html
    assert "geheim" not in html


def test_gallery_only_in_demo_or_debug(client: Client, settings: object) -> None:
    settings.DEMO, settings.DEBUG = True, False  # type: ignore[attr-defined]
    assert client.get("/sec/components/").status_code == 200
    refused = client.post("/sec/components/", {"phone": "1"})
    assert refused.status_code == 422
    assert "<title>错误：" in refused.content.decode()
    settings.DEMO = False  # type: ignore[attr-defined]
    assert client.get("/sec/components/").status_code == 404


def test_demo_ribbon(client: Client, settings: object) -> None:
    for demo in (True, False):
        settings.DEMO = demo  # type: ignore[attr-defined]
        assert ('class="ribbon"' in client.get("/").content.decode()) is demo


def test_small_files(client: Client) -> None:
    assert "Disallow: /work/" in client.get("/robots.txt").content.decode()
    manifest = client.get("/manifest.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    assert manifest.json()["start_url"] == "/"
    assert client.get("/sw.js").status_code == 200
    assert "javascript" in client.get("/sw.js")["Content-Type"]
    assert client.get("/basemap.geojson").status_code == 200
