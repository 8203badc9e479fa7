"""Cameras, requests and plays in Chromium: the viewer's and approver's main jobs, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Page, sync_playwright
from tests.capabilities.video.conftest import LIXIA, code, device

from quancheng.capabilities.people.models import User
from quancheng.capabilities.video import actions, control_client
from quancheng.capabilities.video.models import PlayRequest, PlaySession
from quancheng.capabilities.video.values import Change
from quancheng.commands.words import compile_catalogues
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]


@pytest.fixture
def page(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    user = User.objects.create_user("viewer", password="x" * 12)
    roles = (
        RoleGrant("video.viewer", frozenset(), LIXIA),
        RoleGrant("video.operator"),
        RoleGrant("video.approver", frozenset(), "3701"),
    )
    actor = Actor(ActorKind.OFFICIAL, "viewer", user_id=user.pk, grants=roles)
    monkeypatch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
    )
    monkeypatch.setattr(control_client, "ask", lambda what, **values: {"flv": "http://media/1.flv"})
    client = Client()
    client.force_login(user)
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": 390, "height": 844},
            reduced_motion="reduce",
            bypass_csp=True,
        )
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        yield context.new_page()
        browser.close()


@pytest.fixture
def city(db: None) -> PlayRequest:
    """Three cameras, and a request of somebody else that waits."""
    call = Call.system("video")
    actions.register_devices(call, rows=[device(1), device(2), device(3, "370103")])
    actions.record_changes(call, changes=[Change(code(1), True, clock.now(), "heard")])
    other = Actor(
        ActorKind.OFFICIAL, "other", user_id=99999, grants=(RoleGrant("video.viewer", frozenset(), "370103"),)
    )
    return actions.ask_play(Call(other), camera=code(1), kind="live", purpose="核实路面积水情况")


def _clean(page: Page, path: str) -> None:
    page.goto(path)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(
    page: Page, live_server: Any, city: PlayRequest, language: str
) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
    for path in ("/work/video/", f"/work/video/{code(1)}/", "/work/video/requests/", "/work/video/sessions/",
                 "/work/video/platforms/", "/work/video/platforms/new/", f"/work/video/platforms/{code(1)}/",
                 "/work/video/coverage/"):  # fmt: skip
        _clean(page, path)


def test_a_viewer_asks_plays_and_ends_and_an_approver_decides(page: Page, city: PlayRequest) -> None:
    page.goto(f"/work/video/{code(1)}/")
    page.fill("textarea[name=purpose]", "查看泉城路路口秩序")
    page.click("#ask button.btn")
    page.wait_for_url("**/requests/")
    page.click(f'form[action="/work/video/requests/{city.pk}/decide/"] button[value="yes"]')
    page.wait_for_load_state()
    assert city.refresh().state == PlayRequest.State.APPROVED
    mine = PlayRequest.objects.exclude(pk=city.pk).get()
    page.click(f'form[action="/work/video/requests/{mine.pk}/play/"] button')
    page.wait_for_url("**/sessions/**")
    assert "http://media/1.flv" in page.inner_text("main")
    page.fill("input[name=reason]", "已看完")
    page.click("button.btn--danger")
    page.wait_for_load_state()
    assert PlaySession.objects.get().end_reason == "已看完"
