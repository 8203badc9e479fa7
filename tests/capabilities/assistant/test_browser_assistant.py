"""The desk in Chromium: the list, a case with its picture and boxes, an override with a reason; axe finds nothing."""

from __future__ import annotations

import pytest
from tests.capabilities.assistant.test_story import apply, officer_grant  # noqa: F401  a fixture
from tests.capabilities.services.browser import DESK, MARKS, PHONE, clean

from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.kernel import jobs

pytestmark = MARKS


@pytest.mark.parametrize(("language", "size"), [("zh-hans", DESK), ("en", PHONE)])
def test_look_and_override(drawn, window, apply, settle, user, language, size):  # noqa: F811
    case = apply(whose="郭浩然")
    settle()
    jobs.run_due()
    officer_grant(user("clerk-civil"), case)
    page = window("clerk-civil", size, language)
    clean(page, "/work/assistant/")
    page.click(f"a[href='/work/assistant/{case.receipt}/']")
    page.wait_for_selector("svg[role=img] image")
    clean(page)
    boxes = page.locator(".assistant__box rect")
    assert boxes.count() >= 6
    picture = page.locator(".assistant__picture svg").bounding_box()
    for number in range(boxes.count()):
        box = boxes.nth(number).bounding_box()
        assert picture["x"] - 2 <= box["x"]
        assert box["x"] + box["width"] <= picture["x"] + picture["width"] + 2
    assert page.evaluate(
        "[...document.querySelectorAll('.assistant__cut')].every(one => one.naturalWidth > 0 || !one.complete)"
    )
    point = ReviewPoint.objects.get(key="owner")
    card = page.locator(f"#p{point.pk}")
    card.locator("summary").click()
    clean(page)
    card.locator("button[value=pass]").click()
    page.wait_for_selector(".notice--bad")
    clean(page)
    card.locator("input[name=reason]").fill("夫妻共有，已核对户口簿")
    card.locator("button[value=pass]").click()
    page.wait_for_selector(f"#p{point.pk} >> text=夫妻共有")
    clean(page)
    point.refresh_from_db()
    assert (point.decided, point.outcome) == ("pass", "fail")
    assert Reading.objects.get().case.state == "submitted"
    clean(page, "/work/assistant/")
