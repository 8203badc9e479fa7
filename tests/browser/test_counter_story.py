"""Cross-region: somebody of 章丘 is received in 历下; the paper travels; 章丘 decides; the citizen sees it all."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.tools import DESK, Visit, axe, chinese, go, portrait, settled, sideways, until

SECONDS = 90
SEAL = "LX-BROWSER-1"


def picture(page: Page, name: str) -> None:
    """A screenshot for people to look at, when ``QUANCHENG_SCREENSHOTS`` names a folder."""
    if folder := os.environ.get("QUANCHENG_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"counter-{name}.png"), full_page=True)


def id_number(page: Page) -> str:
    """The citizen's own number, as on the card handed over the counter."""
    answer = page.request.get("/api/v1/people/me/prefill")
    assert answer.ok, answer.text()
    found = re.search(r"\b37\d{15}[\dX]\b", answer.text())
    assert found, answer.text()
    return found[0]


def hand_over(page: Page, verb: str, **fields: str) -> None:
    """Fill one step's form on the bag's page and register it."""
    form = page.locator(f"form[action$='/{verb}/']")
    for name, value in fields.items():
        form.locator(f"[name={verb}-{name}]").fill(value)
    if form.locator(f"[name={verb}-intact]").count():
        form.locator(f"[name={verb}-intact][value=yes]").check()
    form.get_by_role("button").click()
    page.wait_for_load_state("load")
    expect(page.locator(".notice--ok").first).to_be_visible()


def test_received_far_from_home(visit: Visit) -> None:
    citizen, clerk, officer = (
        visit("citizen-zhangqiu"),
        visit("counter-clerk", DESK),
        visit("clerk-zhangqiu", DESK),
    )
    number = id_number(citizen)
    began = time.monotonic()
    go(clerk, "/work/counter/receive/")
    clerk.locator("[name=hall]").select_option("lixia")
    clerk.locator("[name=id_number]").fill(number)
    assert not axe(clerk)
    picture(clerk, "identify")
    clerk.get_by_role("button", name="下一步：选择事项").click()
    clerk.wait_for_url("**/receive/matter/")
    expect(clerk.locator("main")).to_contain_text("章丘区")
    clerk.get_by_role("link", name=re.compile("^老年人优待证")).first.click()
    clerk.wait_for_url("**/receive/form/senior-card/")
    settled(clerk)
    clerk.locator("[name=file_photo]").set_input_files(portrait())
    if clerk.locator("select[name=delivery]").count():
        clerk.locator("select[name=delivery]").select_option("electronic")
    clerk.locator("[name=truthful]").check()
    clerk.locator("[name=papers]").fill("照片原件 2\n居住证明 1")
    clerk.locator("[name=seal]").fill(SEAL)
    assert not axe(clerk)
    picture(clerk, "form")
    clerk.get_by_role("button", name="收件，出具凭证").click()
    clerk.wait_for_url("**/work/counter/receipts/*/")
    expect(clerk.locator("article")).to_contain_text("章丘区民政局")
    receipt = clerk.url.rstrip("/").rsplit("/", 1)[1]
    assert not axe(clerk)
    picture(clerk, "slip")

    go(clerk, f"/work/custody/?q={SEAL}")
    hand_over(clerk, "dispatch", courier="济南政务专递", waybill="JNZD12345678")
    go(officer, "/work/custody/?q=JNZD12345678")
    hand_over(officer, "receive", count="3", seal=SEAL)
    hand_over(officer, "check", count="3")
    assert not axe(officer)
    picture(officer, "bag")

    go(officer, f"/work/cases/{receipt}/")
    expect(officer.locator("#counter-panel")).to_be_visible()
    officer.get_by_role("button", name="受理，由我办理").click()
    officer.wait_for_load_state("load")
    officer.locator("details:has(form[action$='/approve/']) summary").first.click()
    officer.get_by_label("我已逐项核对").check()
    officer.get_by_role("button", name="确认准予").click()
    officer.wait_for_load_state("load")

    until(
        lambda: go(citizen, f"/cases/{receipt}/") and citizen.get_by_text("电子证照已放入卡包").count(),
        "the citizen has the licence",
    )
    panel = citizen.locator("section:has(#counter-panel)")
    expect(panel).to_contain_text("历下区政务服务中心")
    expect(panel).to_contain_text("章丘区民政局")
    expect(panel).to_contain_text("JNZD12345678")
    expect(panel).to_contain_text("未被改动")
    spent = time.monotonic() - began
    assert not axe(citizen) and not sideways(citizen)
    picture(citizen, "citizen")
    assert spent < SECONDS, f"{spent:.0f} s"


def test_halls_and_lists_stand_in_both_languages(visit: Visit) -> None:
    for language in ("zh-hans", "en"):
        anybody = visit(language=language)
        assert go(anybody, "/halls/?level=district") == 200
        expect(anybody.locator("#table tbody tr")).to_have_count(12)
        assert not axe(anybody)
        assert language != "en" or not chinese(anybody), chinese(anybody)
        picture(anybody, f"halls-{language}")
        assert go(anybody, "/halls/lixia/") == 200
        assert not axe(anybody) and not sideways(anybody)
        clerk = visit("counter-clerk", DESK, language=language)
        for path in ("/work/counter/?day=all", "/work/custody/?state=all", "/work/partners/"):
            assert go(clerk, path) == 200
            assert not axe(clerk), path
            assert language != "en" or not chinese(clerk), (path, chinese(clerk))
            picture(clerk, f"{path.split('/')[2]}-{language}")
