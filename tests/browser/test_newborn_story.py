"""A child is born: the mother does the one thing on a phone, the offices do theirs, the pack comes down."""

from __future__ import annotations

import io
import re
import zipfile

from playwright.sync_api import Page, expect

from tests.browser.offices import approve, today
from tests.browser.tools import DESK, PHONE, Visit, axe, go, path_of, settled, sideways, until


def forward(page: Page) -> None:
    """Press on to the next small page."""
    before = path_of(page)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url(lambda url: not url.endswith(before))
    settled(page)


def without_draft(page: Page, code: str) -> None:
    """Throw away what an earlier, broken-off run left."""
    go(page, f"/onethings/{code}/")
    drop = page.get_by_role("button", name="删除草稿")
    if drop.count():
        drop.click()
        page.wait_for_url("**/onethings/")


def receipts(page: Page) -> dict[str, str]:
    """Item → receipt of its case, as the picture shows them."""
    found = {}
    for card in page.locator(".things__item").all():
        link = card.locator("a.mono")
        found[card.locator("strong").inner_text()] = link.inner_text() if link.count() else ""
    return found


def test_newborn_from_one_form_to_the_pack(visit: Visit, city) -> None:
    page = visit("citizen-young", PHONE)
    without_draft(page, "newborn")

    # found by search, explained by the guide
    go(page, "/onethings/")
    page.get_by_role("searchbox").fill("生孩子")
    page.get_by_role("button", name="搜索").click()
    page.wait_for_url("**/onethings/?q=*")
    page.get_by_role("link", name=re.compile("新生儿出生")).first.click()
    page.wait_for_url("**/onethings/newborn/")
    expect(page.locator("main")).to_contain_text("出生户口登记")
    assert not sideways(page)
    assert not axe(page)
    page.get_by_role("link", name=re.compile("开始办理")).click()
    page.wait_for_url("**/newborn/apply/")

    # one questionnaire chooses the items; a question that comes up is asked without a scolding
    page.get_by_label("母亲", exact=True).check()
    page.get_by_label("还没有，一起办").check()
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("登记", exact=True).check()
    forward(page)
    for legend in ("给孩子上户口吗", "建预防接种档案吗", "参加居民医保吗", "办社会保障卡吗"):
        group = page.locator("fieldset", has=page.locator("legend", has_text=legend))
        if not group.count():
            page.get_by_role("button", name="下一步").click()
            settled(page)
        group.get_by_label("要办").check()
    assert not axe(page)
    forward(page)

    # each department asks apart; without a yes or no there is no going on
    page.get_by_role("button", name="下一步").click()
    expect(page.locator(".notice--bad")).to_contain_text("同意或不同意")
    for one in page.get_by_label("同意", exact=True).all():
        one.check()
    assert not axe(page)
    assert not sideways(page)
    forward(page)

    # facts: once, and what is known is there already
    page.get_by_label("孩子姓名").fill("张小泉")
    page.get_by_label("女", exact=True).check()
    page.get_by_label("孩子出生日期").fill(today().isoformat())
    page.get_by_label("孩子出生时间").fill("08:30")
    page.get_by_label("出生医院").fill("济南市妇幼保健院")
    forward(page)
    expect(page.get_by_label("母亲姓名")).to_have_value("李静")
    expect(page.locator("main")).to_contain_text("人口基础库")
    page.get_by_label("父亲姓名").fill("张伟")
    page.get_by_label("父亲身份证号").fill("370102199003071238")
    forward(page)
    expect(page.get_by_role("textbox", name="落户地址")).to_have_value(re.compile("龙洞街道"))
    page.get_by_label("随母亲").check()
    page.get_by_label("只要电子卡").check()
    assert not axe(page)
    forward(page)

    # check and hand in
    expect(page.locator("main")).to_contain_text("370102********1238")
    page.get_by_role("button", name="提交这件事").click()
    expect(page.locator("#error-summary")).to_contain_text("请确认")
    page.get_by_label("我确认所填内容真实").check()
    page.get_by_role("button", name="提交这件事").click()
    page.wait_for_url("**/onethings/b/*/?new=1")
    expect(page.locator(".result__number")).to_have_text(re.compile(r"^YJ\d{17}[\dX]$"))
    receipt = page.locator(".result__number").inner_text()
    home = f"/onethings/b/{receipt}/"
    assert not axe(page)
    assert not sideways(page)

    # the offices: in order, and side by side
    mine = receipts(page)
    assert mine["出生医学证明签发"] and not mine["出生户口登记"]
    approve(city, mine["出生医学证明签发"])
    until(lambda: go(page, home) and receipts(page)["出生户口登记"], "household follows the certificate")
    mine = receipts(page)
    vaccination = next(name for name in mine if "接种" in name)
    assert mine[vaccination], "side by side with the household"
    approve(city, mine["出生户口登记"])
    approve(city, mine[vaccination])
    insurance = next(name for name in mine if "医保" in name)
    card = next(name for name in mine if "社会保障卡" in name or "社保卡" in name)
    until(lambda: go(page, home) and receipts(page)[insurance], "insurance follows the household")
    expect(page.locator("main")).to_contain_text(re.compile(r"370102\*{8}\d{3}[\dX]"))
    approve(city, receipts(page)[insurance])
    until(lambda: go(page, home) and receipts(page)[card], "the card follows the insurance")
    approve(city, receipts(page)[card])

    # one pack with everything
    until(
        lambda: go(page, home) and page.get_by_role("link", name="下载结果包").count(), "the result pack", 90
    )
    expect(page.locator(".things__item .tag--ok")).to_have_count(5)
    with page.expect_download() as held:
        page.get_by_role("link", name="下载结果包").click()
    pack = zipfile.ZipFile(io.BytesIO(held.value.path().read_bytes()))
    assert pack.namelist()[0] == "00-结果清单.pdf"
    assert sum("准予决定书" in name for name in pack.namelist()) == 5
    go(page, "/messages/")
    expect(page.locator("main")).to_contain_text("结果包已备好")

    # the manager sees it at the desk
    desk = visit("clerk-manager", DESK)
    go(desk, f"/work/onethings/?q={receipt}")
    expect(desk.locator("main")).to_contain_text("全部办完")
    assert not axe(desk)
    desk.get_by_role("link", name=receipt).click()
    desk.wait_for_url(f"**/work/onethings/{receipt}/")
    expect(desk.locator(".things__item")).to_have_count(5)
    assert not axe(desk)
