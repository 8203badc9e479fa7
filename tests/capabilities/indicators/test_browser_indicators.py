"""Indicators in Chromium: compute, open one, axe finds nothing."""

from __future__ import annotations

import pytest
from tests.capabilities.things.test_browser_things import _clean, page, pytestmark

__all__ = ["page", "pytestmark"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_compute_and_open_one(page, live_server, language: str) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
    page.goto("/work/indicators/")
    page.click("form.inline-form button.btn")
    page.wait_for_load_state()
    page.click('a[href="/work/indicators/things.online_rate/"]')
    page.wait_for_load_state()
    for path in ("/work/indicators/", "/work/indicators/things.online_rate/", "/screen/indicators/"):
        _clean(page, path)
