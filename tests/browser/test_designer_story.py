"""An author changes the senior card by a table, is told what overlaps, tries it; a second person publishes;
running cases of the demo stay on the old version until they are moved."""

from __future__ import annotations

import os
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.tools import DESK, Visit, axe, chinese, go, path_of, settled, sideways, until

SECONDS = 120
CODE = "senior-card"
WORDS = "年满60周岁，由决策表判断"


def picture(page: Page, name: str) -> None:
    """A screenshot for people to look at, when ``QUANCHENG_SCREENSHOTS`` names a folder."""
    if folder := os.environ.get("QUANCHENG_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"designer-{name}.png"), full_page=True)


def press(page: Page, name: str) -> None:
    """Press a button of the page's main part and wait for the page after it."""
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state("load")
    settled(page)


def rule(page: Page, number: int, test: str, outcome: str) -> None:
    page.locator(f"[name=r{number}i0]").fill(test)
    page.locator(f"[name=r{number}o0]").fill(f'"{outcome}"')
    page.locator(f"[name=r{number}o1]").fill('"按年龄判断（模拟）"')
    page.locator(f"[name=r{number}o2]").fill('"By age (simulated)"')


def test_a_condition_changes_by_table_and_a_running_case_is_moved(visit: Visit) -> None:
    author, publisher = visit("matter-author", DESK), visit("matter-publisher", DESK)
    began = time.monotonic()
    go(author, "/work/designer/new/")
    author.locator("#matter").select_option(CODE)
    press(author, "以现行版本起草")
    base = path_of(author).removesuffix("basic/")

    go(author, f"{base}tables/")
    author.locator("#t-name").fill("年龄")
    press(author, "新增决策表")
    press(author, "新增规则")
    rule(author, 0, ">= 60", "pass")
    rule(author, 1, "< 65", "fail")
    author.locator("#policy").select_option("UNIQUE")
    press(author, "保存决策表")
    expect(author.locator(".troubles")).to_contain_text("例如")
    assert not axe(author)
    picture(author, "overlap")
    go(author, f"{base}publish/")
    expect(author.get_by_role("button", name="提请发布")).to_be_disabled()
    go(author, f"{base}check/")
    author.locator(".troubles a").first.click()
    settled(author)

    rule(author, 1, "< 60", "fail")
    author.locator("[name=try0]").fill("67")
    press(author, "试一试")
    expect(author.locator("#tried")).to_contain_text("pass")
    press(author, "保存决策表")
    expect(author.locator(".troubles .tag--bad")).to_have_count(0)
    go(author, f"{base}conditions/?edit=age")
    author.locator("#c-zh").fill(WORDS)
    author.locator("#c-check").select_option("decision")
    author.locator("#c-decision").select_option("年龄")
    press(author, "保存条件")

    go(author, f"{base}trial/")
    author.locator("#a-phone").fill("19953100001")
    author.locator("#a-delivery").select_option("electronic")
    press(author, "开始试运行")
    author.get_by_role("button", name="受理审查 · 准予").click()
    settled(author)
    expect(author.locator("main")).to_contain_text("流程已结束")
    author.locator("#sc-name").fill("67岁老人当场准予")
    picture(author, "trial")
    assert not axe(author)
    press(author, "保存为场景")

    go(author, f"{base}diagram/")
    expect(author.locator(".bjs-powered-by")).to_be_visible()
    expect(author.locator(".djs-shape").first).to_be_visible()
    author.locator("[data-element-id=decide] .djs-hit").first.click()
    expect(author.locator("#bpmn-side")).to_have_value("office")
    assert not sideways(author)
    picture(author, "diagram")

    go(author, f"{base}publish/")
    author.locator("#note").fill("年龄改用决策表（模拟）")
    press(author, "提请发布")
    expect(author.get_by_role("button", name="发布新版本")).to_have_count(0)

    go(publisher, f"{base}publish/")
    expect(publisher.locator(".diff")).to_contain_text("新增决策“年龄”")
    picture(publisher, "publish")
    press(publisher, "发布新版本")
    expect(publisher.locator(".notice--ok").first).to_contain_text("已发布为版本")

    guide = visit()
    go(guide, f"/matters/{CODE}/")
    expect(guide.locator("main")).to_contain_text(WORDS)  # who applies now meets the new version
    go(publisher, f"/work/designer/matters/{CODE}/migrate/")
    waiting = publisher.locator("main tbody tr", has_text="可以迁移").first
    old = waiting.locator("td").first.inner_text().strip()  # a demo case that began on the old version
    expect(waiting.locator("td").nth(2)).to_have_text("1")
    picture(publisher, "migrate")
    press(publisher, "迁移可以迁移的办件")
    picture(publisher, "migrating")
    until(
        lambda: (
            go(publisher, f"/work/designer/matters/{CODE}/migrate/")
            and "已结束" in publisher.locator("section:has(#done)").inner_text()
        ),
        "the running cases are moved",
        90,
    )
    expect(publisher.get_by_role("row", name=old)).to_have_count(0)
    assert time.monotonic() - began < SECONDS


def test_the_designer_speaks_english_and_works_with_axe(visit: Visit) -> None:
    author = visit("matter-author", DESK, language="en")
    go(author, "/work/designer/new/")
    author.locator("#matter").select_option("disability-card")
    author.locator("main form").first.locator("button[type=submit]").click()
    author.wait_for_url("**/basic/")
    base = path_of(author).removesuffix("basic/")
    for part in ("basic", "conditions", "materials", "form", "tables", "flow", "check", "trial", "publish"):
        assert go(author, f"{base}{part}/") == 200
        assert not axe(author), part
        assert not chinese(author), (part, chinese(author))
        assert not sideways(author), part
        picture(author, f"{part}-en")
