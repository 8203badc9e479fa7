"""A rule in Chromium: written with a preview, tried on the past with its chart; axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import DESK, MARKS, live_page, sound

from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


@pytest.fixture
def page(live_server, streams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    with live_page(live_server, monkeypatch, RoleGrant("watch.writer"), name="author", size=DESK) as one:
        yield one


def test_write_preview_and_try(page: Page, streams, send) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)  # the server's threads are on the real clock
    send(streams["P-1:ponding_depth"], yesterday, [0.1, 0.3, 0.4, 0.1])
    page.goto("/work/watch/new/")
    sound(page)
    said = {"code": "deep", "zh": "道路积水过深", "en": "Deep water", "limit": "0.27", "clear": "0.15"}
    for name, value in (said | {"consecutive": "2", "source": "测试依据"}).items():
        page.fill(f"[name={name}]", value)
    chosen = {
        "kind": "hysteresis",
        "property": "things:ponding_depth",
        "level": "2",
        "incident_type": "watch.water",
    }
    for name, value in chosen.items():
        page.select_option(f"[name={name}]", value)
    page.click("button[value=preview]")
    page.wait_for_selector("#preview >> text=覆盖 3 条数据流")
    sound(page)
    page.click("button[value=save]")
    page.wait_for_url("**/work/watch/deep/")
    page.click("button[value=simulate]")
    page.wait_for_selector("text=会触发 1 次")
    assert page.locator("#sightings tbody tr").count() == 1
    sound(page)
    page.goto("/work/watch/")
    page.wait_for_selector("text=道路积水过深")
    sound(page)
    page.goto("/work/watch/episodes/")
    sound(page)
