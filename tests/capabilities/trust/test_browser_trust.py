"""The wallet, a card and the public check in Chromium; axe finds nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.capabilities.services.browser import MARKS, PHONE, clean

from quancheng.capabilities.trust import simulate
from quancheng.capabilities.trust.models import Licence

pytestmark = MARKS


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_show_and_verify(window, user, language):
    simulate.seed(SimpleNamespace(), None)
    card = Licence.objects.get(person=user("citizen-elder").person)
    page = window("citizen-elder", PHONE, language)
    clean(page, "/wallet/")
    page.click(f"a[href='/wallet/{card.number}/']")
    clean(page)
    assert page.locator(".qr svg").bounding_box()["width"] > 120
    page.click("a[href*='reveal=1']")
    page.wait_for_url("**reveal=1")
    assert card.items["resident_id"] in page.content()
    clean(page, "/verify/")
    page.fill("#code", card.code)
    page.click("form.form button.btn")
    page.wait_for_selector(".notice--ok")
    clean(page)
