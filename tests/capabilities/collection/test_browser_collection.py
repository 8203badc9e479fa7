"""A held delivery in Chromium: seen in the list, decided on its page; a feed's columns agreed; axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.capabilities.collection.conftest import csv_of, row
from tests.capabilities.live_page import DESK, MARKS, PHONE, live_page, sound

from quancheng.capabilities.collection.models import Run
from quancheng.kernel import jobs
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS
SHOTS = os.environ.get("QUANCHENG_SHOTS", "")


def shot(page: Page, name: str) -> None:
    """A picture for looking at, where somebody asks for it."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/collection-{name}.png", full_page=True)


@pytest.fixture
def page(live_server: Any, organs: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    grant = RoleGrant("collection.officer", frozenset({organs["jn-civil"].pk}))
    with live_page(live_server, monkeypatch, grant, name="officer", size=DESK) as one:
        yield one


def test_a_held_delivery_is_decided(page: Page, feed: Any, deliver: Any) -> None:
    deliver(csv_of(*[row(n) for n in range(30)]))
    held = deliver(
        csv_of(*[row(n) for n in range(8)], row(9, day="待定"), head="编号,姓名,身份证号,登记时间,补贴")
    )
    page.goto("/work/collection/")
    page.wait_for_selector("text=老年人名册")
    sound(page)
    shot(page, "list")
    sound(page, held.get_absolute_url())
    shot(page, "run")
    page.check("input[value=map]")
    page.fill("[name=reason]", "来源系统升级，列名改变")
    page.click("text=决定 >> nth=-1")
    page.wait_for_load_state("networkidle")
    jobs.run_due()
    page.goto(held.get_absolute_url())
    page.wait_for_selector("text=来源系统升级")
    assert Run.objects.get(pk=held.pk).state == "held"  # now the deletions wait
    sound(page)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    sound(page)
    shot(page, "run-phone")
    for path in (
        "/work/collection/",
        "/work/collection/runs/",
        "/work/collection/elders/",
        "/work/collection/elders/lineage/",
    ):
        sound(page, path)
        shot(page, "phone" + path.replace("/", "-"))


def test_columns_are_agreed_from_a_sample(page: Page, feed: Any) -> None:
    for path in (
        "/work/collection/new/",
        "/work/collection/new/?connector=http",
        "/work/collection/addresses/",
        "/work/collection/rates/",
    ):
        sound(page, path)
        shot(page, path.strip("/").replace("/", "-").replace("?", "-"))
    page.goto("/work/collection/elders/columns/")
    content = "编号,姓名,身份证号,登记日期,补贴,年限\n" + "\n".join(row(n) + f",{n}" for n in range(20))
    page.set_input_files(
        "[name=sample]", {"name": "样例.csv", "mimeType": "text/csv", "buffer": content.encode("gb18030")}
    )
    page.click("text=上传样例")
    page.wait_for_selector("text=年限")
    sound(page)
    shot(page, "columns")
    page.click("text=保存约定")
    page.wait_for_url("**/work/collection/elders/")
    page.wait_for_selector("text=年限")
    sound(page)
    shot(page, "feed")
