"""The guard face in Chromium: the auditor's jobs work, axe finds nothing, nothing sticks out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import override_settings
from playwright.sync_api import Page, expect, sync_playwright
from tests.browser.tools import AXE, CHROMIUM, DESK, PHONE, axe, chinese, sideways
from tests.capabilities.protect.conftest import make_dead, make_failed

from quancheng.capabilities.people import simulate as people
from quancheng.capabilities.protect import simulate
from quancheng.commands.words import compile_catalogues
from quancheng.kernel import audit, jobs

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM.exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]


@pytest.fixture
def page(home: Path, live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    people.seed(SimpleNamespace(persons=300, firms=30, seed=7), None)
    simulate.seed(SimpleNamespace(), None)
    audit.checkpoint_all()
    make_dead()
    make_failed()
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", bypass_csp=True)
        yield context.new_page()
        browser.close()


def _sign_in(page: Page) -> None:
    page.goto("/demo/")
    page.click('button[value="guard-auditor"]')
    page.wait_for_url("**/sec/")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_at_every_width(page: Page, live_server, language: str) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
    _sign_in(page)
    paths = ["/sec/", "/sec/audit/", "/sec/audit/main/1/", "/sec/audit/seals/", "/sec/events/", "/sec/jobs/"]
    for path in paths:
        for width, height in (PHONE, DESK):
            page.set_viewport_size({"width": width, "height": height})
            assert page.goto(path).status == 200, path
            assert not axe(page), (path, width)
            assert not sideways(page), (path, width)
        if language == "en":
            assert not chinese(page), path


def test_the_auditor_verifies_the_chain_and_mends_what_failed(page: Page) -> None:
    _sign_in(page)
    page.goto("/sec/")
    page.locator("main").get_by_role("link", name="封存与核验").first.click()
    page.get_by_role("button", name="立即核验").click()
    page.wait_for_url("**/sec/audit/seals/?job=*")
    expect(page.locator("#verification")).to_contain_text("排队")
    jobs.run_due()
    expect(page.locator("#verification")).to_contain_text("审计链完好", timeout=15_000)
    assert not axe(page)
    page.goto("/sec/events/")
    page.get_by_role("button", name="重新投递").click()
    expect(page.locator("main")).to_contain_text("没有搁置的投递")
    page.goto("/sec/jobs/?state=failed")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("main")).to_contain_text("任务已重新排队")
    page.goto("/sec/audit/?verb=protect.job.retry")
    page.locator("main tbody a").first.click()
    expect(page.locator("pre").first).to_contain_text("protect.verify")
