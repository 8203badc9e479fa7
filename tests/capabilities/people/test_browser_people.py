"""User centre, demo identities and desk in Chromium: the jobs work, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import override_settings
from playwright.sync_api import Page, sync_playwright

from quancheng.capabilities.people import simulate
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.commands.words import compile_catalogues

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
            viewport={"width": 390, "height": 844},
            reduced_motion="reduce",
            bypass_csp=True,
        )
        yield context.new_page()
        browser.close()


def _sign_in(page: Page, key: str) -> None:
    page.goto("/demo/")
    page.click(f'button[value="{key}"]')
    page.wait_for_load_state()


def _clean(page: Page, path: str) -> None:
    """No axe violation, no sideways scrolling."""
    page.goto(path)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(page: Page, live_server, language: str) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    _clean(page, "/demo/")
    _sign_in(page, "firm-owner")
    for path in ("/me/", "/me/contact/", "/me/firms/", "/me/security/"):
        _clean(page, path)
    page.goto("/me/firms/")
    page.click("a.list__title")
    _clean(page, page.url)
    _sign_in(page, "clerk-civil")
    for path in ("/work/people/", f"/work/people/{elder.pk}/?purpose=x", "/work/firms/"):
        _clean(page, path)
    _sign_in(page, "clerk-manager")
    _clean(page, "/work/organisation/?at=jn-lixia-civil")


def test_contact_is_changed_and_a_mistake_is_explained(page: Page) -> None:
    _sign_in(page, "citizen-elder")
    page.goto("/me/contact/")
    page.fill("input[name=phone]", "12")
    page.click("form.form button.btn")
    page.wait_for_selector(".errors")
    assert "11" in page.inner_text(".errors")
    page.fill("input[name=phone]", "13812345678")
    page.click("form.form button.btn")
    page.wait_for_url("**/me/")
    assert "138****5678" in page.inner_text("main")


def test_a_clerk_finds_a_person_and_states_the_purpose(page: Page) -> None:
    _sign_in(page, "clerk-civil")
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    page.goto("/work/people/?name=王秀英&age_from=67&age_to=67")
    page.click(f'a[href="/work/people/{elder.pk}/"]')
    assert elder.address not in page.inner_text("main")
    page.fill("input[name=purpose]", "老年卡审核")
    page.click("form.form button.btn")
    page.wait_for_load_state()
    assert elder.address in page.inner_text("main")
