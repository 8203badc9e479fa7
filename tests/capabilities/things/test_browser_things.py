"""Devices and alarms in Chromium: the operator's main job, axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import MARKS, live_page, sound, speak
from tests.capabilities.things.conftest import address, facts, rule

from quancheng.capabilities.things import actions
from quancheng.capabilities.things.models import Alarm
from quancheng.capabilities.things.sl651_client import rain_report
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    grants = (RoleGrant("things.operator"), RoleGrant("indicators.manager"))
    with live_page(live_server, monkeypatch, *grants, name="operator") as one:
        yield one


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


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(page: Page, live_server, storm: Alarm, language: str) -> None:
    speak(page, live_server, language)
    for path in ("/work/things/", "/work/things/T-001/", "/work/things/alarms/", f"/work/things/alarms/{storm.pk}/",
                 "/work/things/rejected/", "/work/things/new/", "/work/things/import/", "/work/things/maintainers/",
                 "/work/things/orders/", "/work/things/quality/", "/work/things/coverage/", "/work/things/T-001/edit/",
                 "/work/things/T-001/calibrate/", "/work/things/T-001/repair/", "/open/stations/"):  # fmt: skip
        sound(page, path)


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
