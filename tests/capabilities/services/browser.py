"""A window on a live town for the browser tests of services, trust and messages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from playwright.sync_api import Page, sync_playwright

from quancheng.commands.words import compile_catalogues

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
MARKS = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM.exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]
PHONE, DESK = (390, 844), (1440, 900)
Window = Callable[..., Page]


@pytest.fixture
def window(live_server, monkeypatch: pytest.MonkeyPatch, town: None) -> Iterator[Window]:
    """``window(identity, size, language)``: a fresh, signed-in window whose console must stay quiet."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    complaints: list[str] = []
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))

        def open_window(identity: str, size: tuple[int, int] = PHONE, language: str = "zh-hans") -> Page:
            context = browser.new_context(
                base_url=live_server.url,
                viewport={"width": size[0], "height": size[1]},
                bypass_csp=True,
                reduced_motion="reduce",
            )
            context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto("/demo/")
            page.click(f'button[value="{identity}"]')
            page.wait_for_load_state()
            return page

        yield open_window
        browser.close()
    assert not complaints


def clean(page: Page, path: str = "") -> None:
    """No serious axe violation, no sideways scrolling."""
    if path:
        assert page.goto(path).status == 200, path
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:160]) for one in found]
    assert not said, (page.url, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
