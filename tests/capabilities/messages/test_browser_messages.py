"""Reading messages on a phone; axe finds nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.capabilities.services.browser import MARKS, PHONE, clean

from quancheng.capabilities.messages import simulate
from quancheng.capabilities.messages.models import Message

pytestmark = MARKS


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_read_messages(window, user, language):
    simulate.seed(SimpleNamespace(), None)
    page = window("citizen-elder", PHONE, language)
    clean(page, "/messages/")
    assert page.locator("main li .list__item").count() == 1
    page.click("main form[action$='/read-all/'] button")
    page.wait_for_load_state()
    clean(page, "/messages/?unread=1")
    assert not Message.objects.filter(person=user("citizen-elder").person, read_at=None).exists()
