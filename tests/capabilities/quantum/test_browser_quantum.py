"""An operator opens a link, sees it fall back and come back; an official's phone reads over it. Every page passes axe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound, speak
from tests.capabilities.quantum.world import THEIRS, Kmes, Process, wait

from quancheng.capabilities.quantum import actions, tasks
from quancheng.capabilities.quantum.models import Link
from quancheng.core.keys import to_jwk
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, RoleGrant

pytestmark = MARKS


def test_an_operator_registers_opens_and_watches_a_link(
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    neighbour: Process,
    far: Kmes,
    office: SimpleNamespace,
    tmp_path: Path,
) -> None:
    grant = RoleGrant("quantum.operator", frozenset({office.data.pk}))
    with live_page(live_server, monkeypatch, grant, name="量子值班员", size=DESK) as page:
        sound(page, "/sec/quantum/")
        page.get_by_role("link", name="登记链路").click()
        page.get_by_text("还没有登记对端").wait_for()
        sound(page)
        page.get_by_role("link", name="登记对端").last.click()
        page.get_by_label("节点编码").fill("qingdao")
        page.get_by_label("节点名称").fill("青岛市节点")
        page.get_by_label("英文名称").fill("Node of Qingdao")
        page.get_by_label("身份公钥（JWK）").fill("not a key")
        page.get_by_role("button", name="登记").click()
        page.get_by_text("请粘贴对端给出的 JWK 全文").first.wait_for()
        assert page.get_by_label("节点名称").input_value() == "青岛市节点"
        sound(page)
        page.get_by_label("身份公钥（JWK）").fill(json.dumps(to_jwk(THEIRS.public)))
        page.get_by_role("button", name="登记").click()
        page.get_by_label("链路编码").fill("jn-qd")
        page.get_by_label("链路名称").fill("济南—青岛政务链路")
        page.get_by_label("英文名称").fill("Jinan–Qingdao government link")
        page.get_by_label("对端地址（主机:端口）").fill("nowhere")
        page.get_by_label("密钥管理机地址").fill(f"https://127.0.0.1:{far.ports[0]}")
        page.get_by_label("本端应用标识").fill("jinan")
        page.get_by_label("对端应用标识").fill("qingdao")
        page.get_by_role("button", name="登记").click()
        page.get_by_text("请写成 主机:端口").first.wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "new-link.png"), full_page=True)
        page.get_by_label("对端地址（主机:端口）").fill(f"127.0.0.1:{neighbour.first['port']}")
        page.get_by_role("button", name="登记").click()
        page.get_by_role("button", name="建立链路").click()
        page.get_by_text("链路已按全强度建立").wait_for()
        assert Link.objects.get().strength == "FULL"
        sound(page)

        far.command(eve=1.0)
        client = far.client()
        far.drain()
        wait(lambda: client.status().extension["rounds"][-1]["outcome"] == "TOO_NOISY")
        far.drain()
        tasks.watch()
        page.get_by_role("button", name="立即换密钥").click()
        page.get_by_text("量子密钥已用尽").first.wait_for()
        page.get_by_text("可能有人窃听").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "alarm.png"), full_page=True)
        page.locator("#qber").scroll_into_view_if_needed()
        page.mouse.wheel(0, 400)
        page.locator(".island canvas, .island svg.chart, [data-island] canvas").first.wait_for()
        page.wait_for_timeout(500)
        page.screenshot(path=str(tmp_path / "curve.png"))
        far.command(eve=0)
        far.filled()
        tasks.watch()
        page.get_by_role("button", name="立即换密钥").click()
        page.get_by_text("已按全强度换密钥").wait_for()
        page.get_by_role("button", name="停用量子密钥").click()
        page.get_by_text("请填写理由").first.wait_for()
        sound(page)
        page.get_by_label("理由").fill("线路检修")
        page.get_by_role("button", name="停用量子密钥").click()
        page.get_by_text("人工停用量子密钥").first.wait_for()
        sound(page, "/sec/quantum/?state=FALLBACK")
        page.screenshot(path=str(tmp_path / "links.png"), full_page=True)
        sound(page, "/sec/quantum/events/?kind=ALARM")
        assert page.get_by_role("cell", name="误码告警").count() == 1
        sound(page, "/sec/quantum/events/")
        page.screenshot(path=str(tmp_path / "events.png"), full_page=True)
        sound(page, "/sec/quantum/storage/")
        page.get_by_role("button", name="更换主密钥").click()
        page.get_by_text("主密钥已更换").wait_for()
        sound(page)
        page.screenshot(path=str(tmp_path / "storage.png"), full_page=True)
        speak(page, live_server, "en")
        sound(page, "/sec/quantum/links/jn-qd/")
        page.get_by_text("Error rate over time").first.wait_for()
        page.screenshot(path=str(tmp_path / "link-en.png"), full_page=True)


def test_an_official_reads_on_a_phone_and_sees_what_protects_it(
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    neighbour: Process,
    far: Kmes,
    office: SimpleNamespace,
    make_link: Callable[..., Link],
    actor: Callable[..., Actor],
    tmp_path: Path,
) -> None:
    make_link(neighbour.first["port"])
    actions.open_link(Call(actor()), code="jn-qd")
    actions.store_document(
        Call(actor("reader")),
        number="dsj-31",
        title="割接值班安排",
        text="零时至四时",
        department_id=office.data.pk,
    )
    grant = RoleGrant("quantum.reader", frozenset({office.data.pk}))
    with live_page(live_server, monkeypatch, grant, name="移动办公") as page:
        sound(page, "/work/quantum/")
        page.get_by_text("本通道为全强度").wait_for()
        page.screenshot(path=str(tmp_path / "office.png"), full_page=True)
        page.get_by_text("省会经济圈应急联动会商纪要").click()
        page.get_by_text("共享雨情水情").wait_for()
        sound(page)
        page.goto("/work/quantum/store/")
        page.get_by_label("文号").fill("割接")
        page.get_by_label("文档标题").fill("备份演练")
        page.get_by_label("正文").fill("异地恢复成功")
        page.get_by_role("button", name="存入加密文档").click()
        page.locator(".field__error, .error-summary a").first.wait_for()
        assert page.get_by_label("正文").input_value() == "异地恢复成功"
        sound(page)
        page.get_by_label("文号").fill("dsj-31")
        page.get_by_role("button", name="存入加密文档").click()
        page.get_by_text("已存在").first.wait_for()
        page.get_by_label("文号").fill("dsj-32")
        page.get_by_role("button", name="存入加密文档").click()
        page.get_by_text("已加密存入").wait_for()
        page.get_by_text("备份演练").wait_for()
        far.command(intact=False)
        far.drain()
        actions.rekey_link(Call(actor()), code="jn-qd")
        sound(page, "/work/quantum/?q=dsj-31")
        page.get_by_text("本通道已降级").wait_for()
        page.screenshot(path=str(tmp_path / "office-fallback.png"), full_page=True)
        page.get_by_role("button", name="打开").click()
        page.get_by_text("零时至四时").wait_for()
        sound(page)
        neighbour.kill()
        sound(page, "/work/quantum/")
        page.get_by_text("内容没有以明文发出").wait_for()
        page.screenshot(path=str(tmp_path / "office-down.png"), full_page=True)
        page.goto("/sec/quantum/")
        page.get_by_text("您没有办理此事的权限").first.wait_for()
