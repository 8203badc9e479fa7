"""A citizen applies on a phone, an official decides at the desk; every page passes axe in both languages."""

from __future__ import annotations

import pytest
from tests.capabilities.services.browser import DESK, MARKS, PHONE, clean
from tests.capabilities.services.conftest import picture

from quancheng.capabilities.services.models import Case

pytestmark = MARKS


def test_apply_and_decide(window, settle):
    citizen = window("citizen-elder")
    citizen.goto("/matters/")
    citizen.fill("#matter-search", "老年证")
    citizen.press("#matter-search", "Enter")
    citizen.click("a.list__item")
    citizen.wait_for_url("**/matters/senior-card/")
    clean(citizen)
    citizen.click("a.btn[href$='/apply/']")
    clean(citizen)
    citizen.click("form.form button.btn:not([name=save])")
    citizen.wait_for_selector("#error-summary")
    clean(citizen)
    citizen.check("input[name=delivery]")
    citizen.check("input[name=truthful]")
    citizen.set_input_files(
        "input[name=file_photo]", {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    citizen.wait_for_selector("img.preview:not([hidden])")
    citizen.click("form.form button.btn:not([name=save])")
    citizen.wait_for_url("**/check/")
    clean(citizen)
    citizen.click("form.form button.btn")
    citizen.wait_for_url("**/cases/**")
    clean(citizen)
    case = Case.objects.get()
    assert case.receipt in citizen.content()

    clerk = window("clerk-civil", DESK)
    clean(clerk, "/work/cases/")
    clerk.click(f"a[href='/work/cases/{case.receipt}/']")
    clean(clerk)
    clerk.click("summary:has-text('决定不予办理')")
    clerk.click("form[action$='/refuse/'] button")
    clerk.wait_for_selector("#error-summary")
    clean(clerk)
    clerk.click("summary:has-text('准予')")
    clerk.check("input[name=approve-judged]")
    clerk.click("form[action$='/approve/'] button")
    clerk.wait_for_selector(".notice--ok")
    settle()
    case.refresh_from_db()
    assert case.state == "completed"
    citizen.goto(f"/cases/{case.receipt}/")
    clean(citizen)
    citizen.click("a.btn[href^='/wallet/']")
    clean(citizen)
    clean(citizen, "/messages/")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible(window, language):
    citizen = window("citizen-young", PHONE, language)
    for path in (
        "/matters/",
        "/matters/?q=zzzz",
        "/matters/zone/elder/",
        "/matters/senior-card/",
        "/matters/water-abstraction/",
        "/matters/residence-permit/apply/",
        "/cases/",
    ):
        clean(citizen, path)
    clerk = window("clerk-manager", DESK, language)
    for path in ("/work/cases/", "/work/cases/?state=done"):
        clean(clerk, path)
