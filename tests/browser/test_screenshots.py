"""Pictures of the product. Always checked to be painted; kept in docs/screenshots with QUANCHENG_SCREENSHOTS=1."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.tools import DESK, PHONE, ROOT, WALL, Visit, go

FOLDER = ROOT / "docs" / "screenshots"
KEEP = os.environ.get("QUANCHENG_SCREENSHOTS") == "1"
HEAVIEST = 250_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who opens which page in which window."""

    name: str
    path: str
    identity: str | None = None
    size: tuple[int, int] = PHONE
    elder: bool = False
    language: str = "zh-hans"
    then: Callable[[Page], None] | None = None

    def __str__(self) -> str:
        return self.name


def first_case(page: Page) -> None:
    """From the inbox into its first case."""
    page.locator("#inbox table a").first.click()
    expect(page.locator("#machine")).to_be_visible()


def first_review(page: Page) -> None:
    """From the closed incidents to the review of the newest."""
    found = page.locator("main tbody a[href^='/screen/incidents/']").first.get_attribute("href")
    assert found
    assert go(page, found.split("?")[0].replace("/incidents/", "/review/")) == 200
    expect(page.locator("main table").first).to_be_visible()


SHOTS = [
    Shot("citizen-home", "/", "citizen-elder"),
    Shot("matter-guide", "/matters/senior-card/", "citizen-elder"),
    Shot("application-form", "/matters/senior-card/apply/", "citizen-young"),
    Shot("wallet", "/wallet/", "citizen-elder"),
    Shot("elder-mode", "/", "citizen-elder", elder=True),
    Shot("warnings", "/warnings/", "citizen-elder"),
    Shot("desk-home", "/work/", "clerk-civil", DESK),
    Shot("desk-inbox", "/work/cases/", "clerk-civil", DESK),
    Shot("desk-case", "/work/cases/?state=all", "clerk-civil", DESK, then=first_case),
    Shot("command-overview", "/screen/", "flood-duty", WALL),
    Shot("after-action", "/screen/incidents/?state=closed", "flood-duty", WALL, then=first_review),
    Shot("stations", "/work/things/", "gauge-operator", DESK),
    Shot("modules", "/sec/modules/", "guard-auditor", DESK),
    Shot("open", "/open/", None, DESK),
    Shot("english-guide", "/matters/senior-card/", "citizen-elder", language="en"),
]


@pytest.mark.parametrize("shot", SHOTS, ids=str)
def test_the_page_is_painted(visit: Visit, shot: Shot) -> None:
    page = visit(shot.identity, shot.size, elder=shot.elder, language=shot.language)
    assert go(page, shot.path) == 200
    if shot.then:
        shot.then(page)
    page.evaluate("() => document.fonts.ready")
    for canvas in page.locator('[data-island="map"] canvas').all():
        expect(canvas).to_be_visible()
        canvas.scroll_into_view_if_needed()
        assert colours(canvas.screenshot()) > 8, "the map is blank"
    for chart in page.locator('[data-island="chart"] canvas').all():
        chart.scroll_into_view_if_needed()
        assert colours(chart.screenshot()) > 3, "the chart is blank"
    assert not page.locator('[data-island][data-state="failed"]').count()
    page.evaluate("() => scrollTo(0, 0)")
    picture = page.screenshot()
    assert colours(picture) > 30, "the page is blank"
    if KEEP:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{shot.name}.png").write_bytes(small(picture))


def colours(picture: bytes) -> int:
    """Different colours of a picture, up to 4096."""
    found = Image.open(io.BytesIO(picture)).convert("RGB").resize((400, 400)).getcolors(4096 * 64)
    return len(found or [])


def small(picture: bytes) -> bytes:
    """The picture with a palette, narrower until it weighs less than the limit."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    while True:
        held = io.BytesIO()
        palette = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        palette.save(held, "PNG", optimize=True)
        if held.tell() < HEAVIEST:
            return held.getvalue()
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
