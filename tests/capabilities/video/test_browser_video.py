"""Cameras, requests and plays in Chromium: the viewer's and approver's main jobs, axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.capabilities.live_page import MARKS, live_page, sound, speak
from tests.capabilities.video.conftest import LIXIA, code, device

from quancheng.capabilities.video import actions, control_client
from quancheng.capabilities.video.models import PlayRequest, PlaySession
from quancheng.capabilities.video.values import Change
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

pytestmark = MARKS


@pytest.fixture
def page(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    grants = (
        RoleGrant("video.viewer", frozenset(), LIXIA),
        RoleGrant("video.operator"),
        RoleGrant("video.approver", frozenset(), "3701"),
    )
    monkeypatch.setattr(control_client, "ask", lambda what, **values: {"flv": "http://media/1.flv"})
    with live_page(live_server, monkeypatch, *grants, name="viewer") as one:
        yield one


@pytest.fixture
def city(db: None) -> PlayRequest:
    """Three cameras, and a request of somebody else that waits."""
    call = Call.system("video")
    actions.register_devices(call, rows=[device(1), device(2), device(3, "370103")])
    actions.record_changes(call, changes=[Change(code(1), True, clock.now(), "heard")])
    other = Actor(
        ActorKind.OFFICIAL, "other", user_id=99999, grants=(RoleGrant("video.viewer", frozenset(), "370103"),)
    )
    return actions.ask_play(Call(other), camera=code(1), kind="live", purpose="核实路面积水情况")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(
    page: Page, live_server: Any, city: PlayRequest, language: str
) -> None:
    speak(page, live_server, language)
    for path in ("/work/video/", f"/work/video/{code(1)}/", "/work/video/requests/", "/work/video/sessions/",
                 "/work/video/platforms/", "/work/video/platforms/new/", f"/work/video/platforms/{code(1)}/",
                 "/work/video/coverage/"):  # fmt: skip
        sound(page, path)


def test_a_viewer_asks_plays_and_ends_and_an_approver_decides(page: Page, city: PlayRequest) -> None:
    page.goto(f"/work/video/{code(1)}/")
    page.fill("textarea[name=purpose]", "查看泉城路路口秩序")
    page.click("#ask button.btn")
    page.wait_for_url("**/requests/")
    page.click(f'form[action="/work/video/requests/{city.pk}/decide/"] button[value="yes"]')
    page.wait_for_load_state()
    assert city.refresh().state == PlayRequest.State.APPROVED
    mine = PlayRequest.objects.exclude(pk=city.pk).get()
    page.click(f'form[action="/work/video/requests/{mine.pk}/play/"] button')
    page.wait_for_url("**/sessions/**")
    assert "http://media/1.flv" in page.inner_text("main")
    page.fill("input[name=reason]", "已看完")
    page.click("button.btn--danger")
    page.wait_for_load_state()
    assert PlaySession.objects.get().end_reason == "已看完"
