"""A restaurant: four offices at once, a site visit, one correction, a refusal appealed, reopened, approved."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.browser.offices import approve, deed, today
from tests.browser.test_newborn_story import forward, receipts, without_draft
from tests.browser.tools import PHONE, Visit, axe, go, portrait, sideways, until


def as_firm(page: Page) -> None:
    """Act for the firm, as its owner would."""
    go(page, "/me/firms/")
    switch = page.get_by_role("button", name=re.compile("^以它办事"))
    if switch.count():
        switch.first.click()
        expect(page.get_by_role("button", name="回到个人身份")).to_be_visible()


def picture(name: str) -> dict[str, object]:
    """A paper as a phone would take it, wide enough for every check."""
    return {**portrait(1200, 900), "name": f"{name}.jpg"}


def test_restaurant_with_correction_visit_and_appeal(visit: Visit, city) -> None:
    page = visit("firm-owner", PHONE)
    as_firm(page)
    without_draft(page, "restaurant")
    go(page, "/onethings/restaurant/apply/")
    page.get_by_label("有，用现有企业开店").check()
    page.get_by_label("热食").check()
    page.get_by_label("经营场所面积（平方米）").fill("120")
    forward(page)
    for legend in ("厨房用明火吗", "向城镇排水管网排污水吗"):
        page.locator("fieldset", has=page.locator("legend", has_text=legend)).get_by_label(
            "是", exact=True
        ).check()
    page.get_by_label("要装").check()
    forward(page)
    for one in page.get_by_label("同意", exact=True).all():
        one.check()
    forward(page)

    # the premises once, for all
    page.get_by_label("餐位数").fill("60")
    page.get_by_label("所在楼层").fill("1层")
    page.get_by_label("招牌设置位置").fill("店门上方")
    page.get_by_label("招牌面积（平方米）").fill("6")
    page.get_by_label("招牌拟开始日期").fill((today() + timedelta(days=20)).isoformat())
    page.get_by_label("日最大排水量（立方米）").fill("8")
    page.get_by_label("隔油池").check()
    expect(page.get_by_label("经营场所地址")).to_have_value(re.compile("."))
    assert not sideways(page)
    forward(page)
    page.get_by_label("食品安全管理人员").fill("赵建军")
    page.get_by_label("消防安全管理人").fill("赵建军")
    page.get_by_label("先核查再营业").check()
    forward(page)

    # one floor plan for three offices; what is lacking is said by name
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("#error-summary")).to_contain_text("店面平面图")
    for one in page.locator('input[type="file"]').all():
        one.set_input_files(picture("材料"))
    assert not axe(page)
    forward(page)
    page.get_by_label("我确认所填内容真实").check()
    page.get_by_role("button", name="提交这件事").click()
    page.wait_for_url("**/onethings/b/*/?new=1")
    receipt = page.locator(".result__number").inner_text()
    home = f"/onethings/b/{receipt}/"
    mine = receipts(page)
    assert len(mine) == 4
    assert all(mine.values()), f"all four offices at once: {mine} {page.locator('.things').inner_text()}"
    food = next(mine[name] for name in mine if "食品" in name)
    sign = next(mine[name] for name in mine if "广告" in name)
    others = [mine[name] for name in mine if mine[name] not in {food, sign}]

    # the signboard comes back for correction; nothing else waits for it
    deed(city, f"send_back({json.dumps(sign)}, '招牌面积请按实测填写')\n")
    until(lambda: go(page, home) and page.get_by_role("link", name="去补正").count(), "the correction shows")
    for one in others:
        approve(city, one)
    page.get_by_role("link", name="去补正").click()
    page.wait_for_url("**/correct/")
    agree = page.locator('input[type="checkbox"][name="truthful"]')
    if agree.count() and not agree.is_checked():
        agree.check()
    page.get_by_role("button", name="提交补正").click()
    page.wait_for_url(f"**/cases/{sign}/")
    approve(city, sign)

    # food: joint opinions, the visit, a refusal
    name = json.dumps(food)
    deed(city, f"claim({name}); answer({name}, 'review', 'agree'); answer({name}, 'visit', 'passed')\n")
    deed(city, f"refuse({name}, '后厨布局不符合要求')\n")
    until(lambda: go(page, home) and page.locator(".things__item--refused").count(), "the refusal shows")
    expect(page.locator(".things__item--refused")).to_contain_text("后厨布局不符合要求")
    page.locator(".things__item--refused").get_by_role("link", name="申请复核").click()
    page.wait_for_url("**/appeal/")
    page.locator("textarea").first.fill("布局已按要求改好，请复核。")
    page.locator("main form").get_by_role("button").last.click()
    page.wait_for_url(f"**/cases/{food}/**")
    deed(city, f"answer({name}, 'appeal', 'reopen', '申请人意见成立')\n")
    until(lambda: go(page, home) and not page.locator(".things__item--refused").count(), "reopened")
    deed(city, f"grant({name})\n")

    until(
        lambda: go(page, home) and page.get_by_role("link", name="下载结果包").count(), "the result pack", 90
    )
    expect(page.locator(".things__item .tag--ok")).to_have_count(4)
