"""Hints: told with the reason, declined with one press; the officer sees sums only."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.tools import DESK, Visit, axe, chinese, go, sideways


def picture(page: Page, name: str) -> None:
    """A screenshot for people to look at, when ``QUANCHENG_SCREENSHOTS`` names a folder."""
    if folder := os.environ.get("QUANCHENG_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"outreach-{name}.png"), full_page=True)


def test_told_and_declined(visit: Visit) -> None:
    citizen = visit("citizen-zhangqiu")
    assert go(citizen, "/me/hints/") == 200
    first = citizen.locator("section:has(#told) li").first
    expect(first).to_contain_text("满60周岁")
    assert not axe(citizen) and not sideways(citizen)
    picture(citizen, "hints")
    if first.get_by_role("button", name="这类都不要再提醒").count():
        first.get_by_role("button", name="这类都不要再提醒").click()
        citizen.wait_for_load_state("load")
        expect(citizen.locator("[name=theme][value=turning-60]")).not_to_be_checked()


def test_the_officer_sees_sums(visit: Visit) -> None:
    for language in ("zh-hans", "en"):
        officer = visit("outreach-officer", DESK, language=language)
        assert go(officer, "/work/outreach/") == 200
        assert not axe(officer)
        assert language != "en" or not chinese(officer), chinese(officer)
        assert go(officer, "/work/outreach/turning-60/") == 200
        assert not axe(officer)
        assert language != "en" or not chinese(officer), chinese(officer)
        picture(officer, f"theme-{language}")
        officer.locator("[name=condition]").fill("person.age >= 18")
        officer.locator("section:has(#try)").get_by_role("button").click()
        officer.wait_for_load_state("load")
        expect(officer.locator("section:has(#try) .notice--ok")).to_contain_text("500")
