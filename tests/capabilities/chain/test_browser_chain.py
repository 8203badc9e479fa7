"""A supervisor looks at scenes and members and takes a city in; a stranger checks a proof. Every page passes axe."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound

from quancheng.capabilities.chain import actions, queries, tasks
from quancheng.capabilities.chain.city_peer import City
from quancheng.capabilities.chain.models import AnchorTx, Member
from quancheng.core.anchor import Outcome
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import RoleGrant
from quancheng.kernel.models import writing

pytestmark = MARKS
SYSTEM = Call.system("chain", simulated=True)


def test_a_supervisor_watches_the_chain(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: Any, cities: Any, tmp_path: Path
) -> None:
    cities("zibo")
    cities("taian", "--clock", "3600")
    for n in range(3):
        digest = hashlib.sha256(b"%d" % n).digest()
        actions.append(SYSTEM, scene="vault-use", reference=f"U-{n}", digest=digest)
    tasks.head()
    with live_page(live_server, monkeypatch, RoleGrant("chain.supervisor"), name="链监管", size=DESK) as page:
        sound(page, "/sec/chain/")
        assert page.get_by_text("时钟不可信").count() == 1
        page.screenshot(path=str(tmp_path / "overview.png"), full_page=True)
        page.get_by_label("上链场景名称").fill("个人数据")
        page.get_by_role("button", name="筛选").click()
        page.wait_for_url("**q=*")
        assert page.locator("tbody tr").first.inner_text().startswith("个人")
        sound(page, "/sec/chain/entries/?scene=vault-use")
        assert page.get_by_text("U-2").count() == 1
        sound(page, "/sec/chain/members/")
        told = City("dezhou").introduction("http://127.0.0.1:1")
        page.get_by_label("标识").fill("dezhou")
        page.get_by_label("中文名称").fill("德州")
        page.get_by_label("英文名称").fill("Dezhou")
        page.get_by_label("节点地址").fill(told["url"])
        page.get_by_label("日志公钥").fill(told["witness_key"])
        page.get_by_label("见证公钥").fill(told["witness_key"])
        page.get_by_role("button", name="接纳").click()
        page.get_by_text("不可混用").first.wait_for()
        assert page.get_by_label("标识").input_value() == "dezhou"
        page.get_by_label("日志公钥").fill(told["log_key"])
        page.get_by_role("button", name="接纳").click()
        page.get_by_text("已接纳").wait_for()
        page.screenshot(path=str(tmp_path / "members.png"), full_page=True)
        sound(page, "/sec/chain/forks/")
    assert Member.objects.filter(name="dezhou").exists()


def test_a_stranger_checks_a_proof_on_a_phone(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: Any, tmp_path: Path
) -> None:
    actions.append(SYSTEM, scene="vault-use", reference="U", digest=bytes(32))
    tasks.head()
    text = base64.b64encode(queries.proof_of("", 0).bundle).decode()
    with live_page(live_server, monkeypatch) as page:
        sound(page, "/open/chain/verify/")
        page.get_by_label("证明（base64）").fill("AAAA")
        page.get_by_role("button", name="查验").click()
        page.get_by_text("证明不成立").first.wait_for()
        page.get_by_label("证明（base64）").fill(text)
        page.get_by_role("button", name="查验").click()
        page.get_by_text("证明成立").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "verify.png"), full_page=True)


def test_a_supervisor_sees_how_high_the_log_is_anchored_and_what_is_late(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: Any, cities: Any, tmp_path: Path
) -> None:
    cities("zibo")
    for n in range(2):
        digest = hashlib.sha256(b"%d" % n).digest()
        actions.append(SYSTEM, scene="vault-grant", reference=f"R{n}-1", digest=digest)
    tasks.head()
    engine = "31337-0a1b2c3d:0x5fbdb2315678afecb367f032d93f642f64180aa3"
    with clock.at(clock.now() - timedelta(hours=2)):
        actions.note_engine(Call.system("chain"), engine=engine, deployed=True)
    actions.queue_anchors(SYSTEM, engine=engine)
    *first, last = AnchorTx.objects.filter(state="waiting").order_by("pk")
    actions.settle_anchors(SYSTEM, done=[(one, Outcome("0x1", 12, 45_000, True)) for one in (first[0], last)], refused=[])  # fmt: skip
    with writing("test"):
        AnchorTx.objects.filter(state="waiting").update(due_at=clock.now() - timedelta(hours=1))
    with live_page(live_server, monkeypatch, RoleGrant("chain.supervisor"), name="链监管", size=DESK) as page:
        sound(page, "/sec/chain/")
        assert page.get_by_text("1 笔锚定迟到").count() == 1
        shown = page.get_by_role("region", name="联盟链合约").inner_text()
        assert engine in shown and "12" in shown
        page.screenshot(path=str(tmp_path / "anchor.png"), full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        sound(page, "/sec/chain/")
        page.screenshot(path=str(tmp_path / "anchor-phone.png"), full_page=True)
