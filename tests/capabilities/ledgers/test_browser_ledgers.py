"""Ledgers in Chromium: filled on a phone without a network, a conflict decided; axe finds nothing."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.capabilities.ledgers.conftest import STREET, draft, id_number
from tests.capabilities.live_page import DESK, MARKS, PHONE, live_page, sound, speak

from quancheng.capabilities.ledgers import actions
from quancheng.capabilities.ledgers.models import Book, Difference, Returned, Row
from quancheng.capabilities.people.models import Department, User
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import RoleGrant
from quancheng.kernel.models import writing

pytestmark = MARKS
SHOTS = os.environ.get("QUANCHENG_SHOTS", "")
"""A folder for pictures of the pages, to be looked at."""


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_worker_fills_without_a_network(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, book: Book, staff: SimpleNamespace
) -> None:
    with live_page(
        live_server, monkeypatch, RoleGrant("ledgers.worker", frozenset(), STREET), name="李明", size=PHONE
    ) as page:
        me = User.objects.get(username="李明")
        with writing("tests"):
            Row.objects.filter(book=book).update(assignee_id=me.pk)
        sound(page, "/work/ledgers/collect/")
        page.goto(f"/work/ledgers/collect/{book.code}/")
        page.get_by_role("link", name="王秀一").wait_for()
        sound(page)
        shot(page, "phone-list")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)

        page.reload()
        page.get_by_text("没有网络").first.wait_for()
        page.get_by_role("link", name="王秀一").click()
        page.get_by_label("是否健在").wait_for()
        sound(page)
        page.get_by_role("button", name="保存", exact=True).click()
        page.locator(".field__error").wait_for()
        page.get_by_label("是否健在").select_option("健在")
        page.get_by_label("手机号").fill("13900000007")
        shot(page, "phone-form")
        page.get_by_role("button", name="保存", exact=True).click()
        page.locator("[data-waiting='1']").wait_for()
        page.get_by_role("button", name="新增一行").click()
        page.get_by_label("身份证号").fill(id_number(70))
        page.get_by_label("姓名").fill("赵桂兰")
        page.get_by_label("是否健在").select_option("健在")
        page.get_by_role("button", name="保存", exact=True).click()
        page.locator("[data-waiting='2']").wait_for()
        page.reload()
        page.locator("[data-waiting='2']").wait_for()
        shot(page, "phone-offline")
        row = book.rows.get(number=1)
        assert row.state == "todo"
        actions.save_row(
            Call(staff.clerk),
            row=row.pk,
            base_revision=1,
            cells={"手机号": "13900000008", "走访备注": "街道记"},
            done=False,
        )

        page.context.set_offline(False)
        page.goto(f"/work/ledgers/collect/{book.code}/")
        page.get_by_text("冲突").first.wait_for()
        page.locator("[data-waiting='0']").wait_for()
        assert book.rows.filter(standing="added").get().cells["姓名"] == "赵桂兰"
        page.get_by_role("link", name="王秀一").click()
        page.get_by_text("请逐项选定").wait_for()
        sound(page)
        shot(page, "phone-conflict")
        page.get_by_label("我填的").check()
        page.get_by_role("button", name="按选定的保存").click()
        page.get_by_text("已发送").wait_for()
        cells = row.refresh().cells
        assert (cells["手机号"], cells["走访备注"], cells["是否健在"]) == ("13900000007", "街道记", "健在")


def test_the_desk_is_sound(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, book: Book, staff: SimpleNamespace, returned: Returned
) -> None:
    row = book.rows.get(number=1)
    actions.save_row(
        Call(staff.worker), row=row.pk, base_revision=1, cells={"是否健在": "健在", "手机号": "13900000001"}
    )
    actions.save_row(
        Call(staff.clerk), row=row.pk, base_revision=1, cells={"手机号": "13900000002"}, done=False
    )
    actions.send_differences(Call(staff.clerk), book=book.pk)
    office = frozenset(
        Department.objects.filter(code__in=["jn-st-370102001", "jn-civil"]).values_list("pk", flat=True)
    )
    grants = [RoleGrant(f"ledgers.{one}", office, STREET) for one in ("clerk", "source", "approver")]
    with live_page(live_server, monkeypatch, *grants, name="赵敏", size=DESK) as page:
        made = draft(
            staff.clerk,
            columns=[{"name": "姓名"}, {"name": "联系电话", "kind": "phone"}],
            base=None,
            key_column="",
        )
        actions.check_book(Call(staff.clerk), book=made.pk)
        paths = {
            "new": "/work/ledgers/new/", "design": f"/work/ledgers/{made.code}/design/",
            "book": f"/work/ledgers/{book.code}/", "rows": f"/work/ledgers/{book.code}/rows/",
            "conflicts": f"/work/ledgers/{book.code}/conflicts/", "burden": "/work/ledgers/burden/",
            "returned": f"/work/returns/{returned.pk}/", "difference": f"/work/differences/{Difference.objects.get().pk}/",
        }  # fmt: skip
        for name, path in paths.items():
            sound(page, path)
            shot(page, name)
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        speak(page, live_server, "en")
        for name in ("design", "rows", "returned"):
            sound(page, paths[name])
            shot(page, f"{name}-phone-en")
