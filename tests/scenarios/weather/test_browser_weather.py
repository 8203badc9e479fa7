"""Drafting, approving and reading a warning in Chromium; axe finds nothing, nothing sticks out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import override_settings
from playwright.sync_api import Page, sync_playwright

from quancheng.capabilities.people import simulate
from quancheng.commands.words import compile_catalogues
from quancheng.kernel import clock
from quancheng.scenarios.weather.models import Warning

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
    simulate.seed(SimpleNamespace(persons=300, firms=30, seed=7), None)
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": 1920, "height": 1080},
            reduced_motion="reduce",
            bypass_csp=True,
        )
        yield context.new_page()
        browser.close()


def _sign_in(page: Page, key: str) -> None:
    page.context.clear_cookies(name="qc_session")
    page.goto("/demo/")
    page.click(f'button[value="{key}"]')
    page.wait_for_load_state()


def _clean(page: Page) -> None:
    """No axe violation, no sideways scrolling."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:160]) for one in found]
    assert not said, (page.url, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_two_people_publish_and_a_citizen_reads(page: Page) -> None:
    _sign_in(page, "forecaster")
    page.goto("/screen/warnings/new/")
    page.check('input[name="level"][value="2"]')
    page.check('input[name="districts"][value="370102"]')
    page.click('button[name="fill"]')
    page.wait_for_function("document.querySelector('[name=headline_zh]').value.includes('橙色')")
    assert page.is_checked('input[name="districts"][value="370102"]')
    _clean(page)
    page.click("form.wx-form .buttons:last-child .btn:not(.btn--quiet)")
    page.wait_for_url("**/screen/warnings/JN-W-*/")
    path = page.url
    _clean(page)
    page.click('form[action$="/do/submit/"] button')
    page.wait_for_load_state()
    assert Warning.objects.get().state == "submitted"
    _sign_in(page, "approver")
    page.goto("/screen/warnings/")
    _clean(page)
    page.goto(path)
    page.check('form[action$="/do/approve/"] input[type="checkbox"]')
    page.click('form[action$="/do/approve/"] button')
    page.wait_for_load_state()
    row = Warning.objects.get()
    assert row.state == "published"
    assert row.published_at > clock.now() - timedelta(minutes=5)
    page.context.clear_cookies(name="qc_session")
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/", "/warnings/", "/open/feeds/"):
        page.goto(address)
        _clean(page)
    page.goto("/warnings/")
    assert page.locator(".wx-now h2").inner_text() == row.headline["zh"]
