"""The desk of the cascade in Chromium: demo data, keys compared by hand, axe finds nothing on phone and desk."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import DESK, MARKS, live_page, sound, speak

from quancheng.capabilities.cascade import simulate
from quancheng.capabilities.cascade.models import Neighbour, Wish
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:  # type: ignore[no-untyped-def]
    simulate.seed(None, np.random.default_rng(5))
    with live_page(live_server, monkeypatch, RoleGrant("cascade.officer"), name="officer") as one:
        yield one


def test_pages_are_accessible_on_a_phone_and_at_the_desk(page: Page, live_server) -> None:  # type: ignore[no-untyped-def]
    wish = Wish.objects.get(incoming=True)
    for language in ("zh-hans", "en"):
        speak(page, live_server, language)
        for path in (
            "",
            "neighbours/new/",
            "neighbours/370102/",
            "letters/",
            "corrections/",
            f"corrections/{wish.pk}/",
            "feeds/",
        ):
            sound(page, f"/work/cascade/{path}")
            if folder := os.environ.get("CASCADE_PICTURES"):
                page.screenshot(path=f"{folder}/{language}-{path.replace('/', '_')}.png", full_page=True)
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for path in ("", "neighbours/370102/", "feeds/"):
        sound(page, f"/work/cascade/{path}")
        if folder := os.environ.get("CASCADE_PICTURES"):
            page.screenshot(path=f"{folder}/desk-{path.replace('/', '_')}.png", full_page=True)


def test_an_officer_answers_a_request_and_pauses_a_neighbour(page: Page) -> None:
    wish = Wish.objects.get(incoming=True)
    page.goto(f"/work/cascade/corrections/{wish.pk}/")
    page.click('button[value="accept"]')
    page.wait_for_load_state()
    assert page.locator(".error-summary, [role=alert]").count() > 0
    page.fill("textarea[name=note]", "已核实")
    page.click('button[value="accept"]')
    page.wait_for_url("**/corrections/")
    page.goto("/work/cascade/neighbours/370102/")
    page.click('button[value="pause"]')
    page.wait_for_load_state()
    page.goto("/work/cascade/")
    assert "已暂停" in page.inner_text("#neighbours")
    wish.refresh_from_db()
    assert (wish.state, Neighbour.objects.get(code="370102").state) == ("accepted", "paused")
