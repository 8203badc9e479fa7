"""A citizen finds a dataset, looks at its rows and sees where to download; axe finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound
from tests.capabilities.opening.conftest import OPENED, Homes

from quancheng.capabilities.opening import actions
from quancheng.kernel.actions import Call

pytestmark = MARKS


def test_a_citizen_finds_looks_and_downloads(
    live_server, monkeypatch: pytest.MonkeyPatch, homes: Homes, tmp_path: Path
) -> None:
    made = homes.publish("kind")
    with live_page(live_server, monkeypatch) as page:
        sound(page, "/open/data/")
        page.get_by_label("关键词").fill("养老")
        page.get_by_role("button", name="筛选").click()
        page.get_by_role("link", name="养老院名录").click()
        page.wait_for_load_state("networkidle")
        sound(page)
        page.screenshot(path=tmp_path / "opening-phone.png", full_page=True)
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        page.get_by_role("link", name="床位").click()
        page.wait_for_load_state("networkidle")
        assert "sort=beds" in page.url
        sound(page)
        page.screenshot(path=tmp_path / "opening-desk.png", full_page=True)
        with page.expect_download() as taken:
            page.get_by_role("link", name="CSV", exact=True).click()
        assert Path(taken.value.path()).read_text("utf-8-sig").startswith("code,name")
        for part in ("chart", "map", "console"):
            sound(page, f"/open/dataset/{made.name}/{part}/")
            page.wait_for_timeout(600)
            page.screenshot(path=tmp_path / f"opening-{part}.png", full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        sound(page)
        actions.withdraw_dataset(Call(homes.official("publisher")), dataset=made.pk, reason="内容有误")
        sound(page, f"/open/dataset/{made.name}/")
        assert page.get_by_text("内容有误").is_visible()


def test_the_desk_is_sound(
    live_server, monkeypatch: pytest.MonkeyPatch, homes: Homes, tmp_path: Path
) -> None:
    made = actions.propose_dataset(Call(homes.official("publisher")), table_id=homes.table_id, fields=OPENED)
    grants = homes.official("approver").grants
    with live_page(live_server, monkeypatch, *grants, name="approver") as page:
        for path in ("", f"{made.pk}/"):
            sound(page, f"/work/opening/{path}")
        actions.return_dataset(Call(homes.official("approver")), dataset=made.pk, reason="请补充")
    grants = homes.official("publisher").grants
    with live_page(live_server, monkeypatch, *grants, name="publisher") as page:
        sound(page, f"/work/opening/propose/{homes.table_id}/")
        page.screenshot(path=tmp_path / "opening-propose.png", full_page=True)
        page.get_by_role("button", name="检查并提交").click()
        page.wait_for_url("**/work/opening/*/")
        sound(page)
