"""The open sensors in Chromium: on a phone, in both languages, searched and followed; axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import DESK, MARKS, live_page, sound, speak

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.sensorthings import actions
from quancheng.capabilities.sensorthings.values import StreamRow, ThingRow
from quancheng.core.sensorthings.times import micros
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

pytestmark = MARKS
SHOTS = os.environ.get("QUANCHENG_SCREENSHOTS", "")


@pytest.fixture(params=["phone", "desk"])
def page(request: pytest.FixtureRequest, live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    size = (360, 780) if request.param == "phone" else DESK
    with live_page(live_server, monkeypatch, size=size) as one:
        yield one


@pytest.fixture
def rain(transactional_db: None) -> int:
    """Twelve stations with rain; the first has a day of readings; its stream's id."""
    call = Call.system("tests")
    prop = actions.upsert_observed_property(
        call, key="rain", name="降雨量", definition="http://example.org/rain"
    )
    gauge = actions.upsert_sensor(call, key="tipping", name="翻斗式雨量计")
    rows = [
        ThingRow(
            f"s:{n}", f"黄台桥{n}号雨量站", "", {"region": "370105", "simulated": n % 2 == 0}, 117.0 + n / 100, 36.7,
            streams=(StreamRow(f"s:{n}:rain", "降雨量", "5分钟", "毫米", "mm", "ucum:mm", prop, gauge),),
        )
        for n in range(12)
    ]  # fmt: skip
    first = actions.upsert_things(call, rows=rows)["streams"]["s:0:rain"]
    now = micros(clock.now())
    times = [now - n * 900_000_000 for n in range(96)]
    store.append(Batch.numbers([first] * 96, times, [n % 7 / 2 for n in range(96)]))
    return first


def _clean(page: Page, path: str, shot: str) -> None:
    sound(page, path)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{shot}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_are_accessible(page: Page, live_server, rain: int, language: str) -> None:
    speak(page, live_server, language)
    width = page.viewport_size["width"] if page.viewport_size else 0
    _clean(page, "/open/sensors/", f"sensors-{language}-{width}")
    _clean(page, "/open/sensors/?text=nowhere", f"none-{language}-{width}")
    _clean(page, f"/open/sensors/{rain}/", f"sensor-{language}-{width}")


def test_somebody_finds_a_stream_and_its_numbers(page: Page, rain: int) -> None:
    page.goto("/open/sensors/")
    page.fill("input[name=text]", "黄台桥0号")
    page.press("input[name=text]", "Enter")
    page.wait_for_url("**text=*")
    assert page.locator("tbody tr").count() == 1
    page.click("tbody th a")
    page.wait_for_url(f"**/open/sensors/{rain}/")
    assert page.locator("h1").inner_text().startswith("降雨量")
    assert page.locator("#readings tbody tr").count() == 48
    with page.expect_navigation():
        page.click("a[href^='/sta/v1.1/']")
    assert '"@iot.id"' in page.content()
