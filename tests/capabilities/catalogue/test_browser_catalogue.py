"""The catalogue in Chromium: an officer finds, writes and sends an entry on a phone; axe finds nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.capabilities.catalogue.conftest import SYSTEM, resource
from tests.capabilities.live_page import DESK, MARKS, live_page, sound

from quancheng.capabilities.catalogue import actions
from quancheng.capabilities.catalogue.models import Entry, State
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS
PICTURES = Path(tempfile.gettempdir()) / "quancheng-catalogue-pictures"


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch, organs: dict[str, int]) -> Iterator[Page]:
    home = frozenset({organs["jn-civil"]})
    grants = [RoleGrant(f"catalogue.{role}", home) for role in ("officer", "approver")]
    actions.register_entry(SYSTEM, resource=resource(), simulated=True)
    actions.register_entry(SYSTEM, resource=resource("公交站列表", organ="jn-data"))
    with live_page(live_server, monkeypatch, *grants, name="officer") as one:
        yield one


def test_an_officer_finds_writes_and_sends_an_entry_on_a_phone(page: Page) -> None:
    PICTURES.mkdir(exist_ok=True)
    sound(page, "/work/catalogue/?q=养老")
    page.screenshot(path=PICTURES / "list-phone.png", full_page=True)
    assert page.inner_text("mark") == "养老"
    sound(page, "/work/catalogue/new/")
    page.fill("input[name=name]", "殡葬服务机构信息")
    page.fill("textarea[name=abstract]", "机构名称和地址。")
    page.fill("input[name=items-0-field]", "org_name")
    page.fill("input[name=items-0-name]", "机构名称")
    page.fill("input[name=items-0-length]", "100")
    page.select_option("select[name=classes]", "311001")
    page.check("input[name=formats][value=CSV]")
    page.check("input[name=share_modes][value=table]")
    page.screenshot(path=PICTURES / "edit-phone.png", full_page=True)
    page.click("main form.form .buttons button.btn:not([name])")
    page.wait_for_load_state()
    sound(page)
    page.screenshot(path=PICTURES / "entry-phone.png", full_page=True)
    page.click('form[action$="/submit/"] button')
    page.wait_for_load_state()
    assert Entry.objects.get(name="殡葬服务机构信息").state == State.SUBMITTED
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for path in ("", "queue/", "duties/", "classes/department/", "bulk/?organ=jn-civil"):
        sound(page, f"/work/catalogue/{path}")
        page.screenshot(path=PICTURES / f"desk-{path.partition('/')[0] or 'list'}.png", full_page=True)
