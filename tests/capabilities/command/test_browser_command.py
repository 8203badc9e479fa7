"""The screen at 1920×1080 and the responder's phone in Chromium: the job is done, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page, sync_playwright
from tests.capabilities.command.conftest import DUTY, account, report

from quancheng.capabilities.command import actions
from quancheng.capabilities.command.models import Task
from quancheng.commands.words import compile_catalogues
from quancheng.kernel.actions import Call

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
SMALL = """() => [...document.querySelectorAll('main *')].filter(e => e.offsetParent && !e.closest('.visually-hidden')
  && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && parseFloat(getComputedStyle(e).fontSize) < 16)
  .map(e => e.outerHTML.slice(0, 80))"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]


@pytest.fixture
def browser(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()


def open_page(
    browser: Browser, live_server: Any, user: Any, width: int, height: int, language: str = "zh-hans"
) -> Page:
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        bypass_csp=True,
    )
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [
            {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
            {"name": "qc_language", "value": language, "url": live_server.url},
        ]
    )
    return context.new_page()


def clean(page: Page, path: str) -> None:
    """No axe violation, no sideways scrolling."""
    page.goto(path)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:160]) for one in found]
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_screen(browser: Browser, live_server: Any, plan: Any, language: str) -> None:
    page = open_page(browser, live_server, account("值班员", "command.duty", "jn"), 1920, 1080, language)
    incident = report("a")
    actions.propose_activation(
        Call(DUTY), plan_code="test-flood", inputs={"warning": "yellow"}, incident=incident
    )
    for path in (
        "/screen/incidents/",
        incident.path,
        "/screen/plans/test-flood/",
        "/screen/drills/",
        "/screen/",
    ):
        clean(page, path)
        assert page.evaluate(SMALL) == [], path
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    page.click("#cmd-plan button")
    page.wait_for_load_state()
    assert Task.objects.count() == 1
    assert page.locator("#cmd-board .cmd-list li").count() == 1


def test_a_responder_on_the_phone(browser: Browser, live_server: Any, plan: Any) -> None:
    user = account("排水队", "command.responder", "jn-water")
    task = actions.issue_task(Call(DUTY), incident=report("a"), title="抽排积水", department="jn-water")
    page = open_page(browser, live_server, user, 390, 844)
    clean(page, "/work/tasks/")
    page.click("text=抽排积水")
    page.click("text=接收任务")
    page.click("text=我已到场")
    page.fill("textarea[name=text]", "泵车到位，积水已排干")
    clean(page, task.path)
    page.fill("textarea[name=text]", "泵车到位，积水已排干")
    page.click("text=提交反馈")
    page.wait_for_load_state()
    assert task.refresh().state == "proved"
    assert get_user_model().objects.filter(pk=user.pk).exists()
    clean(page, "/report/")
