"""Indicators in Chromium: compute, open one, axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import MARKS, live_page, sound, speak

from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    grants = (RoleGrant("things.operator"), RoleGrant("indicators.manager"))
    with live_page(live_server, monkeypatch, *grants, name="operator") as one:
        yield one


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_compute_and_open_one(page: Page, live_server, language: str) -> None:
    speak(page, live_server, language)
    page.goto("/work/indicators/")
    page.click("form.inline-form button.btn")
    page.wait_for_load_state()
    page.click('a[href="/work/indicators/things.online_rate/"]')
    page.wait_for_load_state()
    for path in ("/work/indicators/", "/work/indicators/things.online_rate/", "/screen/indicators/"):
        sound(page, path)
