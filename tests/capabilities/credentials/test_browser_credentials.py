"""A mother takes a licence into her wallet on a phone; a clerk asks for one fact at a desk. Every page passes axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound

from quancheng.capabilities.credentials.models import Offer, Question
from quancheng.capabilities.people.queries import department
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


def test_a_mother_takes_a_licence(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, licence: Any, tmp_path: Path
) -> None:
    with live_page(live_server, monkeypatch, name="李静", person_id=licence.person_id) as page:
        sound(page, "/wallet/credentials/")
        page.get_by_role("button", name="领取到钱包").first.click()
        page.get_by_text("在钱包里输入领取口令").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "take.png"), full_page=True)
    assert Offer.objects.count() == 1


def test_a_clerk_asks_for_one_fact(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, licence: Any, tmp_path: Path
) -> None:
    grant = RoleGrant("credentials.verifier", frozenset({department("jn-civil").pk}))
    with live_page(live_server, monkeypatch, grant, name="查验员", size=DESK) as page:
        sound(page, "/work/credentials/")
        page.get_by_role("link", name="社会保障卡", exact=True).first.click()
        page.get_by_role("button", name="生成出示请求").click()
        page.get_by_role("alert").first.wait_for()
        page.get_by_label("用途").fill("核对参保人身份")
        page.get_by_label("姓名", exact=True).first.check()
        sound(page)
        page.get_by_role("button", name="生成出示请求").click()
        page.get_by_text("请对方用钱包扫码").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "question.png"), full_page=True)
    assert Question.objects.get().claims == ["name"]
