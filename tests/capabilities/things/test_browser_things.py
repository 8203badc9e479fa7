"""Devices and alarms in Chromium: the operator's main job, axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Page, sync_playwright
from tests.capabilities.things.conftest import address, facts, rule

from quancheng.capabilities.people.models import User
from quancheng.capabilities.things import actions
from quancheng.capabilities.things.models import Alarm
from quancheng.capabilities.things.sl651_client import rain_report
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.commands.words import compile_catalogues
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

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
    user = User.objects.create_user("operator", password="x" * 12)
    roles = ("things.operator", "indicators.manager")
    actor = Actor(
        ActorKind.OFFICIAL, "operator", user_id=user.pk, grants=tuple(RoleGrant(one) for one in roles)
    )
    monkeypatch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
    )
    client = Client()
    client.force_login(user)
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": 390, "height": 844},
            reduced_motion="reduce",
            bypass_csp=True,
        )
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        yield context.new_page()
        browser.close()


@pytest.fixture
def storm(db) -> Alarm:
    """Three gauges, an hour of rain at the first, a damaged frame and an alarm."""
    call = Call.system("things")
    actions.register_stations(call, rows=[facts(number) for number in (1, 2, 3)])
    actions.sync_rules(call, rows=[rule()])
    now = clock.now()
    first = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0) - timedelta(minutes=60)
    raws = [
        rain_report(address(1), first + slot * timedelta(minutes=5), Decimal("1.2"), serial=slot + 1)
        for slot in range(12)
    ]
    frames = [ReceivedFrame(raw, now) for raw in [*raws, raws[0][:-1] + b"\x00"]]
    actions.ingest_frames(call, frames=frames, channel="test")
    return Alarm.objects.get()


def _clean(page: Page, path: str) -> None:
    """No axe violation, no sideways scrolling."""
    page.goto(path)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(page: Page, live_server, storm: Alarm, language: str) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
    for path in ("/work/things/", "/work/things/T-001/", "/work/things/alarms/", f"/work/things/alarms/{storm.pk}/",
                 "/work/things/rejected/", "/work/things/new/", "/work/things/import/", "/work/things/maintainers/",
                 "/work/things/orders/", "/work/things/quality/", "/work/things/coverage/", "/work/things/T-001/edit/",
                 "/work/things/T-001/calibrate/", "/work/things/T-001/repair/", "/open/stations/"):  # fmt: skip
        _clean(page, path)


def test_an_operator_finds_the_alarm_acknowledges_and_closes_it(page: Page, storm: Alarm) -> None:
    page.goto("/work/things/alarms/?state=open")
    page.click(f'a[href="/work/things/alarms/{storm.pk}/"]')
    assert "10.8" in page.inner_text("main")
    page.click('button[value="acknowledge"]')
    page.wait_for_load_state()
    assert storm.refresh().state == "acknowledged"
    page.click("details:has(button[value=close]) summary")
    page.fill("textarea[name=note]", "雨已停")
    page.click('button[value="close"]')
    page.wait_for_load_state()
    assert storm.refresh().state == "closed"
