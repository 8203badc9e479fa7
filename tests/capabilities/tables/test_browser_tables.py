"""Tables in Chromium: a steward looks for rows, reads what changed, on a phone and at a desk; axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import DESK, MARKS, PHONE, live_page, sound, speak

from quancheng.capabilities.tables import simulate
from quancheng.capabilities.tables.models import DataTable
from quancheng.kernel.actor import RoleGrant

from .conftest import make_department

pytestmark = MARKS


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(live_server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Page]:
    offices = frozenset(make_department(code).pk for code in ("jn-civil", "jn-market"))
    simulate.seed(None, np.random.default_rng(3))
    grant = RoleGrant("tables.steward", offices)
    with live_page(live_server, monkeypatch, grant, name="steward", size=request.param) as one:
        yield one


def test_a_steward_finds_rows_and_reads_what_changed(page: Page, live_server) -> None:
    sound(page, "/work/tables/")
    _keep(page, "list")
    page.click("text=养老机构")
    page.wait_for_load_state("networkidle")
    page.select_option("select[name=column]", "beds")
    page.select_option("select[name=operator]", "ge")
    page.fill("input[name=value]", "300")
    page.click(".filters button, form[method=get] button")
    page.wait_for_load_state("networkidle")
    sound(page)
    _keep(page, "rows")
    beds = [int(text) for text in page.locator("table tbody tr td:nth-child(4)").all_inner_texts()]
    assert beds and min(beds) >= 300
    homes = DataTable.objects.get(name="civil.elder_homes").table_id
    sound(page, f"/work/tables/{homes}/versions/")
    _keep(page, "versions")
    sound(page, f"/work/tables/{homes}/changes/?since=1&until=3")
    assert page.locator("text=删除").count() >= 1
    _keep(page, "changes")
    sound(page, f"/work/tables/{homes}/?column=beds&operator=eq&value=many")
    speak(page, live_server, "en")
    sound(page, f"/work/tables/{homes}/columns/")
    assert "Beds" in page.inner_text("main")


def _keep(page: Page, name: str) -> None:
    """A picture for people, when they ask for it."""
    folder = os.environ.get("QUANCHENG_PICTURES")
    if folder:
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=str(Path(folder) / f"tables-{name}-{width}.png"), full_page=True)
