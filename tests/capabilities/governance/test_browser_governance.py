"""Board, ids and desk in Chromium: axe finds nothing on phone and desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.capabilities.governance.conftest import JULY
from tests.capabilities.live_page import DESK, MARKS, live_page, sound
from tests.capabilities.quality.conftest import World

from quancheng.kernel import clock
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


def test_pages_are_accessible(
    live_server, monkeypatch: pytest.MonkeyPatch, ordered: World, tmp_path: Path
) -> None:
    grants = (
        RoleGrant("governance.bureau", frozenset(), "3701"),
        RoleGrant("quality.bureau", frozenset(), "3701"),
    )
    with clock.at(JULY), live_page(live_server, monkeypatch, *grants, name="both") as page:
        for path in ("", "desk/", "rates/repair/jn-civil/"):
            sound(page, f"/work/governance/{path}")
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        for path, said in (("desk/", "质量整改工单"), ("", "无到期")):
            sound(page, f"/work/governance/{path}")  # axe
            assert said in page.inner_text("main")
            page.screenshot(path=tmp_path / f"governance-{path.strip('/')}.png")
