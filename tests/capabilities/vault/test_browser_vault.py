"""A mother on her phone: sees her data, answers the bank, keeps the receipt, withdraws, objects; officers at desks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, speak
from tests.capabilities.live_page import sound as accessible
from tests.capabilities.vault.conftest import World, official

from quancheng.capabilities.vault.models import DataRequest, Objection, ReceiptRow
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.vault import countersign, read_receipt, write_receipt
from quancheng.kernel import events
from quancheng.testing import remembered

pytestmark = MARKS


@pytest.fixture
def base(db: None, settings: Any, tmp_path: Path) -> None:
    """As for other tests; live pages run at the real time."""
    settings.HOME = tmp_path / "home"
    remembered.synced()


def sound(page: Any, path: str = "") -> None:
    """Accessible, and not an error page in good shape."""
    accessible(page, path)
    assert page.get_by_text("HTTP 500").count() == 0, page.url


def countersigned(world: World, used: dict[str, Any]) -> None:
    text = write_receipt(countersign(read_receipt(used["receipt"].encode()), world.key)).decode()
    path = f"/vault/v1/uses/{used['number']}/countersign"
    assert world.program.send("POST", path, {"receipt": text}, "c").status_code == 200


def test_a_mother_answers_on_her_phone(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, world: World, tmp_path: Path
) -> None:
    row = world.asked()
    program = world.program
    with live_page(live_server, monkeypatch, name="李静", person_id=world.mother.pk) as page:
        sound(page, "/me/vault/")
        assert page.get_by_text(world.mother.id_number).count() == 0
        page.screenshot(path=str(tmp_path / "data.png"), full_page=True)
        page.get_by_role("link", name="显示完整内容").click()
        page.get_by_text(world.mother.id_number).wait_for()
        page.get_by_role("link", name="去看看谁要我的数据").click()
        sound(page)
        page.get_by_role("link", name="泉城示范银行").first.click()
        page.wait_for_load_state("networkidle")
        sound(page)
        page.screenshot(path=str(tmp_path / "request.png"), full_page=True)
        page.get_by_role("button", name="授权勾选的数据").click()
        page.get_by_text("请勾选要给的数据").first.wait_for()
        page.get_by_label("姓名").check()
        page.get_by_label("居住地址").check()
        page.get_by_label("一段时间内").check()
        page.get_by_label("授权到什么时候").select_option("7")
        page.get_by_role("button", name="授权勾选的数据").click()
        page.get_by_text("已授权。").first.wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "granted.png"), full_page=True)
        used = program.use(row.number).json()
        assert used["facts"]["name"] == "李静"
        countersigned(world, used)
        sound(page, "/me/vault/uses/")
        page.get_by_text("三方已签").wait_for()
        page.screenshot(path=str(tmp_path / "uses.png"), full_page=True)
        page.get_by_text("泉城示范银行").last.click()
        page.wait_for_load_state("networkidle")
        sound(page)
        page.screenshot(path=str(tmp_path / "use.png"), full_page=True)
        with page.expect_download() as kept:
            page.get_by_role("link", name="下载回执").click()
        receipt = Path(kept.value.path()).read_bytes()
        assert receipt == bytes(ReceiptRow.objects.get(entry__kind="used").data)
        sound(page, "/vault/receipt/")
        page.get_by_label("回执或证明文件的内容").fill(receipt.decode())
        page.get_by_role("button", name="核验").last.click()
        page.get_by_text("回执成立").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "receipt.png"), full_page=True)
        page.get_by_label("回执或证明文件的内容").fill(receipt.decode().replace("住房", "买车"))
        page.get_by_role("button", name="核验").last.click()
        page.get_by_text("签名不成立。").first.wait_for()
        page.goto("/me/vault/requests/?state=live")
        page.get_by_role("link", name="撤回").click()
        sound(page)
        page.screenshot(path=str(tmp_path / "withdraw.png"), full_page=True)
        page.get_by_role("button", name="确认撤回").click()
        page.get_by_text("已撤回：从现在起不能再使用。").wait_for()
        assert program.use(row.number, "use-9").json()["reason"] == "WITHDRAWN"
        page.goto("/me/vault/")
        page.get_by_role("link", name="有误 居住地址").click()
        page.get_by_label("应为").fill("济南市历下区新地址1号")
        page.get_by_label("哪里不对").fill("去年已经搬家")
        sound(page)
        page.get_by_role("button", name="提交异议").click()
        page.locator("main .card").get_by_text("待受理").first.wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "objections.png"), full_page=True)
        speak(page, live_server, "en")
        for path in (
            "/me/vault/?reveal=1",
            "/me/vault/requests/",
            f"/me/vault/requests/{row.number}/",
            "/me/vault/uses/",
        ):
            sound(page, path)
        page.screenshot(path=str(tmp_path / "english.png"), full_page=True)
        page.context.add_cookies([{"name": "qc_elder", "value": "1", "url": live_server.url}])
        speak(page, live_server, "zh-hans")
        for path in (
            "/me/vault/",
            "/me/vault/requests/",
            f"/me/vault/requests/{row.number}/",
            "/me/vault/uses/",
        ):
            sound(page, path)
        page.goto("/me/vault/")
        page.screenshot(path=str(tmp_path / "elder.png"), full_page=True)
    assert DataRequest.objects.get().state.value == "withdrawn"


def test_an_officer_answers_an_objection_and_a_registrar_suspends(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, world: World, tmp_path: Path
) -> None:
    from quancheng.capabilities.vault import actions, queries

    row = world.granted()
    world.program.use(row.number)
    item = queries.item(world.call.actor, "address")
    filed = actions.file_objection(
        world.call, item=item, claimed="济南市历下区新地址1号", said="去年已经搬家"
    )
    grants = official("vault.officer", "vault.registrar", user_id=44).actor.grants
    with live_page(live_server, monkeypatch, *grants, name="刘警官", size=DESK) as page:
        sound(page, "/work/vault/")
        page.screenshot(path=str(tmp_path / "desk.png"), full_page=True)
        page.get_by_text("居住地址").click()
        page.wait_for_load_state("networkidle")
        sound(page)
        page.get_by_label("给当事人的答复").fill("派出所核对户口簿")
        page.get_by_role("button", name="受理，去更正").click()
        page.get_by_text("已办理").first.wait_for()
        page.get_by_label("给当事人的答复").fill("已按户口簿更正")
        page.get_by_role("button", name="已经更正").click()
        page.get_by_text("已更正，告知中").first.wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "objection.png"), full_page=True)
        sound(page, "/work/vault/requests/")
        page.screenshot(path=str(tmp_path / "desk_requests.png"), full_page=True)
        sound(page, "/work/vault/recipients/new/")
        page.get_by_label("代码").first.fill("bank-two")
        page.get_by_label("中文名称").fill("第二银行")
        page.get_by_label("英文名称").fill("Second Bank")
        page.get_by_label("公钥（JWK）").fill("不是公钥")
        page.get_by_role("button", name="登记").last.click()
        page.get_by_text("公钥应为一个 JSON 对象").first.wait_for()
        assert page.get_by_label("中文名称").input_value() == "第二银行"
        sound(page)
        import json

        page.get_by_label("公钥（JWK）").fill(json.dumps(to_jwk(MemoryKey.generate(Algorithm.SM2).public)))
        page.get_by_role("button", name="登记").last.click()
        page.get_by_text("须由另一位登记人员复核").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "recipient.png"), full_page=True)
        page.goto(f"/work/vault/recipients/{world.bank.code}/")
        page.get_by_label("暂停原因").fill("接到投诉")
        page.get_by_role("button", name="暂停使用方").click()
        page.get_by_text("已暂停：").first.wait_for()
        sound(page, "/work/vault/recipients/")
    assert world.program.use(row.number, "use-2").json()["reason"] == "SUSPENDED"
    events.drain(strict=True)
    assert Objection.objects.get(pk=filed.pk).told == [
        "person"
    ]  # the bank is suspended: told when it may hear again
