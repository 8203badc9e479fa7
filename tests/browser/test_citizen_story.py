"""A citizen and an office: the senior card from the first search to the wallet, and what goes wrong on the way."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.tools import DESK, PHONE, Visit, axe, go, portrait, settled, sideways, until

APPLY = "/matters/senior-card/apply/"
RECEIPT = re.compile(r"/cases/([^/?]+)/")


def complete(page: Page, *, photo: bool = True) -> None:
    """Answer what the form asks for; most of it is filled in already."""
    page.get_by_label("只要电子证").check()
    if photo:
        page.locator('input[type="file"]').first.set_input_files(portrait())
    page.get_by_label("我承诺所填内容真实").check()


def without_drafts(page: Page) -> None:
    """Throw away what an earlier, broken-off test left."""
    go(page, "/cases/")
    drafts = page.locator("main form", has=page.get_by_role("button", name="删除"))
    while left := drafts.count():
        drafts.first.get_by_role("button").click()
        expect(drafts).to_have_count(left - 1)


def next_page(page: Page) -> None:
    """Press on to the check-answers page."""
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/apply/check/")
    settled(page)


def submitted(page: Page) -> str:
    """The receipt number of the page that says it was submitted."""
    page.wait_for_url("**/cases/*/?new=1")
    expect(page.get_by_role("status")).to_contain_text("已提交")
    found = RECEIPT.search(page.url)
    assert found
    expect(page.locator(".result__number")).to_have_text(found[1])
    return found[1]


def decide(desk: Page, receipt: str, what: str, confirm: str) -> None:
    """Open one of the decisions of a case and confirm it."""
    panel = desk.locator("details", has=desk.get_by_role("button", name=confirm))
    if panel.get_attribute("open") is None:
        panel.locator("summary", has_text=what).click()
    panel.get_by_role("button", name=confirm).click()
    desk.wait_for_url(f"**/work/cases/{receipt}/")
    expect(desk.locator(".notice--ok").first).to_contain_text("已完成")


def heard(page: Page, title: str) -> None:
    """The message reaches the citizen; the worker delivers it, so look again until it is there."""
    until(
        lambda: go(page, "/messages/") and page.locator("main", has_text=title).count(), f"message {title!r}"
    )


def test_the_senior_card_from_search_to_wallet(visit: Visit) -> None:
    page = visit("citizen-elder", PHONE)
    without_drafts(page)

    # found by search, and by zone
    go(page, "/matters/")
    page.get_by_role("searchbox").fill("老年证")
    page.get_by_role("button", name="搜索").click()
    page.wait_for_url("**/matters/?q=*")
    expect(page.locator("main .list__title").first).to_have_text("老年人优待证")
    go(page, "/matters/")
    page.locator("main a.tile", has_text="老年").first.click()
    page.wait_for_url("**/matters/zone/**")
    page.locator("main").get_by_role("link", name=re.compile("老年人优待证")).first.click()
    page.wait_for_url("**/matters/senior-card/")

    # who may have it, and why
    expect(page.locator(".notice--ok")).to_contain_text("您符合")
    who = page.locator("section", has=page.locator("#who"))
    expect(who).to_contain_text("年满60周岁")
    expect(who).to_contain_text("老年人权益保障法")
    expect(who).to_contain_text("67")
    assert not sideways(page)

    # the form knows what the city knows, and says from where
    page.get_by_role("link", name=re.compile("在线申请|继续填写")).click()
    page.wait_for_url(f"**{APPLY}")
    known = page.locator("section", has=page.locator("#known"))
    expect(known).to_contain_text("王秀英")
    expect(known).to_contain_text("人口基础库")
    assert not re.search(r"\d{17}[\dX]", known.inner_text()), "the identity number is masked"
    expect(page.get_by_label("联系电话")).to_have_value(re.compile(r"1\d{10}"))
    assert not axe(page)

    # a mistake: no photo. It is said at the top with the focus, and nothing entered is lost
    page.get_by_label("联系电话").fill("13900001111")
    complete(page, photo=False)
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator("#error-summary")).to_contain_text("照片")
    assert page.title().startswith("错误")
    expect(page.get_by_label("联系电话")).to_have_value("13900001111")
    expect(page.get_by_label("只要电子证")).to_be_checked()
    expect(page.get_by_label("我承诺所填内容真实")).to_be_checked()
    assert not axe(page)
    page.locator("#error-summary a").first.click()
    expect(page.locator('input[type="file"]').first).to_be_focused()

    # corrected, checked, submitted by two fast clicks: one case
    page.locator('input[type="file"]').first.set_input_files(portrait())
    next_page(page)
    expect(page.locator("main")).to_contain_text("13900001111")
    assert page.locator("main img").first.evaluate("image => image.naturalWidth") > 0
    assert not axe(page)
    form = page.locator("form", has=page.locator('[name="idempotency_key"]'))
    fields = {one["name"]: one["value"] for one in form.evaluate(
        "form => [...new FormData(form)].map(([name, value]) => ({name, value}))"
    )}  # fmt: skip
    page.get_by_role("button", name=re.compile("^提交")).dblclick(no_wait_after=True)
    receipt = submitted(page)
    again = page.context.request.post(
        f"{APPLY}check/", form=fields, headers={"Referer": page.url}, max_redirects=0
    )
    assert again.status in {302, 303}
    assert receipt in again.headers["location"], "the same post again is the same case"
    go(page, "/cases/")
    assert page.locator("main a.list__item", has_text="老年人优待证").count() == 1

    # the office finds it, reads what the machine checked, and returns it
    desk = visit("clerk-civil", DESK)
    go(desk, "/work/cases/")
    desk.get_by_label("编号或姓名").fill(receipt)
    desk.get_by_role("button", name="筛选").click()
    desk.wait_for_url(f"**/work/cases/?*{receipt}*")
    desk.get_by_role("link", name=receipt).click()
    desk.wait_for_url(f"**/work/cases/{receipt}/")
    settled(desk)
    machine = desk.locator("section", has=desk.locator("#machine"))
    expect(machine).to_contain_text("年满60周岁")
    expect(machine).to_contain_text("67")
    expect(machine).to_contain_text("老年人权益保障法")
    assert not sideways(desk)
    assert not axe(desk)
    desk.locator("summary", has_text="退回补正").click()
    desk.get_by_label("需要补正的内容").fill("照片背景请换成白色，头顶留出空白。")
    decide(desk, receipt, "退回补正", "确认退回")
    expect(desk.locator("main .tag", has_text="补正").first).to_be_visible()

    # the citizen is told, corrects; the office approves
    heard(page, "您的申请需要补正")
    go(page, f"/cases/{receipt}/")
    expect(page.locator(".notice--warn").first).to_contain_text("照片背景请换成白色")
    page.get_by_role("link", name="去补正").click()
    page.wait_for_url("**/correct/")
    if page.locator("summary", has_text="换一张").count():
        page.locator("summary", has_text="换一张").click()
    page.locator('input[type="file"]').first.set_input_files(portrait(tint=(120, 70, 60)))
    if not page.get_by_label("我承诺所填内容真实").is_checked():
        page.get_by_label("我承诺所填内容真实").check()
    page.get_by_role("button", name="提交补正").click()
    page.wait_for_url(f"**/cases/{receipt}/")
    go(desk, f"/work/cases/{receipt}/")
    desk.get_by_role("button", name="受理").click()
    expect(desk.locator(".notice--ok").first).to_contain_text("已完成")
    desk.locator("summary", has_text=re.compile("^准予")).click()
    desk.get_by_label("我已逐项核对").check()
    decide(desk, receipt, "准予", "确认准予")

    # message, progress, licence, and anybody may verify it
    heard(page, "您的申请已准予")
    go(page, f"/cases/{receipt}/")
    progress = page.locator("section", has=page.locator("#progress"))
    for word in ("补正", "准予"):
        expect(progress).to_contain_text(word)
    heard(page, "电子证照已放入卡包")
    go(page, f"/cases/{receipt}/")
    page.get_by_role("link", name="查看证照").click()
    page.wait_for_url("**/wallet/**")
    settled(page)
    expect(page.locator("article.licence")).to_contain_text("王秀英")
    assert not axe(page)
    verification = page.get_by_role("link", name="查看核验页").get_attribute("href")
    assert verification
    stranger = visit(None, PHONE)
    go(stranger, verification)
    expect(stranger.locator(".notice--ok")).to_contain_text("真实有效")
    expect(stranger.locator("main")).not_to_contain_text("王秀英")


def test_too_young_is_told_why_insists_and_is_refused_with_the_rule(visit: Visit) -> None:
    page = visit("citizen-young", PHONE)
    without_drafts(page)
    go(page, "/matters/senior-card/")
    expect(page.locator(".notice--warn")).to_contain_text("不符合")
    who = page.locator("section", has=page.locator("#who"))
    expect(who).to_contain_text("未满60周岁")
    expect(who).to_contain_text("老年人权益保障法")
    go(page, APPLY)
    complete(page)
    next_page(page)
    expect(page.locator("section", has=page.locator("#checked"))).to_contain_text("未满60周岁")
    page.get_by_role("button", name=re.compile("^提交")).click()
    expect(page.locator(".notice--bad")).to_be_visible()
    page.get_by_label("仍要提交").check()
    page.get_by_role("button", name=re.compile("^提交")).click()
    receipt = submitted(page)

    desk = visit("clerk-civil", DESK)
    go(desk, f"/work/cases/{receipt}/")
    expect(desk.locator("main")).to_contain_text("未满60周岁")
    desk.locator("summary", has_text="不予办理").click()
    panel = desk.locator("details", has=desk.get_by_role("button", name="确认不予办理"))
    panel.get_by_role("button", name="确认不予办理").click()
    expect(desk.locator(".errors")).to_be_visible()
    panel = desk.locator("details", has=desk.get_by_role("button", name="确认不予办理"))
    ground = panel.get_by_role("radio").first
    cited = panel.locator("label.choice").first.inner_text()
    ground.check()
    panel.get_by_label("具体理由").fill("申请人未满60周岁，登记信息核对无误。")
    decide(desk, receipt, "不予办理", "确认不予办理")

    heard(page, "您的申请不予办理")
    go(page, f"/cases/{receipt}/")
    refused = page.locator(".notice--bad")
    expect(refused).to_contain_text("未满60周岁，登记信息核对无误")
    expect(refused).to_contain_text("依据")
    assert "(" in cited, "each ground names its rule"
    expect(refused).to_contain_text(cited.rpartition("(")[0].strip()[:12])
    expect(refused).to_contain_text("行政复议")
