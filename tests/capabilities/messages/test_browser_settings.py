"""A citizen confirms a phone on a phone; an operator sees the delivery. Every page passes axe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound

from quancheng.capabilities.messages.models import Delivery
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


def test_a_phone_is_confirmed(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, citizen: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUANCHENG_SMS_URL", "cmpp://901234:secret@127.0.0.1:9?number=10690000&sign=泉城")
    with live_page(live_server, monkeypatch, name="王秀英", person_id=citizen().person_id) as page:
        sound(page, "/messages/settings/")
        page.get_by_label("手机号").fill("138")
        page.get_by_role("button", name="获取验证码").first.click()
        page.get_by_text("请填 11 位手机号").first.wait_for()
        sound(page)
        page.get_by_label("手机号").fill("13800138000")
        page.get_by_role("button", name="获取验证码").first.click()
        page.get_by_text("验证码已发到").wait_for()
        sound(page)
        found = re.search(r"\d{6}", Delivery.objects.get().text)
        assert found is not None
        page.get_by_label("验证码").fill(found[0])
        page.get_by_role("button", name="确认").click()
        page.get_by_text("138****8000").wait_for()
        page.screenshot(path=str(tmp_path / "settings.png"), full_page=True)


def test_an_operator_sees_what_waits(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, citizen: Any, tmp_path: Path
) -> None:
    from quancheng.capabilities.messages import actions
    from quancheng.kernel.actions import Call

    monkeypatch.setenv("QUANCHENG_SMS_URL", "cmpp://901234:secret@127.0.0.1:9?number=10690000&sign=泉城")
    actions.ask_code(Call(citizen()), channel="sms", address="13800138000")
    with live_page(live_server, monkeypatch, RoleGrant("messages.operator"), name="运维", size=DESK) as page:
        sound(page, "/work/messages/")
        assert page.get_by_text("138****8000").count() == 1
        page.screenshot(path=str(tmp_path / "monitor.png"), full_page=True)
        page.get_by_role("button", name="取消发送").click()
        page.get_by_text("已处理。").wait_for()
    assert Delivery.objects.get().state == "cancelled"
