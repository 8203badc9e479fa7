"""Retirement at once: filed with nothing typed, signed three times, nine services in parallel, one result pack."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.tools import DESK, Visit, axe, chinese, go, path_of, settled, sideways, until

SIGNERS = ("unit-head", "supervisor-officer", "hrss-officer")
LINKED = ("hrss-officer", "insurance-officer", "fund-officer", "office-clerk")
NINE = 9
SECONDS = 90
"""What a retirement may take, from the first page to the result pack, all people together."""


def picture(page: Page, name: str) -> None:
    """A screenshot for people to look at, when ``QUANCHENG_SCREENSHOTS`` names a folder."""
    if folder := os.environ.get("QUANCHENG_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"internal-{name}.png"), full_page=True)


def confirm(page: Page) -> None:
    """Agree to the first step that waits on the item's page."""
    page.locator("form[action*='/works/']").first.get_by_role("button", name="确认办理").click()
    page.wait_for_load_state("load")
    expect(page.locator(".notice--ok").first).to_be_visible()


def test_retirement_at_once(visit: Visit) -> None:
    people = {
        key: visit(key, DESK) for key in ("personnel-officer", *SIGNERS, *LINKED)
    }  # everybody is at work
    officer = people["personnel-officer"]
    began = time.monotonic()
    assert go(officer, "/work/internal/dossiers/?due=1") == 200
    picture(officer, "due")
    officer.get_by_role("row", name=re.compile("李桂芳")).get_by_role("link", name="申报退休").click()
    settled(officer)
    expect(officer.locator("main")).to_contain_text("不用填写")
    expect(officer.locator("main")).to_contain_text("退休时间的计算")
    picture(officer, "file")
    filled = officer.locator("form.form [name=retired_on]").input_value()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", filled), "computed, not typed"
    officer.get_by_role("button", name="核对无误，申报").click()
    officer.wait_for_url("**/work/internal/items/NB-*/")
    item = path_of(officer)
    number = item.rstrip("/").rsplit("/", 1)[1]

    for key in SIGNERS:
        signer = people[key]
        go(signer, f"/work/internal/?q={number}")
        signer.get_by_role("link", name=number).click()
        settled(signer)
        confirm(signer)
        if key == "unit-head":
            picture(signer, "signed")

    go(officer, item)  # everything is in the database: any page can be opened anew at any step
    expect(officer.locator("section:has(#linked) tbody tr")).to_have_count(NINE)
    for key in LINKED:
        desk = people[key]
        go(desk, item)
        while desk.locator("form[action*='/works/']").count():
            confirm(desk)
    until(
        lambda: go(officer, item) and officer.get_by_role("heading", name="结果文书").count(),
        "the result pack is printed",
        60,
    )
    spent = time.monotonic() - began
    expect(officer.locator("main")).to_contain_text("已办结")
    assert officer.locator("section:has(#pack) li").count() == 3
    picture(officer, "done")
    assert not axe(officer)
    assert not sideways(officer)
    assert spent < SECONDS, f"{spent:.0f} s"

    link = officer.locator("section:has(#pack) a").first.get_attribute("href") or ""
    paper = officer.request.get(link)
    assert paper.status == 200 and paper.body().startswith(b"%PDF-")
    anybody = visit()
    go(anybody, f"/internal/verify/?code={link.rsplit('/', 1)[1].removesuffix('.pdf')}")
    expect(anybody.locator("main")).to_contain_text("签章有效")


def test_documents_meetings_and_seats_stand_in_both_languages(visit: Visit) -> None:
    for language in ("zh-hans", "en"):
        clerk = visit("office-clerk", DESK, language=language)
        for path in ("/work/internal/papers/", "/work/internal/meetings/"):
            assert go(clerk, path) == 200
            first = clerk.locator("main table tbody a, main ul.list a.list__item").first.get_attribute("href")
            assert first
            assert go(clerk, first) == 200
            picture(clerk, f"{path.strip('/').rsplit('/', 1)[1]}-{language}")
            assert not axe(clerk), first
            assert language != "en" or not chinese(clerk), chinese(clerk)
        go(clerk, f"{first}seating/")
        expect(clerk.locator(".seat--taken")).to_have_count(7)
        picture(clerk, f"seating-{language}")
        assert not axe(clerk)
        assert language != "en" or not chinese(clerk), chinese(clerk)
