"""The rainstorm drill on the wall: live incidents, warnings, response, tasks; then with people in the seats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from tests.browser.tools import WALL, Visit, axe, go, settled, sideways, until

DRILL = "flood-2007"
DRILLS = "/screen/drills/"
STOP = re.compile("停止")


def start(page: Page, *, speed: str, seats: str) -> None:
    """Start the drill from the page."""
    go(page, DRILLS)
    form = page.locator(f'form[action$="/{DRILL}/start/"]')
    form.get_by_label("倍速").select_option(speed)
    form.get_by_label("席位").select_option(seats)
    form.get_by_role("button", name="启动演练").click()
    page.wait_for_url(f"**{DRILLS}")
    expect(page.locator("#drill-now")).to_contain_text(re.compile("排队|后台正在运行|演练时间"))


def running(page: Page) -> int:
    """Stop buttons on the panel: one for each drill that waits or runs."""
    go(page, DRILLS)
    return page.locator("#drill-now").get_by_role("button", name=STOP).count()


def figure(page: Page, label: str) -> str:
    """A figure of the overview's top row."""
    return page.locator("#cmd-figures li", has_text=label).first.inner_text()


@pytest.fixture
def officer(visit: Visit) -> Iterator[Page]:
    """The duty officer at the wall; whatever drill is left is stopped."""
    page = visit("flood-duty", WALL)
    yield page
    with suppress(Exception):
        while running(page):
            page.locator("#drill-now").get_by_role("button", name=STOP).first.click()
            settled(page)


def test_the_drill_plays_on_the_screen(officer: Page) -> None:
    page = officer
    go(page, "/screen/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert not sideways(page)
    start(page, speed="600", seats="auto")

    # the exercise says it is one, and what happens appears without reloading
    until(lambda: go(page, "/screen/") and page.locator(".cmd-banner__word").count(), "the exercise opens")
    expect(page.locator(".cmd-banner__word")).to_have_text("演练")
    page.evaluate("window.notReloaded = true")
    incidents = page.locator("#cmd-incidents a[href^='/screen/incidents/']")
    expect(incidents.first).to_be_visible(timeout=60_000)
    expect(page.locator("#cmd-plan .cmd-plan").first).to_be_visible(timeout=60_000)
    expect(page.locator("#weather-panel .wx-panel__row").first).to_be_visible(timeout=60_000)
    expect(page.locator("#cmd-board dl.cmd-bars")).to_be_visible(timeout=60_000)
    closed = page.locator("#cmd-figures li", has_text="任务办结").locator("b")
    expect(closed).to_contain_text(re.compile(r"[1-9]\d*\s*%"), timeout=60_000)
    assert page.evaluate("window.notReloaded === true"), "the page was never reloaded"
    assert not axe(page)
    link = page.get_by_role("link", name="复盘").first.get_attribute("href")
    assert link

    # it ends; the after-action page can be read
    until(lambda: running(page) == 0, "the drill ends", 120)
    assert go(page, link) == 200
    steps = page.locator("main table tbody tr")
    assert steps.count() > 20
    expect(page.locator("main")).to_contain_text("预警")
    expect(page.locator("main")).to_contain_text("任务")
    assert not sideways(page)
    assert not axe(page)


def test_a_commander_signs_the_warning_in_the_manual_seat(officer: Page, visit: Visit) -> None:
    start(officer, speed="600", seats="manual")
    until(
        lambda: go(officer, "/screen/") and officer.locator(".cmd-banner__word").count(), "the exercise opens"
    )
    commander = visit("approver", WALL)
    until(lambda: signed(commander), "a warning is signed", 180)


def signed(commander: Page) -> bool:
    """One try; the forecaster's seat may take the draft back meanwhile: then the page says so, and one looks again."""
    go(commander, "/screen/")
    waiting = commander.locator("#weather-panel").get_by_role("button", name="签发并发布")
    expect(waiting.first).to_be_visible(timeout=90_000)
    waiting.first.click()
    settled(commander)
    main = commander.locator("main")
    expect(main).to_contain_text(re.compile("请刷新页面|已发布|生效|已签发"))
    return "请刷新页面" not in main.inner_text()
