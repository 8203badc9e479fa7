"""数据共享 in Chromium: asked, agreed and tried on a phone; axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.capabilities.exchange.conftest import SYSTEM, World, granted, row_of
from tests.capabilities.live_page import DESK, MARKS, live_page, sound, speak

from quancheng.capabilities.exchange import actions, trying
from quancheng.capabilities.exchange.models import Exchange, Grant, ShareRequest
from quancheng.capabilities.people.models import Department
from quancheng.kernel import clock
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


@pytest.fixture
def used(transactional_db: None, world: World) -> Grant:
    grant = granted(world)
    trying.try_call(world.consumer, grant=grant.number, field="id_number", value=str(row_of(1)["id_number"]))
    actions.stamp_waiting(SYSTEM)
    return grant


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch, used: Grant) -> Iterator[Page]:
    """An officer of both bureaus, who oversees as well: every part of every page is there."""
    units = frozenset(
        Department.objects.filter(code__in=("jn-market", "jn-civil")).values_list("pk", flat=True)
    )
    grants = (RoleGrant("exchange.officer", units, "3701"), RoleGrant("exchange.bureau", units, "3701"))
    with live_page(live_server, monkeypatch, *grants, name="both") as one:
        yield one


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(page: Page, live_server, used: Grant, language: str) -> None:
    speak(page, live_server, language)
    exchange, request = Exchange.objects.get(), used.request.number
    for path in (
        "", "find/", "ask/?code=311001/000001", "requests/", f"requests/{request}/", "grants/", f"grants/{used.number}/",
        "exchanges/", f"exchanges/{exchange.pk}/", "parties/", "parties/jn-market/", "ledger/", "objections/",
    ):  # fmt: skip
        sound(page, f"/work/exchange/{path}")
    sound(page, "/me/data-uses/")
    shots = Path("/tmp/h-exchange/shots")
    if language == "zh-hans" and shots.is_dir():
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        for name, path in (
            ("home", ""),
            ("grant", f"grants/{used.number}/"),
            ("request", f"requests/{request}/"),
            ("ledger", "ledger/"),
        ):
            page.goto(f"/work/exchange/{path}")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=str(shots / f"{name}.png"), full_page=True)


def test_an_officer_asks_agrees_and_tries(page: Page, used: Grant) -> None:
    page.goto("/work/exchange/ask/?code=311001/000001")
    page.select_option("select[name=consumer]", "jn-market")
    for name in ("id_number", "district"):
        page.check(f"input[name=fields_wanted][value={name}]")
    page.fill("textarea[name=purpose]", "养老机构备案核验")
    page.fill("input[name=basis_title]", "养老机构管理办法")
    page.fill("input[name=basis_clause]", "第九条")
    page.click("form.form button.btn >> nth=0")
    page.wait_for_load_state()
    row = ShareRequest.objects.order_by("-id").first()
    assert row is not None and row.stage == "submitted", page.inner_text("main")[:1500]
    page.check("input[name=search][value=id_number]")
    page.click("#decide form button.btn")
    page.wait_for_load_state()
    grant = Grant.objects.order_by("-id").first()
    assert grant is not None and grant.request_id == row.pk
    page.select_option("#console select[name=field]", "id_number")
    page.fill("#console input[name=value]", str(row_of(1)["id_number"]))
    page.click("#console form button.btn")
    page.wait_for_load_state()
    assert "370102" in page.inner_text("#console")
    assert Exchange.objects.filter(grant=grant, outcome="delivered").count() == 1
    assert clock.now()
