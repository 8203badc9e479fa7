"""The open sensors in Chromium: on a phone, in both languages, searched and followed; axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.sensorthings import actions
from quancheng.capabilities.sensorthings.values import StreamRow, ThingRow
from quancheng.commands.words import compile_catalogues
from quancheng.core.sensorthings.times import micros
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]
SHOTS = os.environ.get("QUANCHENG_SCREENSHOTS", "")


@pytest.fixture(params=["phone", "desk"])
def page(request: pytest.FixtureRequest, live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    size = {"width": 360, "height": 780} if request.param == "phone" else {"width": 1280, "height": 900}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        context = browser.new_context(
            base_url=live_server.url, viewport=size, reduced_motion="reduce", bypass_csp=True
        )
        yield context.new_page()
        browser.close()


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
    """No axe violation, no sideways scrolling."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{shot}.png", full_page=True)
    assert not said, (path, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_are_accessible(page: Page, live_server, rain: int, language: str) -> None:
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])
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
