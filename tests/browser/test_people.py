"""User centre and desk of people: contact changed with a mistake explained, a look-up with its purpose."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.tools import DESK, PHONE, Visit, axe, go

ADDRESS = "解放桥社区3号楼"


def test_contact_is_changed_and_a_mistake_is_explained(visit: Visit) -> None:
    page = visit("developer", PHONE)
    go(page, "/me/contact/")
    page.fill("input[name=phone]", "12")
    page.locator("form.form button.btn").click()
    expect(page.locator(".errors")).to_contain_text("11")
    assert not axe(page)
    page.fill("input[name=phone]", "13812345678")
    page.locator("form.form button.btn").click()
    page.wait_for_url("**/me/")
    expect(page.locator("main")).to_contain_text("138****5678")


def test_a_clerk_finds_a_person_and_states_the_purpose(visit: Visit) -> None:
    page = visit("clerk-civil", DESK)
    go(page, "/work/people/?name=王秀英&age_from=67&age_to=67")
    page.locator("main table a").first.click()
    page.wait_for_url(re.compile(r"/work/people/\d+/$"))
    expect(page.locator("main")).not_to_contain_text(ADDRESS)
    page.fill("input[name=purpose]", "老年卡审核")
    page.locator("form.form button.btn").click()
    expect(page.locator("main")).to_contain_text(ADDRESS)
    assert not axe(page)
