"""An engineer looks at the models of the organ. Every page passes axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.live_page import DESK, MARKS, live_page, sound
from tests.capabilities.models.conftest import measure

from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


def test_an_engineer_sees_versions_and_what_was_measured(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, staff: Any, add: Any, tmp_path: Path
) -> None:
    measure(staff(), add("sigmoid"), 0.9)
    add("mul_1")
    grant = RoleGrant("models.engineer", staff().grants[0].departments)
    with live_page(live_server, monkeypatch, grant, name="马工", size=DESK) as page:
        sound(page, "/work/models/")
        page.get_by_role("link", name="诉求分类").click()
        page.get_by_text("hotline 3: f1 0.9").wait_for()
        assert page.get_by_text("尚未评测").count() == 1
        sound(page)
        page.screenshot(path=str(tmp_path / "model.png"), full_page=True)
        sound(page, "/work/models/?q=nothing")
        assert page.get_by_text("没有符合条件的模型").count() == 1
