"""Board, ids and desk in Chromium: axe finds nothing on phone and desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound
from tests.capabilities.quality.conftest import World, morning, world  # noqa: F401

from quancheng.kernel import clock
from quancheng.kernel.actor import RoleGrant

from .test_governance import JULY, ordered  # noqa: F401

pytestmark = MARKS


def test_pages_are_accessible(
    live_server, monkeypatch: pytest.MonkeyPatch, ordered: World, tmp_path: Path
) -> None:  # noqa: F811
    grants = (
        RoleGrant("governance.bureau", frozenset(), "3701"),
        RoleGrant("quality.bureau", frozenset(), "3701"),
    )
    with clock.at(JULY), live_page(live_server, monkeypatch, *grants, name="both") as page:
        for path in ("", "desk/", "rates/repair/jn-civil/"):
            sound(page, f"/work/governance/{path}")
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        for path in ("desk/", ""):
            sound(page, f"/work/governance/{path}")
            page.screenshot(path=tmp_path / f"governance-{path.strip('/')}.png")
