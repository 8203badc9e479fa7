"""Without a mouse: skip link, visible focus, an application and a decision by keys alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.tools import DESK, PHONE, Visit, go, portrait, settled

MOST_TABS = 120
FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const s = getComputedStyle(e), label = e.closest('label');
  const ring = one => one && (parseFloat(one.outlineWidth) > 0 && one.outlineStyle !== 'none' || one.boxShadow !== 'none');
  return {tag: e.tagName, text: (e.innerText || e.value || e.getAttribute('aria-label') || '').slice(0, 60),
          seen: ring(s) || ring(label && getComputedStyle(label))};
}"""


def tab_to(page: Page, target: Locator, *, seen: bool = True) -> None:
    """Press Tab until the target has the focus; each stop on the way must be visible."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop and seen:
            assert stop["seen"], f"no focus ring on {stop}"
        if target.evaluate("target => target === document.activeElement"):
            return
    raise AssertionError(f"{target} is not reached by the keyboard")


@pytest.mark.parametrize(
    ("identity", "path", "size"),
    [
        (None, "/", PHONE),
        ("clerk-civil", "/work/", DESK),
        ("flood-duty", "/screen/", DESK),
        (None, "/open/", DESK),
        ("guard-auditor", "/sec/", DESK),
    ],
)
def test_the_skip_link_comes_first_and_works(
    visit: Visit, identity: str | None, path: str, size: tuple[int, int]
) -> None:
    page = visit(identity, size)
    go(page, path)
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0, "it shows when it has the focus"
    assert box["y"] >= 0, "it shows when it has the focus"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#main') !== null"), (
        "the next stop is in the content"
    )


def test_an_application_by_keys_alone(visit: Visit) -> None:
    page = visit("firm-owner", PHONE)
    go(page, "/matters/senior-card/apply/")
    phone = page.get_by_label("联系电话")
    tab_to(page, phone)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("13900002222")
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    upload = page.locator('input[type="file"]').first
    tab_to(page, upload)
    try:
        with page.expect_file_chooser(timeout=8_000) as chooser:
            page.keyboard.press("Enter")
    except PlaywrightTimeout:  # some builds open a file input by Space only
        with page.expect_file_chooser(timeout=8_000) as chooser:
            page.keyboard.press("Space")
    chooser.value.set_files(portrait())
    agree = page.get_by_role("checkbox")
    tab_to(page, agree)
    page.keyboard.press("Space")
    expect(agree).to_be_checked()
    tab_to(page, page.get_by_role("button", name="下一步"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/apply/check/")
    settled(page)
    insist = page.locator("#insist")
    tab_to(page, insist)
    page.keyboard.press("Space")
    expect(insist).to_be_checked()
    tab_to(page, page.get_by_role("button", name=re.compile("^提交")))
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*/?new=1")


def test_a_decision_by_keys_alone(visit: Visit) -> None:
    desk = visit("clerk-civil", DESK)
    go(desk, "/work/cases/?state=submitted")
    case = desk.locator("table a").first
    expect(case, "the demo city has a case that waits here").to_be_visible()
    tab_to(desk, case)
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile(r"/work/cases/[^/?]+/$"))
    settled(desk)
    tab_to(desk, desk.locator("summary", has_text="退回补正"))
    desk.keyboard.press("Enter")
    reason = desk.get_by_label("需要补正的内容")
    expect(reason).to_be_visible()
    confirm = desk.get_by_role("button", name=re.compile("确认退回"))
    tab_to(desk, confirm)
    desk.keyboard.press("Enter")
    summary = desk.locator("#error-summary")
    expect(summary).to_be_focused()
    tab_to(desk, summary.locator("a").first)
    desk.keyboard.press("Enter")
    expect(reason).to_be_focused()
    desk.keyboard.type("请补充清晰的证明照片。")
    tab_to(desk, confirm)
    desk.keyboard.press("Enter")
    expect(desk.locator(".notice--ok").first).to_be_visible()


def test_a_menu_on_the_phone_leads_to_the_navigation(visit: Visit) -> None:
    page = visit("clerk-civil", PHONE)
    go(page, "/work/")
    tab_to(page, page.locator("a.tool--menu"))
    page.keyboard.press("Enter")
    assert "#nav" in page.url
