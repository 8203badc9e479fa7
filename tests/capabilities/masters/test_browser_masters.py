"""Masters in Chromium: the reviewer decides, the reader states a purpose, the citizen corrects; axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import DESK, MARKS, live_page, sound, speak
from tests.capabilities.masters.conftest import CITY, citizen, official

from quancheng.capabilities.masters import simulate
from quancheng.capabilities.masters.models import Golden, Home, Opening, Pair
from quancheng.capabilities.people import simulate as people
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.capabilities.tables import packs
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS
ROLES = tuple(
    RoleGrant(f"masters.{one}", region_prefix="3701") for one in ("steward", "reviewer", "theme_owner")
)


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch, settings, tmp_path) -> Iterator[Page]:
    settings.STORE_FOLDER = tmp_path / "store"
    people.seed(CITY, None)
    simulate.seed(CITY, None)  # type: ignore[arg-type]
    with live_page(live_server, monkeypatch, *ROLES, name="steward") as one:
        yield one
    packs.forget()


def test_the_desk_on_a_phone_and_a_wide_window(page: Page, live_server) -> None:
    golden = (
        Golden.objects.filter(master__code="population", members_count__gte=3).exclude(person=None).first()
    )
    home = Home.objects.filter(residents__gte=2).first()
    pair = Pair.objects.filter(state="open").first()
    paths = (
        "masters/", "masters/population/", "masters/population/making/", "masters/review/", f"masters/review/{pair.pk}/",
        "masters/homes/", "masters/homes/communities/", f"masters/homes/{home.pk}/", "masters/themes/",
        "masters/themes/new/?base=master:legal", "masters/themes/food-firms/", "masters/corrections/", "profile/",
        f"masters/records/{golden.code}/",
    )  # fmt: skip
    for place, path in enumerate(paths):
        page.set_viewport_size(
            {"width": 390, "height": 844} if place % 2 else {"width": DESK[0], "height": DESK[1]}
        )
        sound(page, f"/work/{path}")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    page.select_option("select[name=purpose]", "quality")
    page.click("main form.form button.btn")
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("heading", name="成员记录").count() == 1
    sound(page)
    assert Opening.objects.filter(golden=golden).count() == 1
    page.goto(f"/work/masters/homes/{home.pk}/")
    page.select_option("select[name=purpose]", "quality")
    page.click("main form.form button.btn")
    page.wait_for_load_state("networkidle")
    sound(page)
    page.goto(f"/work/masters/review/{pair.pk}/")
    page.check("input[value=different]")
    page.fill("textarea[name=reason]", "照片不同")
    page.click("main form.form button.btn")
    page.wait_for_load_state("networkidle")
    assert pair.refresh().state == "different"
    speak(page, live_server, "en")
    sound(page, "/work/masters/population/making/")
    assert "Survivorship" in page.inner_text("main")


def test_a_citizen_sees_and_disputes(page: Page, live_server, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = (
        Golden.objects.filter(master__code="population", members_count__gte=3).exclude(person=None).first()
    )
    me = citizen(NaturalPerson.objects.get(pk=golden.person))
    official("旁人")
    monkeypatch.setattr("quancheng.kernel.middleware._loader", lambda: lambda who, request: me)
    page.set_viewport_size({"width": 390, "height": 844})
    sound(page, "/me/profile/")
    assert golden.values["name"] in page.inner_text("main")
    page.select_option("select[name=field]", "name")
    page.fill("input[name=claimed]", "改正名")
    page.fill("textarea[name=reason]", "登记有误")
    page.get_by_role("button", name="请来源部门校核").click()
    page.wait_for_load_state("networkidle")
    assert "改正名" in page.inner_text("main")
