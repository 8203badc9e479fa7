"""A citizen pays on a phone; an accountant gives money back at a desk. Every page passes axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound
from tests.capabilities.payment.test_paying import begin, call_back, fresh

from quancheng.kernel import jobs
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


def test_an_accountant_gives_some_back(
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    bank: Any,
    city: Any,
    open_order: Any,
    payer: Any,
    tmp_path: Path,
) -> None:
    row = open_order(fen=50_000)
    bank.pay(begin(row, payer()))
    assert call_back(bank) == [200]
    jobs.run_due()
    grant = RoleGrant("payment.accountant", frozenset({city.organs["jn-approval"].pk}))
    with live_page(live_server, monkeypatch, grant, name="周会计", size=DESK) as page:
        sound(page, "/work/payment/")
        page.get_by_text(row.number).click()
        page.get_by_label("退款金额（元）").fill("1,000")
        page.get_by_label("退款理由").fill("多收")
        page.get_by_role("button", name="申请退款").click()
        page.get_by_text("应在 0.01 到 500.00 元之间").first.wait_for()
        assert page.get_by_label("退款理由").input_value() == "多收"
        sound(page)
        page.get_by_label("退款金额（元）").fill("20.5")
        page.get_by_role("button", name="申请退款").click()
        page.get_by_text("退款已登记").wait_for()
        page.screenshot(path=str(tmp_path / "order.png"), full_page=True)
        sound(page, "/work/payment/books/")
        assert page.get_by_text("试算平衡").count() == 1
    assert [one.amount.fen for one in fresh(row).order.refunds] == [2050]


def test_a_citizen_pays_on_a_phone(
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    bank: Any,
    city: Any,
    open_order: Any,
    tmp_path: Path,
) -> None:
    row = open_order()
    with live_page(live_server, monkeypatch, name="李静", person_id=city.people[0].pk) as page:
        sound(page, "/me/payments/")
        page.get_by_text("不动产转移登记").click()
        page.wait_for_load_state("networkidle")
        sound(page)
        page.screenshot(path=str(tmp_path / "pay.png"), full_page=True)
        page.get_by_role("button", name="去缴费").click()
        link = page.get_by_role("link", name="到银行付款")
        link.wait_for()
        sound(page)
        assert link.get_attribute("href") == f"{bank.url.removesuffix('/gateway')}/pay/{row.number}-A1"
        link.click()
        page.get_by_role("button", name="确认付款 Pay").wait_for()
        bank.pay(f"{row.number}-A1")
        assert call_back(bank) == [200]
        sound(page, f"/me/payments/{row.number}/")
        page.screenshot(path=str(tmp_path / "paid.png"), full_page=True)
        receipt = page.get_by_role("link", name="非税收入电子票据")
        answer = page.request.get(live_server.url + str(receipt.get_attribute("href")))
        assert answer.status == 200
        assert answer.body().startswith(b"%PDF")
