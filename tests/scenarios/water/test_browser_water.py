"""Flood points and drill reports in Chromium: the duty officer's main job, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from quancheng.capabilities.people.models import User
from quancheng.commands.words import compile_catalogues
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.scenarios.water import actions
from quancheng.scenarios.water.models import DrillRun
from quancheng.scenarios.water.values import FloodPlace, RunTerms
from tests.browser.tools import AXE, CHROMIUM, chinese, settled

PHONE, WIDE = (390, 844), (1280, 900)
Window = Callable[[tuple[int, int], str], Page]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A Chromium of its own for each test: Playwright's event loop must not outlive it."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def window(live_server, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """Windows of the officer on duty."""
    compile_catalogues()
    user = User.objects.create_user("duty", password="x" * 12)
    actor = Actor(ActorKind.OFFICIAL, "duty", user_id=user.pk, grants=(RoleGrant("command.duty"),))
    monkeypatch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
    )
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = client.cookies[name].value
    opened = []

    def window(size: tuple[int, int], language: str) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            bypass_csp=True,
            service_workers="block",
        )
        context.add_cookies([
            {"name": name, "value": cookie, "url": live_server.url},
            {"name": "qc_language", "value": language, "url": live_server.url},
        ])  # fmt: skip
        opened.append(context)
        return context.new_page()

    yield window
    for context in opened:
        context.close()


@pytest.fixture
def points(db) -> list[str]:
    """Three places that flood, in two districts."""
    places = [
        FloodPlace(
            code=f"JN-F-0{number}",
            zh=f"下穿通道{number}号",
            en=f"Underpass {number}",
            kind="underpass" if number < 3 else "street",
            lon=117.0 + number / 100,
            lat=36.65,
            region="370102" if number < 3 else "370103",
            department="jn-water",
            closes_at_cm=27,
        )
        for number in (1, 2, 3)
    ]
    actions.register_flood_points(Call.system("water"), places=places)
    return [place.code for place in places]


@pytest.fixture
def drill(db) -> DrillRun:
    """A drill that was passed, with its report kept."""
    now = clock.now()
    report = {
        "passed": True,
        "checks": [{"id": "balance", "zh": "报文账平", "en": "Frames balance", "shown": "0", "holds": True}],
        "lines": ["下发 360 报文", "frames 360"],
    }
    terms = RunTerms("flood-2007", 7, 0.02, "auto", now - timedelta(hours=1), now)
    return actions.record_drill(Call.system("water"), code="flood-2007-7", terms=terms, report=report)


def _clean(page: Page, path: str) -> None:
    """Answered, no axe violation, no sideways scrolling."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200
    settled(page)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_flood_points_stand_on_a_map_and_in_a_list(window: Window, points: list[str], language: str) -> None:
    page = window(PHONE, language)
    _clean(page, "/work/water/")
    assert page.locator("[data-island] canvas").count() == 1
    assert page.locator("main tbody tr").count() == len(points)
    if language == "en":
        assert not chinese(page)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_drill_reports_are_listed_and_read(window: Window, drill: DrillRun, language: str) -> None:
    page = window(WIDE, language)
    for path in ("/screen/water/drills/", f"/screen/water/drills/{drill.code}/"):
        _clean(page, path)
        if language == "en":
            assert not chinese(page)


def test_the_officer_on_duty_narrows_the_list_to_a_kind(window: Window, points: list[str]) -> None:
    page = window(PHONE, "zh-hans")
    page.goto("/work/water/")
    settled(page)
    page.select_option("select[name=kind]", "street")
    page.locator(".filters button").first.click()
    page.wait_for_url("**kind=street**")
    assert page.locator("main tbody tr").count() == 1
    assert points[2] in page.inner_text("main table")
