"""Board, table, finding and correction in Chromium: an officer's main job; axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import DESK, MARKS, live_page, sound, speak
from tests.capabilities.quality.conftest import World, elder

from quancheng.capabilities.quality import actions
from quancheng.capabilities.quality.models import Issue, Sheet
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS
PHONE = {
    "id": "phone",
    "kind": "complete",
    "column": "phone",
    "name": {"zh": "手机号须填写", "en": "Mobile filled in"},
}
IDN = {"id": "idn", "kind": "checksum", "column": "idn", "scheme": "resident_id",
       "name": {"zh": "身份证号有效", "en": "Resident number valid"}}  # fmt: skip


@pytest.fixture
def sheet(world: World) -> Sheet:
    made = world.sheet()
    for rule in (PHONE, IDN):
        world.rule(made, **rule)
    world.check(made)
    world.change(made, elder(3))
    world.check(made)
    actions.propose_rules(Call(world.officer), sheet=made)
    return Sheet.objects.get(pk=made.pk)


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Page]:
    grants = (
        RoleGrant("quality.officer", frozenset({world.civil.pk})),
        RoleGrant("quality.bureau", frozenset(), "3701"),
    )
    with live_page(live_server, monkeypatch, *grants, name="both") as one:
        yield one


def test_pages_are_accessible_on_phone_and_desk(page: Page, live_server, sheet: Sheet) -> None:
    issue = Issue.objects.get(sheet=sheet, code="phone")
    table = f"tables/{sheet.table_id}/"
    paths = ["", "tables/", table, "issues/", f"issues/{issue.number}/", f"issues/{issue.number}/rows/"]
    for path in paths:
        sound(page, f"/work/quality/{path}")
    speak(page, live_server, "en")
    for path in (*paths[:3], f"{table}rules/new/?kind=range", f"{table}settings/", "rules/", paths[4]):
        sound(page, f"/work/quality/{path}")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for path in (paths[0], paths[2], paths[4]):
        sound(page, f"/work/quality/{path}")


def test_an_officer_corrects_a_row_and_reports_it(page: Page, sheet: Sheet) -> None:
    issue = Issue.objects.get(sheet=sheet, code="phone")
    page.goto(f"/work/quality/issues/{issue.number}/rows/")
    page.click("tbody tr:first-child a")
    page.wait_for_load_state()
    sound(page)
    page.fill("form.form input[type=text] >> nth=0", "12345")
    page.click("form.form button.btn")
    page.wait_for_selector(".error-summary, [role=alert]")
    assert page.input_value("form.form input[type=text] >> nth=0") == "12345"
    page.fill("form.form input[type=text] >> nth=0", "13912345678")
    page.click("form.form button.btn")
    page.wait_for_url("**/rows/")
    assert page.locator("tbody tr").count() == 2
    page.goto(f"/work/quality/issues/{issue.number}/")
    page.click('button[value="repaired"]')
    page.wait_for_load_state()
    assert Issue.objects.get(pk=issue.pk).state == "checking"
