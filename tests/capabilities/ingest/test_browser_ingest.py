"""Devices, secrets and dead letters in Chromium: the operator's main job, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Page, sync_playwright
from tests.capabilities.ingest.conftest import SYSTEM

from quancheng.capabilities.ingest import actions, status
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.models import DeadLetter, Device
from quancheng.capabilities.ingest.values import ChannelSpec
from quancheng.capabilities.people.models import User
from quancheng.commands.words import compile_catalogues
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    user = User.objects.create_user("operator", password="x" * 12)
    actor = Actor(ActorKind.OFFICIAL, "operator", user_id=user.pk, grants=(RoleGrant("ingest.operator"),))
    monkeypatch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
    )
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
def letter(db: None) -> DeadLetter:
    """A device with a channel and a dead letter, and a gateway that runs."""
    made = actions.register_device(
        SYSTEM, code="JN-AQ-1", protocol="mqtt", channels=[ChannelSpec("pm25", 1001)], simulated=True
    )
    found = [Letter(made.device, made.code, "mqtt", "syntax", "第1字节", b"{broken", clock.now())]
    actions.keep_letters(SYSTEM, found=found)
    status.beat("ingest.gateway", {"connections": 3, "ack_ms": {"p50": 1, "p95": 2, "p99": 3}})
    return DeadLetter.objects.get()


def _clean(page: Page, path: str) -> None:
    """No axe violation, no sideways scrolling."""
    page.goto(path)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(page: Page, live_server, letter: DeadLetter, language: str) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
    for path in ("", "devices/", "devices/new/", "devices/JN-AQ-1/", "dead-letters/"):
        _clean(page, f"/work/ingest/{path}")


def test_an_operator_registers_rotates_and_dismisses(page: Page, letter: DeadLetter) -> None:
    page.goto("/work/ingest/devices/new/")
    page.fill("input[name=code]", "JN-AQ-2")
    page.fill("textarea[name=channels]", "pm25 1002")
    page.click("form.form button.btn")
    page.wait_for_load_state()
    first = page.inner_text("#secret")
    page.goto("/work/ingest/devices/JN-AQ-2/")
    assert first not in page.content()
    page.click('form[action$="/rotate/"] button')
    page.wait_for_load_state()
    assert page.inner_text("#secret") != first
    page.goto("/work/ingest/dead-letters/?state=open")
    page.click('button[value="dismiss"]')
    page.wait_for_load_state()
    assert letter.refresh().state == "dismissed"
    assert Device.objects.filter(code="JN-AQ-2").exists()
